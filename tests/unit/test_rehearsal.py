"""Rehearsals: what the plan counts, hours from steps, what does not fit, each rule's own code."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml

from sharpflow.errors import UserError
from sharpflow.rehearsal import alone, memory
from sharpflow.rehearsal.__main__ import is_out_of_memory
from sharpflow.rehearsal.alone import Rehearsed, memory_limit, rehearse_alone
from sharpflow.rehearsal.clock import ends_of, seconds_between, seconds_each
from sharpflow.rehearsal.images import Radiographs, radiographs
from sharpflow.rehearsal.phantom import make_radiographs, make_whole_images
from sharpflow.rehearsal.records import keep_record, rehearsal_table
from sharpflow.rehearsal.rehearsals import REHEARSALS
from sharpflow.reporting.rehearsal_table import publish_rehearsal
from sharpflow.workflow.plan.rehearsal import HeavyRule, RehearsalPlan
from sharpflow.workflow.plan.study import plan_study

ROOT = Path(__file__).parents[2]
MACHINE = {"processor": "a processor", "threads": 2}
SMALL = (
    ROOT / "tests/workflow/study.yaml",
    ROOT / "tests/workflow/whole_image_study.yaml",
)


def plan(*files: Path, **changes: Any) -> RehearsalPlan:
    """The rehearsals of config.yaml with files and other sections laid over it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for over in ({"cohorts": "phantom"}, *(yaml.safe_load(path.read_text()) for path in files)):
        config = laid_over(config, over)
    study = plan_study(laid_over(config, changes))
    return RehearsalPlan(study.study, study.joints, study.whole_image)


def laid_over(config: Any, over: Any) -> Any:
    """As Snakemake lays one file over another."""
    if not (isinstance(config, dict) and isinstance(over, dict)):
        return over
    return config | {key: laid_over(config.get(key), value) for key, value in over.items()}


def rule_of(rehearsals: RehearsalPlan, name: str) -> HeavyRule:
    return next(rule for rule in rehearsals.rules if rule.name == name)


@pytest.fixture(scope="module")
def papers() -> RehearsalPlan:
    return plan()


def test_amounts_are_those_of_the_papers_study(papers: RehearsalPlan) -> None:
    amounts = {
        rule.name: [(part.of, part.jobs, part.amount) for part in rule.parts]
        for rule in papers.rules
    }
    both, radiographs = "hand and foot", 4 * 367
    assert amounts["standardize"] == [(both, 2, radiographs)]
    assert amounts["train_unet"] == [(both, 2, 200 * radiographs)]
    assert amounts["train_detector"] == [(both, 2, 2 * 4000 * 64)]
    assert amounts["extract_features"] == [(both, 2, 2 * 367 * (10 + 6))]
    assert amounts["train_head"][0] == ("narrowing-hand", 1, 5 * 250)
    networks = {of: (jobs, amount) for of, jobs, amount in amounts["train_network"]}
    assert len(networks) == 12
    assert networks["ResNet-50, batch 4"] == (6, 50 * 14036 + 5 * 100 * 3818)
    assert networks["MobileNetV2, batch 4, irbs3 frozen"] == (2, 2 * 100 * 3818)
    assert sum(jobs for jobs, _ in networks.values()) == 36
    assert amounts["explain_network"][0] == ("total-resnet50-rbs1", 1, 358)
    # ImageNet's weights need no training.
    assert "train_base" not in amounts


def test_seeds_multiply_the_trainings_of_networks(papers: RehearsalPlan) -> None:
    both = plan(whole_image={"seeds": 2})
    once, twice = (rule_of(each, "train_network").parts[0] for each in (papers, both))
    assert (twice.jobs, twice.amount) == (2 * once.jobs, 2 * once.amount)


def test_the_base_is_rehearsed_where_it_is_trained() -> None:
    rehearsals = plan(vgg16={"weights": "none", "synthetic_joints": {"joints": 96, "epochs": 2}})
    (base,) = rule_of(rehearsals, "train_base").parts
    (joints,) = rule_of(rehearsals, "make_synthetic_joints").parts
    assert (base.amount, joints.amount) == (2 * 96 * 2, 96 * 2)


def test_a_study_without_scores_rehearses_what_it_runs(tmp_path: Path) -> None:
    for patient in ("a", "b", "c"):
        (tmp_path / f"{patient}-LF.jpg").touch()
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    own = {"joints": {"radiographs": str(tmp_path), "boxes": "phantom"}}
    study = plan_study(laid_over(config, {"cohorts": own}))
    rehearsals = RehearsalPlan(study.study, study.joints, study.whole_image)
    names = [rule.name for rule in rehearsals.rules]
    assert names[0] == "standardize" and names[-1] == "detect_joints"
    assert (rehearsals.body_parts, rehearsals.whole_images) == (["foot"], {})
    (unet,) = rule_of(rehearsals, "train_unet").parts
    assert (unet.value, unet.jobs, unet.amount) == ("foot", 1, 200 * 3)


