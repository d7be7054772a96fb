# What waits for the checks, and a correction of Snakemake's plan (dag.py of 9.27) that this rests on.
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


def own_cohorts():
    """The cohorts that the user brought."""
    joints = {"joints"} if HAS_JOINTS and JOINTS != "phantom" else set()
    return joints | {
        name
        for name, settings in IMAGE_COHORTS.items()
        if HAS_WHOLE and settings != "phantom"
    }


# What must be in order before a pipeline begins: its own cohorts, and all that the user brought.
PIPELINES = {
    "joints": sorted({"joints", BOXED} | own_cohorts()) if HAS_JOINTS else [],
    "whole": sorted({"whole", "bone_age"} | own_cohorts()) if HAS_WHOLE else [],
}


def checked(pipeline):
    """That the checks passed, as an input: for each rule that reads a cohort, or that trains.

    The rest reads only what these made. The file is `ancient`: who needs it waits for it, and is
    not made again when it is, for a corrected score.
    """
    return ancient(f"<results>/cohort/checks/{pipeline}/passed.csv")
