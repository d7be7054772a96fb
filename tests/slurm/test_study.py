"""The small studies through `snakemake --profile slurm` give what they give on one machine."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflow.projects import Project, make_project, make_whole_image_project

from .cluster import devices_seen
from .runs import for_cluster, jobs_of, most_at_once

OF_JOINTS = ("segment", "detect_joints", "extract_features")
TRAININGS_OF_JOINTS = ("train_unet", "train_detector", "train_base")
OF_WHOLE_IMAGES = ("train_network", "explain_network")
ON_GPUS = (*OF_JOINTS, *TRAININGS_OF_JOINTS, *OF_WHOLE_IMAGES)
# What the trained networks of the joint pipeline make, and all that follows.
BEHIND_TRAININGS = ("masks/unet", "detection", "crops", "features", "heads", "scores", "tables")


def test_whole_images_give_the_same_tables(finished_whole_image: Project, tmp_path: Path) -> None:
    project = for_cluster(make_whole_image_project(tmp_path))
    project.run()
    _assert_same(project, finished_whole_image, "tables", "whole_image")
    _assert_placed(project, OF_WHOLE_IMAGES)


def test_joints_behind_their_trained_networks_give_the_same_tables(
    finished: Project, tmp_path: Path
) -> None:
    copy = replace(finished, folder=tmp_path / "study")
    shutil.copytree(finished.folder, copy.folder, symlinks=True)
    for name in BEHIND_TRAININGS:
        shutil.rmtree(copy.results / name)
    project = for_cluster(copy)
    project.run()
    _assert_same(project, finished, "tables", "scores", "heads", "detection")
    _assert_placed(project, OF_JOINTS)


@pytest.mark.slow
def test_joints_give_the_same_tables(finished: Project, cohort: Path, tmp_path: Path) -> None:
    project = for_cluster(make_project(tmp_path, cohort))
    project.run()
    _assert_same(project, finished, "tables", "scores", "heads", "detection", "unet")
    _assert_placed(project, (*OF_JOINTS, *TRAININGS_OF_JOINTS))


def _assert_same(project: Project, expected: Project, *folders: str) -> None:
    """Tables and weights are those of the run on one machine, to the byte."""
    compared = 0
    for path in (path for folder in folders for path in (expected.results / folder).rglob("*.*")):
        if path.suffix in (".csv", ".pt") and path.name != "history.csv":  # which holds times
            name = path.relative_to(expected.results)
            assert (project.results / name).read_bytes() == path.read_bytes(), name
            compared += 1
    assert compared > 10


def _assert_placed(project: Project, on_gpus: Iterable[str]) -> None:
    """GPU rules saw a device each, in the gpu partition, two at once at most; others saw none."""
    jobs, seen = jobs_of(project), devices_seen()
    assert {job.state for job in jobs} == {"COMPLETED"}
    placed = [job for job in jobs if job.partition == "gpu"]
    assert all(any(rule in job.name for job in placed) for rule in on_gpus)
    assert all(seen[job.number] == {"0"} for job in placed)
    assert most_at_once(placed) <= 2
    others = [job for job in jobs if job.partition == "cpu"]
    assert others
    assert not any(rule in job.name for job in others for rule in ON_GPUS)
    assert all(seen[job.number] == {"none"} for job in others)