def test_a_job_finds_what_it_is_given(papers: RehearsalPlan) -> None:
    rule = rule_of(papers, "train_network")
    assert rule.record == "<results>/rehearsal/records/train_network/{network}.json"
    given = rule.arguments(SimpleNamespace(network="total-resnet34-rbs2"))
    assert (given["experiment"]["freeze"], given["steps"]) == ("rbs2", 3)
    assert len(papers.records()) == len(papers.parts()) == len(set(papers.records()))
    assert {rule.name for rule in plan(*SMALL).rules} == set(REHEARSALS)


# Time.


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
    program = "from sharpflow.rehearsal.memory import peak_memory; print(peak_memory())"
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


# Rehearsals, each in a process of its own.


@pytest.fixture(scope="module")
def small() -> RehearsalPlan:
    sizes = {"patients": 14, "radiograph_height": 300, "children": 20}
    heights = {"whole_image_height": 100, "child_radiograph_height": 100}
    return plan(
        *SMALL,
        phantom=sizes | heights | {"whole_image_patients": 24},
        whole_image={"experiments": ["severity-mobilenetv2-irbs3"]},
        vgg16={"synthetic_joints": {"batch": 8}},
        rehearsal={"steps": 2, "images": 2},
    )


@pytest.fixture(scope="module")
def images(small: RehearsalPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal") / "images"
    folder.mkdir()
    make_radiographs(folder, small.radiographs, body_parts=small.body_parts, n=2, seed=1)
    make_whole_images(folder, small.whole_images, n=2, seed=1)
    return folder


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield


def rehearsed(
    small: RehearsalPlan, name: str, images: Path, folder: Path, **limits: float | None
) -> Rehearsed:
    arguments = rule_of(small, name).parts[0].arguments
    limits = {"limit": None} | limits
    return rehearse_alone(name, arguments, phantom=images, folder=folder, **limits)  # type: ignore[arg-type]


UNITS = {
    "standardize": ("image", 1, 2),
    "make_entropy_masks": ("image", 1, 2),
    "train_unet": ("step", 8, 2),
    "segment": ("image", 1, 8),
    "train_detector": ("step", 8, 2),
    "detect_joints": ("image", 1, 16),
    "make_synthetic_joints": ("joint", 1, 2),
    "train_base": ("step", 8, 2),
    "extract_features": ("crop", 1, 128),
    "train_head": ("epoch", 1, 10),
    "train_network": ("step", 4, 2),
    "explain_network": ("image", 1, 8),
}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", REHEARSALS)
def test_each_rule_is_rehearsed(
    name: str, small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    found = rehearsed(small, name, images, tmp_path / "work")
    measured = found.measured
    assert (found.too_large, found.gpu) == ("", "")
    assert tuple(measured[key] for key in ("unit", "items", "done")) == UNITS[name]
    assert measured["seconds"] > 0
    # Python with numpy and pandas at least; for trainings, with TensorFlow or torch.
    least = 300e6 if name.startswith("train") else 80e6
    assert least < measured["host_bytes"] < 8e9
    assert measured["gpu_bytes"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_takes_too_much_is_ended(
    small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    found = rehearsed(small, "standardize", images, tmp_path / "work", limit=30e6)
    assert found == Rehearsed({}, "needs more than the 0.0 GB of memory that it may take")
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_takes_too_long_is_ended(
    small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    found = rehearsed(small, "standardize", images, tmp_path / "work", seconds=0.1)
    assert found.too_large == "was not done in 0 minutes"


def test_a_rehearsal_that_the_kernel_kills_does_not_fit(
    small: RehearsalPlan, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr(alone.sys, "executable", str(killed))
    found = rehearsed(small, "standardize", images, tmp_path / "work")
    assert found.too_large.startswith("was killed")


def test_a_rehearsal_that_fails_says_why(
    small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    arguments = rule_of(small, "train_detector").parts[0].arguments
    wrong = arguments | {"settings": arguments["settings"] | {"model": "yolov9000"}}
    with pytest.raises(UserError, match="train_detector failed: detector model is 'yolov9000'"):
        rehearse_alone(
            "train_detector", wrong, phantom=images, folder=tmp_path / "work", limit=None
        )
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_is_stopped_leaves_nothing(
    small: RehearsalPlan, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[str]] = []

    def stopped(process: subprocess.Popen[str], *_: Any) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(alone, "_watched", stopped)
    with pytest.raises(KeyboardInterrupt):
        rehearsed(small, "standardize", images, tmp_path / "work")
    assert started[0].returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_copies_fill_a_batch_and_keep_their_boxes(images: Path) -> None:
    two = radiographs(images, "hand")
    copies = two.copies(5)
    assert len(two.rows) == 2
    assert copies.rows["image_id"].is_unique
    assert len(copies.boxes) == 5 * 10
    for number in range(5):
        first = number % 2
        assert (copies.images[number] == two.images[first]).all()
        assert (copies.masks[number] == two.masks[first]).all()
        assert lefts(copies, number) == lefts(two, first)
    assert lefts(two, 0) != lefts(two, 1)


def lefts(of: Radiographs, number: int) -> list[float]:
    """The left sides of a radiograph's boxes."""
    return of.boxes.loc[of.boxes["image_id"] == of.rows["image_id"][number], "x_min"].tolist()


def test_a_batch_more_validates(images: Path) -> None:
    split = radiographs(images, "foot").for_training(batch=3, steps=2).rows["split"]
    assert split.tolist() == ["train"] * 6 + ["validation"] * 3
