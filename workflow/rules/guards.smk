# What waits for the checks, and a correction of Snakemake's plan (dag.py of 9.27) that this rests
# on.
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


JOINT_COHORTS = sorted({"joints", BOXED}) if HAS_JOINTS else []
IMAGE_COHORT_NAMES = sorted(IMAGE_COHORTS) if HAS_WHOLE_IMAGE else []


def is_own(cohort):
    """Whether the user brought it."""
    if cohort in IMAGE_COHORTS:
        return IMAGE_COHORTS[cohort] != "phantom"
    return cohort not in SYNTHETIC


# The cohorts of each check. All that the user brought is checked first, and at once; only then are
# the synthetic cohorts made that a pipeline needs besides.
CHECKS = {
    "own": [name for name in (*JOINT_COHORTS, *IMAGE_COHORT_NAMES) if is_own(name)],
    "joints": [name for name in JOINT_COHORTS if not is_own(name)],
    "whole_image": [name for name in IMAGE_COHORT_NAMES if not is_own(name)],
}


def cohorts_before(*checks):
    """The cohorts that must be in order before a pipeline begins."""
    return [name for check in dict.fromkeys(["own", *checks]) for name in CHECKS[check]]


def checked(*checks):
    """That the user's cohorts, and those of a pipeline, passed, as an input.

    For each rule that makes or reads a cohort, or that trains; the rest reads only what these
    made. The files are `ancient`: who needs them waits for them, and is not made again when they
    are, for a corrected score.
    """
    return [
        ancient(f"<results>/cohort/checks/{check}/passed.csv")
        for check in dict.fromkeys(["own", *checks])
        if CHECKS[check]
    ]
