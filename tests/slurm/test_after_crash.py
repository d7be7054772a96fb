"""Runs whose Snakemake was killed, and runs side by side, on a real Slurm."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.projects import ROOT, kill

from .runs import Job, all_jobs, wait_until

SNAKEFILE = Path(__file__).with_name("studies") / "Snakefile"
SECONDS = 200  # for any of these commands
LONG = 600  # seconds that a job sleeps which is never waited for


@dataclass(frozen=True)
class Study:
    """A study in a folder of its own or shared, whose Snakemake is typed in another one."""

    name: str
    typed_in: Path
    folder: Path

    def arguments(self, seconds: int) -> list[str]:
        how = "--executor slurm --jobs 1 --slurm-no-account --slurm-jobname-prefix sharpflow"
        more = "--slurm-init-seconds-before-status-checks 5 --rerun-incomplete"
        last = f"--default-resources slurm_partition=cpu runtime=10 --config study={self.name}"
        where = ["--snakefile", str(SNAKEFILE), "--directory", str(self.folder)]
        return [*where, *f"{how} {more} {last} seconds={seconds}".split()]

    def snakemake(self, seconds: int) -> list[str]:
        return [sys.executable, "-m", "snakemake", *self.arguments(seconds)]

    def start(self, seconds: int, *options: str) -> subprocess.Popen[bytes]:
        self.typed_in.mkdir(exist_ok=True)
        with (self.typed_in / f"{self.name}.said").open("w") as said:
            return subprocess.Popen(
                # Tests that run in the background were told to ignore interrupts.
                ["env", "--default-signal=INT", *self.snakemake(seconds), *options],
                cwd=self.typed_in,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def attempt(self, *options: str, seconds: int = 1) -> tuple[int, str]:
        return self._do([*self.snakemake(seconds), *options])

    def after_crash(self, *what: str, seconds: int = 1) -> tuple[int, str]:
        script = str(ROOT / "profiles" / "slurm" / "after_crash.py")
        return self._do([sys.executable, script, *what, *self.arguments(seconds)])

    def _do(self, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.typed_in,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def records(self) -> list[Path]:
        """Records of its runs."""
        paths = (self.folder / ".snakemake" / "sharpflow" / "runs").glob("*.json")
        return [path for path in paths if json.loads(path.read_text())["results"] == self.results]

    @property
    def results(self) -> str:
        return f"results/{self.name}"

    def jobs(self, *states: str) -> list[Job]:
        """Its jobs, in the order of submission."""
        logs = self.folder / ".snakemake" / "slurm_logs"
        jobs = [job for job in all_jobs() if job.output.is_relative_to(logs)]
        return [job for job in jobs if job.state in states or not states]

    def move_record(self, host: str) -> None:
        """As if its Snakemake ran on another host."""
        (path,) = self.records
        said: dict[str, Any] = json.loads(path.read_text())
        said["process"]["host"] = host
        path.write_text(json.dumps(said))


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            kill(process)
    subprocess.run(["scancel", "--user=root"], check=False)


def begin(
    study: Study, started: list[subprocess.Popen[bytes]], seconds: int = LONG
) -> tuple[subprocess.Popen[bytes], Job]:
    """Start a study, and wait for its job."""
    process = study.start(seconds)
    started.append(process)
    (job,) = wait_until(lambda: study.jobs("RUNNING"), "its job runs", process)
    return process, job


def test_a_killed_run_is_found_in_its_own_folder_from_any_host(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    study = Study("a", tmp_path / "typed", tmp_path / "runs")
    process, job = begin(study, started)
    kill(process)
    assert study.attempt("--unlock")[0] == 0
    code, said = study.attempt()
    assert code == 1
    assert f"{job.number} RUNNING rule_sleep (root)" in said

    study.move_record("login2")
    for code, said in (study.attempt(), study.after_crash("cancel")):
        assert code == 1
        assert "root's Snakemake on login2" in said
        assert "log in there" in said
    assert [job.state for job in study.jobs()] == ["RUNNING"]

    code, said = study.after_crash("cancel", "--gone", "login2")
    assert code == 0, said
    assert [job.state for job in study.jobs()] == ["CANCELLED", "COMPLETED"]
    assert study.records == []


def test_studies_run_side_by_side(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    one, two = (Study(name, tmp_path, tmp_path) for name in ("one", "two"))
    process, job = begin(one, started)
    code, said = two.attempt()
    assert code == 0, said
    assert two.attempt("--unlock")[0] == 0
    code, said = one.attempt()  # its lock stands, though another run has ended
    assert code == 1
    assert "cannot be locked" in said
    code, said = one.after_crash("cancel")
    assert code == 1
    assert "belongs to a run that lives" in said
    assert one.attempt("--unlock")[0] == 0
    code, said = one.attempt()
    assert code == 1
    assert "belongs to a run that lives" in said

    (tmp_path / "results" / "two" / "slept").unlink()
    ended = {job.number for job in one.jobs("COMPLETED")}
    other = two.start(LONG)
    started.append(other)
    wait_until(lambda: len(one.jobs("RUNNING")) == 2, "its job runs", other)
    kill(process)
    code, said = one.after_crash("cancel")
    assert code == 0, said
    assert other.poll() is None
    states = {done.number: done.state for done in one.jobs() if done.number not in ended}
    assert states.pop(job.number) == "CANCELLED"
    assert sorted(states.values()) == ["COMPLETED", "RUNNING"]
    other.send_signal(signal.SIGINT)
    other.wait(SECONDS)


def test_a_job_that_waits_is_not_lost_when_another_run_ends(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    one, two = (Study(name, tmp_path, tmp_path) for name in ("one", "two"))
    waiting = one.start(1, "--set-resources", "sleep:slurm_extra='--begin=now+30'")
    started.append(waiting)
    wait_until(lambda: one.jobs("PENDING"), "its job waits", waiting)
    code, said = two.attempt()  # whose end clears up the logs
    assert code == 0, said
    assert waiting.wait(SECONDS) == 0
    assert [job.state for job in one.jobs()] == ["COMPLETED", "COMPLETED"]


def test_a_run_in_a_slurm_job_is_known_from_any_host(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    study = Study("a", tmp_path, tmp_path)
    script = tmp_path / "study.sh"
    script.write_text("#!/bin/bash\nexec " + " ".join(study.snakemake(LONG)) + "\n")
    sbatch = ["sbatch", "--parsable", "--mem=2000", "--output=said", str(script)]
    outer = subprocess.check_output(sbatch, cwd=tmp_path, text=True).strip()
    waiting = subprocess.Popen(["sleep", str(LONG)], start_new_session=True)
    started.append(waiting)
    wait_until(lambda: study.jobs("RUNNING"), "its job runs", waiting)
    (record,) = study.records
    assert json.loads(record.read_text())["slurm_job"] == outer
    study.move_record("node7")
    code, said = study.after_crash("cancel")
    assert code == 1
    assert f"Slurm job {outer}" in said
    assert [job.state for job in study.jobs()] == ["RUNNING"]

    subprocess.run(["scancel", "--full", "--signal=KILL", outer], check=True)
    gone = ["squeue", "--noheader", f"--jobs={outer}"]
    wait_until(lambda: not subprocess.check_output(gone), "its Snakemake is dead", waiting)
    code, said = study.after_crash("cancel")
    assert code == 0, said
    assert [job.state for job in study.jobs()] == ["CANCELLED", "COMPLETED"]
