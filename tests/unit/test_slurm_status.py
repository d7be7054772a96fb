"""What becomes of a job, by what Slurm's commands say of it."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sharpflow.workflow import slurm_status
from sharpflow.workflow.missing_gpus import REFUSAL
from sharpflow.workflow.slurm_status import (
    LOOKS,
    JobState,
    JobWatch,
    Memory,
    parse_sacct,
    parse_squeue,
    read_memory,
    see_every_end,
)

NEVER, BEGAN = "N/A", "2026-03-01T10:00:00"


def config(age: int, storage: str = "none") -> str:
    return (
        f"AccountingStorageType   = accounting_storage/{storage}\n"
        f"MinJobAge               = {age} sec\n"
        "SLURM_VERSION           = 22.05.8\n"
    )


class Slurm:
    """Slurm's commands, and an executor with jobs of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.squeue: dict[str, str] | None = {}  # number -> state
        self.elsewhere: dict[str, str] = {}  # the same, of other clusters
        self.sacct: dict[str, str] = {}
        self.nodes = {"node3": "gpu:1", "node4": "gpu:1", "node5": "(null)"}
        self.config = config(300)
        self.happened: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.log = folder / "7.log"
        self.log.touch()
        monkeypatch.setattr(slurm_status, "ask_slurm", self.answer)
        monkeypatch.setattr(slurm_status.shutil, "which", lambda name: name)
        self.asked: list[tuple[str, ...]] = []

    def answer(self, program: str, *options: str) -> str | None:
        self.asked.append((program, *options))
        if program == "scontrol":
            return self.config
        if program == "sinfo":
            assert "--partition=gpu" in options
            return "".join(f"{name}|{gres}|\n" for name, gres in self.nodes.items())
        if program == "sacct":
            return "".join(f"{number}|{state}\n" for number, state in self.sacct.items())
        if self.squeue is None:
            return None
        there = any(option.startswith("--clusters=") for option in options)
        jobs = self.elsewhere if there else self.squeue
        return "".join(self._line(number, state) for number, state in jobs.items())

    @staticmethod
    def _line(number: str, state: str) -> str:
        state, _, preempted = state.partition(" ")
        return f"{number}|{state}|{preempted or NEVER}|{BEGAN}|node3|\n"

    def executor(self) -> Any:
        def note(what: str) -> Any:
            def happen(job: Any, **_: Any) -> None:
                self.happened.append((what, job.external_jobid))

            return happen

        settings = SimpleNamespace(init_seconds_before_status_checks=40, keep_successful_logs=False)
        return SimpleNamespace(
            run_uuid="run",
            workflow=SimpleNamespace(executor_settings=settings),
            logger=SimpleNamespace(warning=self.said.append),
            report_job_success=note("success"),
            report_job_error=note("error"),
            _submit_job=lambda job: self.happened.append(("again", job.name)),
            _failed_nodes=set(),
            _submitted_job_clusters=set(),
        )

    def job(self, number: str = "7") -> Any:
        job = SimpleNamespace(name="train_network", resources={"slurm_partition": "gpu"})
        return SimpleNamespace(external_jobid=number, job=job, aux={"slurm_logfile": self.log})


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Slurm:
    return Slurm(monkeypatch, tmp_path)


@pytest.mark.parametrize(
    ("state", "happens"),
    [
        ("COMPLETED", ("success", "7")),
        ("FAILED", ("error", "7")),
        ("CANCELLED", ("error", "7")),
        ("OUT_OF_MEMORY", ("error", "7")),
        ("NODE_FAIL", ("error", "7")),
        ("PREEMPTED", ("again", "train_network")),
        ("FAILED 2026-03-01T11:00:00", ("again", "train_network")),
        ("TIMEOUT 2026-03-01T11:00:00", ("again", "train_network")),
        # It made room once, was queued again by Slurm, and failed for a reason of its own.
        ("FAILED 2026-03-01T09:00:00", ("error", "7")),
        ("COMPLETED 2026-03-01T11:00:00", ("success", "7")),
    ],
)
def test_an_end_is_reported_once(slurm: Slurm, state: str, happens: tuple[str, str]) -> None:
    slurm.squeue = {"7": state}
    assert JobWatch(slurm.executor()).look([slurm.job()]) == []
    assert slurm.happened == [happens]


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED"])
def test_what_has_not_ended_is_looked_at_again(slurm: Slurm, state: str) -> None:
    slurm.squeue = {"7": state}
    job = slurm.job()
    assert JobWatch(slurm.executor()).look([job]) == [job]
    assert slurm.happened == []


def test_the_log_of_a_success_goes_and_a_lost_node_is_avoided(slurm: Slurm) -> None:
    slurm.squeue = {"7": "NODE_FAIL", "8": "COMPLETED"}
    executor = slurm.executor()
    JobWatch(executor).look([slurm.job("7"), slurm.job("8")])
    assert not slurm.log.exists()
    assert executor._failed_nodes == {"node3"}


@pytest.mark.parametrize(
    ("accounts", "happens"),
    [
        ({"7": "CANCELLED by 1001"}, ("error", "7")),
        ({"7": "COMPLETED"}, ("success", "7")),
        ({"7": "PREEMPTED"}, ("again", "train_network")),
    ],
)
def test_accounts_know_what_squeue_has_forgotten(
    slurm: Slurm, accounts: Mapping[str, str], happens: tuple[str, str]
) -> None:
    slurm.config = config(30, "slurmdbd")
    slurm.sacct = dict(accounts)
    assert JobWatch(slurm.executor()).look([slurm.job()]) == []
    assert slurm.happened == [happens]


