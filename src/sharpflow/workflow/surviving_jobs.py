"""Slurm jobs that outlived the Snakemake that had started them.

Snakemake does not know them when it is started again, and would have their outputs written a second
time while they still write. They are known by their names, a run's number behind the profile's
prefix, and by their working directory: two studies in two folders are told apart.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sharpflow.errors import UserError

# What Snakemake's executor calls its jobs: prefix_xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.
RUN = re.compile(r"(.+_)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FORMAT = "%i|%T|%j|%k|%Z"  # number, state, name, comment (the rule), working directory
SECONDS = 120  # for Slurm to answer


@dataclass(frozen=True)
class SlurmJob:
    """A job that is queued, runs, or ends."""

    number: str
    state: str  # as squeue says: PENDING, RUNNING, COMPLETING ...
    rule: str

    def __str__(self) -> str:
        """One line for a list."""
        return f"{self.number} {self.state} {self.rule}"


def find_surviving_jobs(folder: str | Path) -> list[SlurmJob]:
    """Jobs of Snakemake runs in a working directory that Slurm has not ended yet, anybody's.

    None where there is no Slurm. While Snakemake runs in `folder`, these are its own.
    Raises UserError if Slurm does not answer.
    """
    if shutil.which("squeue") is None:
        return []
    command = ["squeue", "--noheader", "--format", FORMAT]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip()
        raise UserError(
            f"Slurm was asked for jobs that an earlier run may have left in {folder}, and did not "
            f"answer ({said}). Two jobs must not write one file: try again once `squeue` works."
        ) from None
    return parse_jobs(answer, Path(folder))


def parse_jobs(answer: str, folder: Path) -> list[SlurmJob]:
    """The jobs of Snakemake runs in `folder`, from squeue's lines of `FORMAT`."""
    jobs = []
    for line in answer.splitlines():
        number, state, name, rule, where = line.split("|", maxsplit=4)
        if RUN.fullmatch(name) and _is_same(where, folder):
            jobs.append(SlurmJob(number, state, rule))
    return jobs


def refuse_beside_surviving_jobs(folder: str | Path) -> None:
    """Raise UserError, with what to do, if jobs of an earlier run live."""
    surviving = find_surviving_jobs(folder)
    if surviving:
        listed = "\n".join(f"  {job}" for job in surviving)
        raise UserError(
            f"Jobs of an earlier run in {folder} are still with Slurm:\n{listed}\n"
            "Two jobs must not write one file. Wait for them or cancel them, then go on: "
            "profiles/slurm/after_crash.py does it (docs/how-to/cluster.md)."
        )


def _is_same(where: str, folder: Path) -> bool:
    try:
        return Path(where).samefile(folder)
    except OSError:  # on another machine, or gone
        return Path(where) == folder
