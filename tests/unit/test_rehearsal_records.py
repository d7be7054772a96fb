"""Rehearsals: time told from steps, records and their table, memory that is there and taken."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sharpflow import memory
from sharpflow.errors import UserError
from sharpflow.rehearsal.__main__ import is_out_of_memory
from sharpflow.rehearsal.alone import Rehearsed, memory_limit
from sharpflow.rehearsal.clock import ends_of, seconds_between, seconds_each
from sharpflow.rehearsal.records import keep_record, rehearsal_table
from sharpflow.reporting.rehearsal_table import publish_rehearsal

ROOT = Path(__file__).parents[2]
MACHINE = {"processor": "a processor", "threads": 2}


def test_a_step_is_the_median_without_the_first_and_without_validations() -> None:
    assert seconds_between([100.0, 110, 111, 112, 140, 141, 142]) == 1
    with pytest.raises(ValueError, match="it takes two"):
        seconds_between([100.0])


def test_calls_are_timed_from_outside() -> None:
    class Network:
        def step(self, by: int) -> int:
            return by + 1

    untouched = Network.step
    with ends_of(Network, "step") as ends:
        assert [Network().step(1), Network().step(by=2)] == [2, 3]
        before = time.monotonic()
        Network().step(3)
    assert len(ends) == 3
    assert ends[0] <= ends[1] <= before <= ends[2]
    assert Network.step is untouched


def test_the_first_item_is_done_once_more() -> None:
    done: list[str] = []
    assert seconds_each(done.append, ["a", "b"]) >= 0
    assert done == ["a", "a", "b"]


# The table.


def record(**changes: Any) -> dict[str, Any]:
    measured = {"unit": "step", "seconds": 0.5, "items": 4, "done": 3}
    measured |= {"host_bytes": 3_000_000_000, "gpu_bytes": None}
    return {"measured": measured, "too_large": "", "gpu": "", **MACHINE} | changes


def part(amount: int) -> dict[str, Any]:
    return {"rule": "train_network", "of": "ResNet-50, batch 4", "jobs": 2, "amount": amount}


def test_hours_are_steps_times_seconds() -> None:
    # Two trainings of 100 epochs on 2,700 images, four a step, of half a second.
    (row,) = rehearsal_table([part(2 * 100 * 2700)], [record()]).to_dict("records")
    assert (row["units"], row["hours"]) == (135_000, 18.75)
    assert (row["host_gb"], row["fits"]) == (3.0, True)
    assert pd.isna(row["gpu_gb"])


def test_what_does_not_fit_says_so_and_is_in_no_sum(tmp_path: Path) -> None:
    why = "needs more than the 18.9 GB of memory that it may take"
    records = [record(), record(measured={}, too_large=why)]
    table = rehearsal_table([part(7200 * 4)] * 2, records)
    assert table["fits"].tolist() == [True, False]
    assert table.loc[1, ["seconds", "hours", "host_gb"]].isna().all()
    publish_rehearsal(table, tmp_path)
    page = (tmp_path / "rehearsal.md").read_text()
    assert f"no: {why}" in page
    assert "one after the other: 1 hours" in page
    assert "in no sum: 1 of 2" in page
    assert "a processor, 2 threads" in page
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".md", ".tex", ".html"}


def test_a_table_may_hold_nothing_that_fits(tmp_path: Path) -> None:
    table = rehearsal_table([part(1)], [record(measured={}, too_large="was killed")])
    publish_rehearsal(table, tmp_path)
    assert "no: was killed" in (tmp_path / "rehearsal.md").read_text()


# Records of jobs.


def kept(path: Path, rehearse: Callable[[], Rehearsed], attempt: int) -> dict[str, Any]:
    keep_record(path, rehearse, attempt=attempt, limit=12e9, machine=MACHINE)
    return json.loads(path.read_text())


def test_a_job_that_was_killed_says_so_when_it_is_tried_again(tmp_path: Path) -> None:
    path, note = tmp_path / "a" / "hand.json", tmp_path / "a" / "hand.began"

    def killed() -> Rehearsed:
        assert note.is_file()
        return os._exit(9)  # as SIGKILL: nothing is cleaned up

    if (child := os.fork()) == 0:
        kept(path, killed, attempt=1)
    os.waitpid(child, 0)
    assert not path.exists()
    found = kept(path, lambda: pytest.fail("it would be killed again"), attempt=2)
    assert found["too_large"] == "killed, with 12.0 GB of memory"
    assert found["measured"] == {}
    assert not note.exists()


def test_a_note_of_an_earlier_run_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "hand.began").write_text("12.0 GB of memory")
    found = kept(tmp_path / "hand.json", lambda: Rehearsed({"unit": "step"}), attempt=1)
    assert (found["too_large"], found["measured"]) == ("", {"unit": "step"})


def test_a_job_that_failed_is_tried_again(tmp_path: Path) -> None:
    def fails() -> Rehearsed:
        raise UserError("no such file")

    with pytest.raises(UserError):
        kept(tmp_path / "hand.json", fails, attempt=1)
    found = kept(tmp_path / "hand.json", lambda: Rehearsed({"unit": "step"}), attempt=2)
    assert found["too_large"] == ""


# Memory.


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory."), True),
        (ValueError("batch of 3"), False),
    ],
)
def test_lack_of_memory_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
    outer = RuntimeError("training failed")
    outer.__cause__ = error
    assert is_out_of_memory(outer) is expected


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with 8 GB available, in which this process is in no control group."""
    monkeypatch.setattr(memory, "PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "cgroup")
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  8000000 kB\n")
    return tmp_path


def limit(group: Path, names: tuple[str, str], most: str, used: str) -> None:
    group.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names, (most, used), strict=True):
        (group / name).write_text(f"{value}\n")


