"""Slurm jobs that outlived the Snakemake that had started them.

Snakemake does not know them when it is started again, and would have their outputs written a second
time while they still write. They have the name that their run's record gives. A job that no record
knows (somebody removed it) counts too if its log lies in the folder.
"""

import re
import shutil
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.workflow.runs import Run, user_name
from sharpflow.workflow.slurm_commands import run_slurm

# What Snakemake's executor calls its jobs: prefix_xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.
RUN = re.compile(r"(.+_)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# "Comment" is the rule, "STDOUT" the log. What people choose stands last, since it may hold the
# sign that divides the fields; of Snakemake's jobs only the log does.
FIELDS = ("JobArrayID", "JobID", "State", "UserName", "RestartCnt", "Name", "Comment", "STDOUT")
LOGS = "/.snakemake/slurm_logs/"
SECONDS = 120  # for Slurm to answer


class SilentSlurmError(UserError):
    """Slurm does not answer."""


@dataclass(frozen=True)
class SlurmJob:
    """A job that is queued, runs, or ends."""

    number: str  # as scancel takes it: 7, or 7_2 in an array
    raw: str  # as SLURM_JOB_ID says inside of it
    state: str  # as squeue says: PENDING, RUNNING, COMPLETING ...
    name: str
    user: str
    restarts: int  # how often Slurm started it again
    rule: str
    log: str

    def __str__(self) -> str:
        """One line for a list."""
        return f"{self.number} {self.state} {self.rule} ({self.user})"


def read_queue() -> list[SlurmJob] | None:
    """All jobs that Slurm has not ended yet, anybody's; None where there is no Slurm.

    Raises SilentSlurmError if Slurm does not answer.
    """
    if shutil.which("squeue") is None:
        return None
    asked = ",".join(f"{field}:|" for field in FIELDS)
    return parse_queue(ask("squeue", "--noheader", "--all", "--array", f"--Format={asked}"))


def ask(*command: str) -> str:
    """What one of Slurm's commands prints; raises SilentSlurmError if it fails, or is too slow."""
    try:
        return run_slurm(*command, seconds=SECONDS).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip()
        raise SilentSlurmError(
            "Slurm was asked for jobs that an earlier run may have left in this folder, and did "
            f"not answer ({said}). Two jobs must not write one file: try again once "
            f"`{command[0]}` works."
        ) from None


def parse_queue(answer: str) -> list[SlurmJob]:
    """The jobs in squeue's lines of `FIELDS`.

    Lines of another form are of jobs that are not Snakemake's, with a line's end in a name.
    """
    jobs = []
    for line in answer.split("\n"):
        words = [word.strip() for word in line.split("|", maxsplit=len(FIELDS) - 1)]
        if len(words) == len(FIELDS) and words[4].isdecimal():
            number, raw, state, user, restarts, name, rule, log = words
            log = log.removesuffix("|")
            jobs.append(SlurmJob(number, raw, state, name, user, int(restarts), rule, log))
    return jobs


def find_jobs(runs: Collection[Run], queue: Iterable[SlurmJob]) -> list[SlurmJob]:
    """The jobs of some runs."""
    names = {run.jobs for run in runs}
    return [job for job in queue if job.name in names]


def find_strays(
    folder: str | Path, runs: Collection[Run], queue: Iterable[SlurmJob]
) -> list[SlurmJob]:
    """Jobs of Snakemake whose log lies in a folder, and that are none of these runs'."""
    names = {run.jobs for run in runs}
    return [
        job
        for job in queue
        if RUN.fullmatch(job.name) and job.name not in names and _logs_in(job, Path(folder))
    ]


def cancel_jobs(jobs: Collection[SlurmJob]) -> None:
    """Have Slurm end jobs; trainings keep their last complete epoch.

    Raises UserError, with what scancel says, if it refuses.
    """
    if not jobs:
        return
    me = user_name()
    for job in jobs:
        if job.user != me:
            print(f"Job {job.number} is {job.user}'s; Slurm may refuse to let {me} cancel it.")
    numbers = [job.number for job in jobs]
    done = run_slurm("scancel", *numbers, seconds=None, check=False)
    if done.returncode != 0:
        left = {job.number for job in read_queue() or [] if job.state != "COMPLETING"}
        if left.intersection(numbers):
            raise UserError(
                f"scancel could not end all jobs:\n{done.stderr.strip()}\n"
                "Ask who started them, or those who run the cluster, to cancel them; or let them "
                "end (`wait` in place of `cancel`)."
            )


def hides_jobs_of_others() -> bool:
    """Whether this Slurm shows people nobody's jobs but their own (PrivateData)."""
    said = re.search(r"^PrivateData\s*=\s*(\S+)", ask("scontrol", "show", "config"), re.MULTILINE)
    return said is not None and "jobs" in said[1].split(",")


def _logs_in(job: SlurmJob, folder: Path) -> bool:
    where, logs, _ = job.log.partition(LOGS)
    if not logs:
        return False
    try:
        return Path(where).samefile(folder)
    except OSError:  # on another machine, or gone
        return Path(where) == folder
