"""The small studies through `snakemake --profile slurm` give what they give on one machine."""

from pathlib import Path

from tests.workflow.projects import Project, make_project, make_whole_image_project

from .cluster import devices_seen
from .runs import for_cluster, jobs_of, most_at_once

ON_GPUS = (
    "train_unet",
    "segment",
    "train_detector",
    "detect_joints",
    "train_base",
    "extract_features",
    "train_network",
    "explain_network",
)


def test_whole_images_give_the_same_tables(finished_whole_image: Project, tmp_path: Path) -> None:
    project = for_cluster(make_whole_image_project(tmp_path))
    project.run()
    _assert_same(project, finished_whole_image, "tables", "whole_image")
    _assert_placed(project, on_gpus={"train_network", "explain_network"})


def test_joints_give_the_same_tables(finished: Project, cohort: Path, tmp_path: Path) -> None:
    project = for_cluster(make_project(tmp_path, cohort))
    project.run()
    _assert_same(project, finished, "tables", "scores", "heads", "detection", "unet")
    _assert_placed(project, on_gpus=set(ON_GPUS) - {"train_network", "explain_network"})


def _assert_same(project: Project, expected: Project, *folders: str) -> None:
    """Tables and weights are those of the run on one machine, to the byte."""
    compared = 0
    for path in (path for folder in folders for path in (expected.results / folder).rglob("*.*")):
        if path.suffix in (".csv", ".pt") and path.name != "history.csv":  # which holds times
            name = path.relative_to(expected.results)
            assert (project.results / name).read_bytes() == path.read_bytes(), name
            compared += 1
    assert compared > 10


def _assert_placed(project: Project, on_gpus: set[str]) -> None:
    """GPU rules saw a device each, in the gpu partition, two at once at most; others saw none."""
    jobs, seen = jobs_of(project), devices_seen()
    assert {job.state for job in jobs} == {"COMPLETED"}
    placed = [job for job in jobs if job.partition == "gpu"]
    assert {rule for rule in on_gpus if any(rule in job.name for job in placed)} == on_gpus
    assert all(seen[job.number] == {"0"} for job in placed)
    assert most_at_once(placed) <= 2
    others = [job for job in jobs if job.partition == "cpu"]
    assert others
    assert not any(rule in job.name for job in others for rule in ON_GPUS)
    assert all(seen[job.number] == {"none"} for job in others)
