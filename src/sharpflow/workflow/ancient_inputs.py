"""A correction of Snakemake's plan (dag.py of 9.27) that the checks rest on.

Who needs a check's result takes it as an `ancient` input: it waits for the result, and is not made
again when that is. Snakemake looks for no other reason to run (a changed setting, another changed
input) in any job downstream of one that will run: it takes them all to run anyway. By an `ancient`
input alone they don't, and a run would leave their outputs as they were.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any


class OrdinaryDependents:
    """The jobs that need a job's outputs by an input that is not `ancient`."""

    def __init__(self, dependents: Mapping[Any, Mapping[Any, Any]]) -> None:
        """`dependents`: job -> dependent job -> files that it needs of the job."""
        self.dependents = dependents

    def __getitem__(self, job: Any) -> dict[Any, Any]:
        """A job's dependents by an ordinary input."""
        return {
            dependent: files
            for dependent, files in self.dependents[job].items()
            if not all(file.is_ancient for file in files)
        }


def plan_behind_ancient_inputs(dag_class: type[Any]) -> None:
    """Let Snakemake's DAG plan a job behind an `ancient` input for reasons of its own.

    Jobs read the Snakefile too, each in a process of its own; a process that runs several reads it
    again, and corrects the class once.
    """
    if dag_class.update_needrun.__module__ == __name__:
        return
    update_needrun, bfs = dag_class.update_needrun, dag_class.bfs

    def ordinary_bfs(
        dag: Any, direction: Any, *jobs: Any, **stop: Callable[..., bool]
    ) -> Iterator[Any]:
        if direction is dag.depending:
            direction = OrdinaryDependents(direction)
        found: Iterator[Any] = bfs(dag, direction, *jobs, **stop)
        return found

    async def corrected(dag: Any, *arguments: Any, **options: Any) -> None:
        dag.bfs = partial(ordinary_bfs, dag)
        try:
            await update_needrun(dag, *arguments, **options)
        finally:
            del dag.bfs

    dag_class.update_needrun = corrected
