"""Killed at any moment and started again, the run goes on and gives the same tables."""

import shutil
import time
from pathlib import Path

import pytest

from .projects import LIMIT, Project, kill

TARGETS = ("tables", "results/small/scores/totals.csv")  # figures would only take longer
# What is made again: of hands from the first stage on, and what learns from hands and feet.
DELETED = (
    *(
        "standardized/joints/hand",
        "masks/unet/hand",
        "unet/hand",
        "detector/hand",
        "detection/hand",
    ),
    *("crops/hand", "vgg16", "features", "heads", "scores", "tables", "logs"),
)
# A file that shows that a stage has begun; the run is killed a moment later.
MOMENTS = (
    *("logs/standardize/joints-hand-00.log", "logs/train_unet/hand.log"),
    *("logs/train_detector/hand.log", "logs/train_base.log"),
)


@pytest.fixture
def undone(finished: Project, tmp_path: Path) -> Project:
    """The small study without part of its results."""
    folder = tmp_path / "study"
    shutil.copytree(finished.folder, folder, symlinks=True)
    project = Project(folder, finished.study)
    for name in DELETED:
        shutil.rmtree(project.results / name)
    return project


def test_a_killed_run_ends_with_the_same_tables(finished: Project, undone: Project) -> None:
    planned = undone.planned(*TARGETS)
    assert planned["train_unet"] == planned["train_detector"] == planned["train_base"] == 1
    assert planned["train_head"] == 4
    killed = 0
    for moment in MOMENTS:
        process = undone.start(*TARGETS, "--rerun-incomplete")
        if _wait_for(undone.results / moment, process):
            kill(process)
            killed += 1
        undone.run("--unlock")
    assert killed == len(MOMENTS)
    undone.run(*TARGETS, "--rerun-incomplete")

    names = [path.relative_to(finished.results) for path in _tables(finished)]
    assert len(names) > 10
    assert names == [path.relative_to(undone.results) for path in _tables(undone)]
    for name in names:
        ours, whole = (study.results / name for study in (undone, finished))
        assert ours.read_bytes() == whole.read_bytes(), name


def _tables(project: Project) -> list[Path]:
    folders = ("tables", "scores", "heads", "detection", "unet")
    return sorted(path for name in folders for path in (project.results / name).rglob("*.csv"))


def _wait_for(path: Path, process: object) -> bool:
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if path.exists():
            time.sleep(3)
            return process.poll() is None
        if process.poll() is not None:
            return False
        time.sleep(0.2)
    pytest.fail(f"{path} did not appear")
