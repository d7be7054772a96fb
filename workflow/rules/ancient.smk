# A correction of Snakemake's plan (dag.py of 9.27), on which the edges of checks.smk rest.
from functools import partial

from snakemake.dag import DAG


class OrdinaryDependents:
    """The jobs that need a job's outputs by an input that is not `ancient`."""

    def __init__(self, dependents):
        self.dependents = dependents

    def __getitem__(self, job):
        return {
            dependent: files
            for dependent, files in self.dependents[job].items()
            if not all(file.is_ancient for file in files)
        }


def plan_behind_ancient_inputs(dag_class):
    """Let a job behind an `ancient` input be planned for reasons of its own.

    Snakemake looks for no such reason (a changed setting, another changed input) in any job
    downstream of one that will run: it takes them all to run anyway. By an `ancient` input
    alone they don't, and a run would leave their outputs as they were.
    """
    update_needrun, bfs = dag_class.update_needrun, dag_class.bfs

    def ordinary_bfs(dag, direction, *jobs, **stop):
        if direction is dag.depending:
            direction = OrdinaryDependents(direction)
        return bfs(dag, direction, *jobs, **stop)

    async def corrected(dag, *arguments, **options):
        dag.bfs = partial(ordinary_bfs, dag)
        try:
            await update_needrun(dag, *arguments, **options)
        finally:
            del dag.bfs

    dag_class.update_needrun = corrected


# Jobs read this file too, each in a process of its own; a process that runs several reads it again.
if DAG.update_needrun.__module__ == DAG.__module__:
    plan_behind_ancient_inputs(DAG)