@pytest.mark.parametrize("accounts", [{}, {"7": "RUNNING"}])  # the second lag behind
def test_a_job_that_nobody_knows_counts_as_failed(slurm: Slurm, accounts: dict[str, str]) -> None:
    slurm.config = config(30, "slurmdbd")
    slurm.sacct = accounts
    watch, jobs = JobWatch(slurm.executor()), [slurm.job()]
    for _ in range(LOOKS - 1):
        assert watch.look(jobs) == jobs
    assert watch.look(jobs) == []
    assert slurm.happened == [("error", "7")]


def test_jobs_of_this_and_of_other_clusters_are_looked_at(slurm: Slurm) -> None:
    executor = slurm.executor()
    executor._submitted_job_clusters.add("far")
    slurm.squeue, slurm.elsewhere = {"7": "RUNNING"}, {"8": "RUNNING"}
    watch, jobs = JobWatch(executor), [slurm.job("7"), slurm.job("8")]
    for _ in range(LOOKS + 1):
        assert watch.look(jobs) == jobs
    assert slurm.happened == []


def test_jobs_in_hidden_partitions_are_looked_at(slurm: Slurm) -> None:
    JobWatch(slurm.executor()).look([slurm.job()])
    assert "--all" in slurm.asked[-1]


def test_a_log_that_cannot_be_removed_stops_nothing(
    slurm: Slurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError("Stale file handle")

    monkeypatch.setattr(Path, "unlink", refuse)
    slurm.squeue = {"7": "COMPLETED"}
    JobWatch(slurm.executor()).look([slurm.job()])
    assert slurm.happened == [("success", "7")]


def test_a_node_that_shows_no_gpu_is_avoided(slurm: Slurm) -> None:
    slurm.log.write_text(f"12:00 {REFUSAL}job 7 sees none on node node3:\n")
    slurm.squeue = {"7": "FAILED"}
    executor = slurm.executor()
    JobWatch(executor).look([slurm.job()])
    assert slurm.happened == [("error", "7")]
    assert executor._failed_nodes == {"node3"}


def test_the_last_node_with_a_gpu_is_not_avoided(slurm: Slurm) -> None:
    slurm.log.write_text(f"12:00 {REFUSAL}job 7 sees none on node node3:\n")
    slurm.squeue = {"7": "FAILED"}
    executor = slurm.executor()
    executor._failed_nodes.add("node4")
    JobWatch(executor).look([slurm.job()])
    assert slurm.happened == [("error", "7")]
    assert executor._failed_nodes == {"node4"}


def test_the_node_of_another_failure_is_not_avoided(slurm: Slurm) -> None:
    slurm.squeue = {"7": "FAILED"}
    executor = slurm.executor()
    JobWatch(executor).look([slurm.job()])
    assert executor._failed_nodes == set()


def test_silence_is_no_end(slurm: Slurm) -> None:
    watch, jobs = JobWatch(slurm.executor()), [slurm.job()]
    slurm.squeue = None
    for _ in range(2 * LOOKS):
        assert watch.look(jobs) == jobs
    slurm.squeue = {"7": "RUNNING"}
    assert watch.look(jobs) == jobs
    assert slurm.happened == []
    silent, answers = slurm.said
    assert "does not answer" in silent
    assert "answers again" in answers


@pytest.mark.parametrize(("age", "longest"), [(15, 5), (30, 10), (120, 40), (300, 100), (0, 180)])
def test_squeue_is_asked_thrice_before_it_forgets(slurm: Slurm, age: int, longest: int) -> None:
    slurm.config = config(age)
    slurm.squeue = {"7": "RUNNING"}
    watch = JobWatch(slurm.executor())
    pauses = []
    for _ in range(30):
        watch.look([slurm.job()])
        pauses.append(watch.pause)
    assert max(pauses) == pauses[-1] == longest
    assert slurm.said == []


def test_what_will_not_work_is_said(slurm: Slurm) -> None:
    slurm.config = config(10)
    JobWatch(slurm.executor())
    assert "after 10 s (MinJobAge) and keeps no accounts" in slurm.said[0]
    assert Memory(seconds=10, accounts=True).shortcoming is None


def test_a_cluster_that_says_nothing_is_taken_for_forgetful() -> None:
    assert read_memory(None) == Memory(seconds=30, accounts=False)


def test_answers_are_read() -> None:
    assert parse_squeue(
        "CLUSTER: other\n"
        f"7|PENDING|{NEVER}|{NEVER}||\n"
        f"8_3|FAILED|2026-03-01T11:00:00|{BEGAN}|node[3-4]|\n"
    ) == {"7": JobState("PENDING"), "8_3": JobState("FAILED", True, "node[3-4]")}
    assert parse_sacct("7|CANCELLED by 1001\n8_3|COMPLETED\n9|RUNNING\nodd\n10|\n") == {
        "7": JobState("CANCELLED"),
        "8_3": JobState("COMPLETED"),
    }


def test_the_installed_plugin_can_be_corrected() -> None:
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    corrected = SimpleNamespace(Executor=type("Copy", (plugin.Executor,), {}))
    assert see_every_end(corrected)
    assert corrected.Executor.check_active_jobs.__module__ == slurm_status.__name__


def test_folders_of_logs_that_other_runs_wait_for_stay(tmp_path: Path) -> None:
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    executor = type("Copy", (plugin.Executor,), {})
    assert callable(plugin.delete_empty_dirs)  # the name under which its executor calls it
    corrected = SimpleNamespace(Executor=executor, delete_empty_dirs=plugin.delete_empty_dirs)
    see_every_end(corrected)
    (tmp_path / "rule_train").mkdir()
    corrected.delete_empty_dirs(tmp_path)
    assert (tmp_path / "rule_train").is_dir()


def test_a_plugin_of_another_make_is_left_alone() -> None:
    assert not see_every_end(SimpleNamespace(Executor=type("Other", (), {})))
