"""How long a job may run, and being told to stop: one way for every training.

A training that resumes asks `Deadline` after each epoch whether another one fits, and ends with
`out_of_time` where it does not. A scheduler that wants its node back sends SIGTERM and kills
seconds later: `obey_sigterm` turns that into `Stopped`, which throws the epoch that runs away. The
last whole one has been kept already.
"""

import logging
import math
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sharpflow.errors import UserError

log = logging.getLogger(__name__)

# Unix seconds at which the job ends, for schedulers that cannot be asked.
END_TIME = "SHARPFLOW_END_TIME"
# What Slurm, PBS, LSF and Grid Engine call a job's number.
SLURM_JOB = "SLURM_JOB_ID"
OTHER_JOBS = ("PBS_JOBID", "LSB_JOBID", "SGE_JOB_ID", "JOB_ID")
# The next epoch may take a tenth longer than the longest so far; then weights are written.
SLOWER, SPARE = 1.1, 15.0
ANSWER = 60  # seconds that Slurm may take to answer


class OutOfTime(UserError):  # noqa: N818
    """The job would end before the training's next epoch; all whole epochs are kept."""


class Stopped(BaseException):
    """The process was told to stop (SIGTERM). Not an Exception, which libraries catch."""


def seconds_left(runtime: float | None, began: float) -> float | None:
    """Seconds that this job may still run; None without a limit.

    `SHARPFLOW_END_TIME` comes first, then what Slurm says. `runtime`, the minutes that the rule
    asked for, counts from `began` (of `time.monotonic()`) in a job of another scheduler and where
    Slurm does not answer; on a machine of one's own nobody holds a run to it.
    """
    told = os.environ.get(END_TIME)
    if told:
        return _moment(END_TIME, told) - time.time()
    asked = None if runtime is None else began + 60 * runtime - time.monotonic()
    if SLURM_JOB in os.environ:
        return _left_in_slurm(asked)
    return asked if any(name in os.environ for name in OTHER_JOBS) else None


def _moment(name: str, told: str) -> float:
    try:
        return float(told)
    except ValueError:
        raise UserError(
            f"{name} is {told!r}; expected the seconds since 1970 at which the job ends, "
            "as `date +%s` counts them."
        ) from None


def _left_in_slurm(otherwise: float | None) -> float | None:
    """By the environment where Slurm sets it (since 23.02), else by squeue, asked once."""
    end = os.environ.get("SLURM_JOB_END_TIME")
    if end:
        left = _moment("SLURM_JOB_END_TIME", end) - time.time()
        if left > 0:
            return left
        # Slurm would have ended this job by then.
        log.warning(
            "SLURM_JOB_END_TIME is %.0f s ago, so it is another job's, whose variables this run "
            "inherited: no time limit counts",
            -left,
        )
        return None
    command = ["squeue", "--noheader", "--jobs", os.environ[SLURM_JOB], "--format", "%L"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER, check=True
        ).stdout.strip()
        return parse_time_left(answer)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        log.warning("%s: %s; the rule's runtime counts instead", " ".join(command), error)
        return otherwise


def parse_time_left(answer: str) -> float | None:
    """Seconds from squeue's "1-02:03:04", "02:03:04" or "3:04"; None if the job has no limit."""
    if answer in ("UNLIMITED", "NOT_SET"):
        return None
    parts = re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)", answer)
    if parts is None:
        raise ValueError(f"no time: {answer!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


class Deadline:
    """The moment by which a training must have ended."""

    def __init__(self, seconds: float | None) -> None:
        """Begin to count: so many seconds from now, or no limit."""
        self._moment = math.inf if seconds is None else time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; infinite without a limit."""
        return self._moment - time.monotonic()

    def too_near_for(self, longest_epoch: float) -> bool:
        """Whether another epoch, of which the longest took so many seconds, would not fit."""
        return self.left() < SLOWER * longest_epoch + SPARE


def out_of_time(name: str, done: int, epochs: int) -> OutOfTime:
    """The error of a training that can go on another time."""
    return OutOfTime(
        f"{name}: {done} of {epochs} epochs are done and kept, and the next does not fit into the "
        "job's time. Run it again, as retries do: it goes on there."
    )


def obey_sigterm() -> None:
    """From now on SIGTERM raises `Stopped` in the main thread, once."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, _frame: Any) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one would break into the cleaning up
    raise Stopped("Told to stop (SIGTERM): cancelled, preempted, or at the job's time limit.")


@contextmanager
def tells_when_stopped(what_is_kept: Callable[[], str]) -> Iterator[None]:
    """Add to the message of `Stopped` what a training has kept and how it goes on."""
    try:
        yield
    except Stopped as stopped:
        raise Stopped(f"{stopped} {what_is_kept()}") from None


def resumes(name: str, done: int, epochs: int) -> str:
    """What a training that can go on has kept."""
    return f"{name}: {done} of {epochs} epochs are kept. Run it again: it goes on there."
