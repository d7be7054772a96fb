"""No two runs write one folder of results: what is refused at the start, and how to go on.

Studies with different folders of results run side by side. Who goes on after Snakemake was killed
must know that it is dead, wherever it ran, and that its jobs have ended.
"""

import os
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.workflow.locks import is_locked, remove_locks
from sharpflow.workflow.runs import Run, forget_run, read_runs, user_name
from sharpflow.workflow.surviving_jobs import (
    SilentSlurmError,
    SlurmJob,
    cancel_jobs,
    find_jobs,
    find_strays,
    hides_jobs_of_others,
    read_queue,
)

PAUSE = 10  # seconds between two looks
HELP = 'docs/how-to/cluster.md, "After Snakemake itself was killed", says more'


class State(Enum):
    """What is known of a run that has left a record."""

    LIVES = "runs"
    ENDED = "has ended"
    UNKNOWN = "may run"


@dataclass(frozen=True)
class Situation:
    """The runs that wrote, or write, one folder of results, and their jobs."""

    states: dict[Run, State] = field(default_factory=dict)
    surviving: list[SlurmJob] = field(default_factory=list)  # of runs that were killed
    strays: list[SlurmJob] = field(default_factory=list)  # whose run nobody knows

    def runs(self, *states: State) -> list[Run]:
        """The runs in some states."""
        return [run for run, state in self.states.items() if state in states]

    @property
    def jobs(self) -> list[SlurmJob]:
        """All jobs that are left."""
        return [*self.surviving, *self.strays]

    def __str__(self) -> str:
        """For a list: runs, and jobs."""
        runs = [f"{run}: it {state.value}." for run, state in self.states.items()]
        jobs = [f"  {job}" for job in self.jobs]
        if not jobs and not self.runs(State.LIVES, State.UNKNOWN):  # these have jobs of their own
            jobs = ["No jobs are left."]
        return "\n".join([*runs, *jobs])


def look(
    folder: str | Path, results: str, gone: Collection[str] = (), submits: bool = False
) -> Situation:
    """See which runs wrote to a folder of results, and which of their jobs are left.

    Args:
        folder: in which the runs work.
        results: the folder of results, relative to `folder` or absolute.
        gone: hosts of which a person says that no Snakemake runs there any more.
        submits: whether the run that asks submits jobs to a cluster.

    Raises:
        UserError: it cannot be seen from here, or Slurm does not answer.
    """
    folder = Path(folder)
    everybodys, ours = read_runs(folder), read_runs(folder, results)
    on_slurm = submits or (folder / ".snakemake" / "slurm_logs").exists()
    if not on_slurm and not any(run.jobs or run.slurm_job for run in ours):
        return Situation({run: _judge(run, None, gone) for run in ours})
    queue = read_queue()
    states = {run: _judge(run, queue, gone) for run in ours}
    ended = [run for run in ours if states[run] is State.ENDED]
    return Situation(
        states, find_jobs(ended, queue or ()), find_strays(folder, everybodys, queue or ())
    )


def refuse_beside_others(
    folder: str | Path, results: str, submits: bool, locks: Collection[str | Path]
) -> None:
    """Raise UserError, with what to do, if others may write to a folder of results.

    Runs whose locks stand were seen by Snakemake already: it refuses what both would write.

    Args:
        folder: in which this run works.
        results: the folder of its results.
        submits: whether it submits jobs to a cluster.
        locks: the lock files that Snakemake holds for this run.
    """
    found = look(folder, results, submits=submits)
    for run in found.runs(State.LIVES, State.UNKNOWN):
        if not is_locked(folder, run, own=locks):
            raise UserError(_refusal(run, found.states[run], results))
    if found.jobs:
        listed = "\n".join(f"  {job}" for job in found.jobs)
        raise UserError(
            f"Jobs of an earlier run that writes to {results} are still with Slurm:\n{listed}\n"
            "Two jobs must not write one file. Wait for them or cancel them, then go on: "
            f"profiles/slurm/after_crash.py does it ({HELP})."
        )
    _forget(folder, found)


