"""Killed at any moment and started again, the run goes on and gives the same tables."""

import time
from pathlib import Path

import pytest

from .projects import LIMIT, Project, kill, make_project

TARGETS = ("tables", "results/small/scores/totals.csv")  # figures would only take longer
# A file that shows that a stage has begun; the run is killed a moment later.
MOMENTS = ("logs/check_cohort", "logs/train_unet", "logs/train_detector", "logs/train_base.log")


def test_a_killed_run_ends_with_the_same_tables(
    finished: Project, tmp_path: Path, cohort: Path
) -> None:
    project = make_project(tmp_path, cohort)
    killed = 0
    for moment in MOMENTS:
        process = project.start(*TARGETS, "--rerun-incomplete")
        if _wait_for(project.results / moment, process):
            kill(process)
            killed += 1
        project.run("--unlock")
    assert killed == len(MOMENTS)
    project.run(*TARGETS, "--rerun-incomplete")

    names = [path.relative_to(finished.results) for path in _tables(finished)]
    assert len(names) > 10
    assert names == [path.relative_to(project.results) for path in _tables(project)]
    for name in names:
        ours, whole = (study.results / name for study in (project, finished))
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
