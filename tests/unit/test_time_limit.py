"""A job knows how long it has, and ends at once when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharpflow.errors import UserError
from sharpflow.training import time_limit
from sharpflow.training.time_limit import (
    Deadline,
    Stopped,
    obey_sigterm,
    parse_time_left,
    seconds_left,
)

SCHEDULERS = ("SLURM_JOB_ID", "SLURM_JOB_END_TIME", "SHARPFLOW_END_TIME", *time_limit.OTHER_JOBS)


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SCHEDULERS:
        monkeypatch.delenv(name, raising=False)


def left(runtime: float | None) -> float | None:
    return seconds_left(runtime, time.monotonic())


def squeue_says(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Put a squeue into the path that does this."""
    script = folder / "squeue"
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("SLURM_JOB_ID", "17")


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("1-02:03:04", 93784),
        ("12:00:00", 43200),
        ("3:04", 184),
        ("0:00", 0),
        ("UNLIMITED", None),
        ("NOT_SET", None),
    ],
)
def test_what_squeue_answers(answer: str, seconds: float | None) -> None:
    assert parse_time_left(answer) == seconds


def test_a_rules_runtime_does_not_limit_a_run_of_ones_own() -> None:
    assert left(1) is None


def test_a_rules_runtime_limits_a_job_of_another_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PBS_JOBID", "17.head")
    assert left(2) == pytest.approx(120, abs=1)
    assert left(None) is None


def test_slurm_is_asked_for_this_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    squeue_says(tmp_path, monkeypatch, 'echo "$@" > asked; echo 2:30')
    monkeypatch.chdir(tmp_path)
    assert left(600) == 150
    assert "--jobs 17 " in (tmp_path / "asked").read_text()


@pytest.mark.parametrize("command", ["exit 1", "echo INVALID"])
def test_the_runtime_counts_where_slurm_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    squeue_says(tmp_path, monkeypatch, command)
    assert left(2) == pytest.approx(120, abs=1)


def test_the_end_that_slurm_or_the_user_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 100))
    assert left(1) == pytest.approx(100, abs=2)
    monkeypatch.setenv("SHARPFLOW_END_TIME", str(time.time() + 50))
    assert left(1) == pytest.approx(50, abs=2)
    monkeypatch.setenv("SHARPFLOW_END_TIME", "noon")
    with pytest.raises(UserError, match=r"'noon'.*seconds since 1970"):
        left(1)


def test_an_end_in_the_past_is_another_jobs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) - 3600))
    assert left(60) is None
    assert "SLURM_JOB_END_TIME" in caplog.text


def test_a_deadline_leaves_room_for_a_slow_epoch() -> None:
    assert not Deadline(None).too_near_for(1e9)
    assert Deadline(110).too_near_for(100)
    assert not Deadline(200).too_near_for(100)


@pytest.fixture
def own_sigterm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("own_sigterm")
def test_a_second_sigterm_does_not_break_into_the_cleaning_up() -> None:
    obey_sigterm()
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)


JOB = """
import sys, time
from sharpflow.workflow.job import job
from sharpflow.training.time_limit import resumes, tells_when_stopped
with job(sys.argv[1]), tells_when_stopped(lambda: resumes("net", 3, 9)):
    print("works", flush=True)
    try:
        time.sleep(60)
    except Exception:
        print("a library caught it")
"""


def test_a_job_told_to_stop_says_so_and_fails_at_once(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    process = subprocess.Popen(
        [sys.executable, "-c", JOB, str(log)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    while not log.exists() or "works" not in log.read_text():
        time.sleep(0.1)
    process.terminate()
    _, terminal = process.communicate(timeout=30)
    assert process.returncode == 1
    for said in (terminal, log.read_text()):
        assert "SIGTERM" in said
        assert "net: 3 of 9 epochs are kept" in said
        assert "Traceback" not in said
