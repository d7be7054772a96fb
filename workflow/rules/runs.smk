# Runs side by side: each leaves a record while it lives (sharpflow.workflow.runs), and none writes to
# a folder of results to which another one writes. What profiles/slurm/after_crash.py asks for is
# done here, where the study and its folder are known.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from sharpflow.errors import UserError
from sharpflow.workflow.after_crash import end_run, go_on, refuse_beside_others
from sharpflow.workflow.job_records import record_in_jobs
from sharpflow.workflow.locks import keep_locks_of_others
from sharpflow.workflow.runs import (
    name_of_slurm_jobs,
    note_run,
    read_slurm_context,
)

# Snakemake's executor for Slurm removes this from the environment before `onstart`.
WITHIN = read_slurm_context(os.environ)


def ended_by_user_errors(function):
    """Have Snakemake print what a UserError says, and stop."""

    def guarded(*arguments):
        try:
            return function(*arguments)
        except UserError as error:
            raise WorkflowError(str(error))

    return guarded


def held_locks():
    """The lock files that Snakemake holds for this run; none with `--nolock`."""
    return list(getattr(workflow.persistence, "_lockfile", {}).values())


@ended_by_user_errors
def begin_run():
    """Stop if others may write to these results, else note this run."""
    global RUN
    refuse_beside_others(Path.cwd(), RESULTS, workflow.non_local_exec, held_locks())
    jobs = name_of_slurm_jobs(workflow.scheduler._executor)
    RUN = note_run(Path.cwd(), RESULTS, jobs, WITHIN, held_locks())


def leave_run():
    """At the end of this run, remove its record."""
    end_run(Path.cwd(), RUN)


@ended_by_user_errors
def make_way(what):
    """Do what after_crash.py asks for."""
    gone = os.environ.pop("SHARPFLOW_GONE_HOSTS", "").split()
    try:
        go_on(what, Path.cwd(), RESULTS, gone)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell counts Ctrl-C
    if what == "list":
        sys.exit()


if workflow.is_main_process:
    keep_locks_of_others(FilePersistence, RESULTS, logger.warning)
    if what := os.environ.pop("SHARPFLOW_AFTER_CRASH", ""):
        make_way(what)
else:
    record_in_jobs(FilePersistence)
