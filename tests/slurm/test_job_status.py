"""However a job ends, and whatever a cluster remembers of it, Snakemake sees the end.

The cases with accounting, and those of common spans of memory, are slow: `pytest -m slow -n 0
tests/slurm/test_job_status.py`.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import cluster
from .runs import Job, jobs_in, wait_until

SLEEPER = Path(__file__).with_name("sleeper") / "Snakefile"
SECONDS = 300  # for any of these runs
AGES = (30, 120, 300)  # seconds for which squeue knows an ended job


@contextmanager
def remembering(*, seconds: int, accounting: bool) -> Iterator[None]:
    """The cluster, started again with other settings; then as the other tests want it."""
    reason = cluster.why_not(accounting=accounting)
    if reason:
        pytest.skip(f"no such cluster here: {reason}")
    cluster.start(min_job_age=seconds, accounting=accounting)
    try:
        yield
    finally:
        cluster.start()


def sleeper(folder: Path, seconds: int, *options: str, partition: str = "cpu") -> list[str]:
    """The command that runs one job by Slurm."""
    folder.mkdir(exist_ok=True)
    command = f"snakemake --snakefile {SLEEPER} --executor slurm --jobs 1 --retries 1"
    slurm = "--slurm-no-account --slurm-init-seconds-before-status-checks 5"
    more = f"--default-resources slurm_partition={partition} runtime=10 --config seconds={seconds}"
    return [sys.executable, "-m", *f"{command} {slurm}".split(), *options, *more.split()]


def run_disturbed(folder: Path, command: list[str], disturb: Callable[[Job], None]) -> str:
    """Run it, and once its first job runs do that to it; returns what was said."""
    said = folder / "said"
    with said.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        first = wait_until(lambda: running(folder), "the job runs", process)[0]
        disturb(first)
        assert process.wait(SECONDS) == 0, said.read_text()
    finally:
        process.kill()
    return said.read_text()


def running(folder: Path) -> list[Job]:
    return [job for job in jobs_in(folder) if job.state == "RUNNING"]


def ended(folder: Path) -> list[str]:
    return [job.state for job in jobs_in(folder)]


def test_a_short_memory_misses_no_end(tmp_path: Path) -> None:
    with remembering(seconds=15, accounting=False):
        with ThreadPoolExecutor() as pool:
            # Looks grow rarer while nothing ends, but not too rare.
            long = pool.submit(
                subprocess.run,
                sleeper(tmp_path / "long", 50),
                cwd=tmp_path / "long",
                timeout=SECONDS,
            )
            said = run_disturbed(tmp_path, sleeper(tmp_path, 20), cancel)
        assert "CANCELLED" in said
        assert long.result().returncode == 0


def cancel(job: Job) -> None:
    subprocess.run(["scancel", str(job.number)], check=True)


def preempt(job: Job) -> None:
    cluster.preempt(job.node)


@pytest.mark.parametrize(
    "partition",
    [
        "spot_cancel",
        pytest.param("spot", marks=pytest.mark.slow),
        pytest.param("spot_requeue", marks=pytest.mark.slow),
    ],
)
def test_a_preempted_job_comes_back(partition: str, tmp_path: Path) -> None:
    command = sleeper(tmp_path, 10, "--retries", "0", "--slurm-no-requeue", partition=partition)
    said = run_disturbed(tmp_path, command, preempt)
    assert "preemption" in said
    first, second = ended(tmp_path)
    assert first in ("PREEMPTED", "TIMEOUT", "FAILED")  # the latter if it is given seconds to end
    assert second == "COMPLETED"


@pytest.mark.slow  # Slurm lets it wait for two minutes
def test_a_preempted_job_that_slurm_queues_again_is_left_to_it(tmp_path: Path) -> None:
    command = sleeper(tmp_path, 10, "--retries", "0", "--slurm-requeue", partition="spot_requeue")
    said = run_disturbed(tmp_path, command, preempt)
    assert "preemption" not in said
    assert ended(tmp_path) == ["COMPLETED"]


@pytest.mark.slow
@pytest.mark.parametrize("accounting", [True, False])
@pytest.mark.parametrize("seconds", AGES)
def test_a_cancelled_job_is_tried_again(seconds: int, accounting: bool, tmp_path: Path) -> None:
    with remembering(seconds=seconds, accounting=accounting):
        said = run_disturbed(tmp_path, sleeper(tmp_path, 20), cancel)
        assert "CANCELLED" in said
        assert (tmp_path / "slept").exists()