def go_on(what: str, folder: str | Path, results: str, gone: Collection[str] = ()) -> None:
    """Make the way free for a new run after the Snakemake of an earlier one was killed.

    Args:
        what: `list` prints runs and jobs; `wait` waits for the jobs of killed runs; `cancel` ends
            them first. The latter two then remove the locks of these results.
        folder: in which the runs work.
        results: the folder of their results; jobs that write others are left alone.
        gone: hosts of which a person says that no Snakemake runs there any more.

    Raises:
        UserError: a run lives, or may live; or jobs cannot be seen or cancelled.
    """
    found = look(folder, results, gone)
    print(f"{results} in {Path(folder).resolve()}:\n{found}", flush=True)
    if what == "list":
        if not (found.states or found.jobs):
            print("For runs in another folder, type their `--directory` too.", flush=True)
        return
    _refuse_beside_living(found, results)
    if what == "cancel":
        if found.strays:
            numbers = " ".join(job.number for job in found.strays)
            raise UserError(
                f"No record tells whose jobs these are: {numbers}. If no Snakemake runs in "
                f"{folder}, type `scancel {numbers}`, and try again; or `wait` for them."
            )
        cancel_jobs(found.surviving)
    found = _wait(found, folder, results, gone)
    _forget(folder, found)
    remove_locks(folder, results)


def _wait(found: Situation, folder: str | Path, results: str, gone: Collection[str]) -> Situation:
    """Wait for the jobs that are left; refuse if another run began meanwhile."""
    said = silent = ""
    while found.jobs:
        waits = f"waiting for {len(found.jobs)} job(s){silent}"
        if waits != said:
            print(waits, flush=True)
        said = waits
        time.sleep(PAUSE)
        try:
            found, silent = look(folder, results, gone), ""
        except SilentSlurmError:
            silent = "; Slurm does not answer, and is asked again"
        _refuse_beside_living(found, results)
    return found


def _refuse_beside_living(found: Situation, results: str) -> None:
    for run in found.runs(State.LIVES, State.UNKNOWN):
        raise UserError(_refusal(run, found.states[run], results))


def end_run(folder: str | Path, run: Run) -> None:
    """Remove the record of a run at its end, unless jobs that it cancelled are still ending."""
    try:
        left = find_jobs([run], read_queue() or ()) if run.jobs else []
    except UserError:  # then a later run removes it
        return
    if not left:
        forget_run(folder, run)


def _judge(run: Run, queue: list[SlurmJob] | None, gone: Collection[str]) -> State:
    """Whether a run lives: by its process, else by the Slurm job that it runs in."""
    lives = run.process.lives()
    if lives:
        return State.LIVES
    asks_slurm = run.jobs or (lives is None and run.slurm_job)
    if asks_slurm:
        _refuse_blind(run, queue)
    if lives is None and run.slurm_job:
        within = (run.slurm_job, run.slurm_restarts)
        lives = within in {(job.raw, job.restarts) for job in queue or ()}
    if lives is None and run.process.host in gone:
        lives = False
    return {True: State.LIVES, False: State.ENDED, None: State.UNKNOWN}[lives]


def _refuse_blind(run: Run, queue: list[SlurmJob] | None) -> None:
    """Raise UserError if Slurm cannot be asked here for a run's jobs."""
    if queue is None:
        raise UserError(
            f"{run}, had jobs with Slurm, and this machine has no `squeue`. Type the same on a "
            "machine of that cluster, so that two jobs never write one file."
        )
    if run.user != user_name() and os.getuid() != 0 and hides_jobs_of_others():
        raise UserError(
            f"{run}, had jobs with Slurm, which shows you nobody's jobs but your own (PrivateData)."
            f" Ask {run.user} to type the same, so that two jobs never write one file."
        )


def _refusal(run: Run, state: State, results: str) -> str:
    if state is State.LIVES:
        return (
            f"{results} belongs to a run that lives: {run}. Nothing was changed. Wait for its end, "
            "or end it as Ctrl-C does (`kill -INT` and the process; in a Slurm job `scancel "
            "--batch --signal=INT` and the job); then try again."
        )
    host = run.process.host
    return (
        f"{results} belongs to a run that may live: {run}. Only {host} can tell: log in there and "
        f"type the same. If {host} is gone for good, say so: `profiles/slurm/after_crash.py wait "
        f"--gone {host}` and what you type behind `snakemake` ({HELP})."
    )


def _forget(folder: str | Path, found: Situation) -> None:
    for run in found.runs(State.ENDED):
        forget_run(folder, run)