def test_free_memory_is_what_the_system_or_a_group_leaves(system: Path) -> None:
    assert memory.free_memory() == 8_000_000 * 1024
    groups, told = system / "cgroup", system / "proc" / "self" / "cgroup"
    told.write_text("0::/slurm/job_7\n")
    limit(groups / "slurm" / "job_7", memory.VERSION_2, "max", "1000000000")
    assert memory.free_memory() == 8_000_000 * 1024
    # The group around it counts too; pages of files are given up.
    limit(groups / "slurm", memory.VERSION_2, "4000000000", "1500000000")
    (groups / "slurm" / "memory.stat").write_text("anon 1000000000\ninactive_file 500000000\n")
    assert memory.free_memory() == 3_000_000_000
    told.write_text("5:cpu,memory:/box\n4:cpu:/\n")
    limit(groups / "memory" / "box", memory.VERSION_1, "2000000000", "500000000")
    assert memory.free_memory() == 1_500_000_000


def test_a_limit_is_what_is_free_or_what_the_job_asked_for(system: Path) -> None:
    assert memory_limit() == pytest.approx(0.95 * 8_000_000 * 1024)
    assert memory_limit(4e9) == 4e9
    assert memory_limit(64e9) == memory_limit()
    (system / "proc" / "meminfo").unlink()
    assert memory_limit() is None
    assert memory_limit(4e9) == 4e9


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_peak_is_this_program_s_not_its_parent_s() -> None:
    held = bytearray(400_000_000)
    program = "from sharpflow.memory import peak_memory; print(peak_memory())"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    told = subprocess.check_output([sys.executable, "-c", program], env=environment)
    assert memory.peak_memory() > len(held) > 200_000_000 > int(told) > 1_000_000


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_family_is_a_process_with_all_that_it_started() -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    try:
        until = time.monotonic() + 30
        while len(family := memory.family_of(process.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(family) == 2 and family[0] == process.pid
        assert all(memory.memory_of(member) > 1_000_000 for member in family)
    finally:
        process.communicate()
    assert memory.memory_of(process.pid) == 0
