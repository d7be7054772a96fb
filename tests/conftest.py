"""Small studies, run once a session; tests must leave them finished."""

import shutil
from pathlib import Path

import pytest

from tests.workflow.projects import Project, make_project, make_whole_project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a file's tests to one worker, and all that share a finished study or a cluster."""
    for item in items:
        folder = item.path.parent.name
        group = folder if folder in ("workflow", "slurm") else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn films, scores and boxes in the layout of RA2-DREAM and labelImg."""
    from sharpflow.phantom.cohort import draw_joint_cohort

    folder = tmp_path_factory.mktemp("drawn") / "cohort"
    draw_joint_cohort(folder, patients=14, seed=3, height=300, workers=2)
    shutil.rmtree(folder / "truth")
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Project:
    """The small joint study, run to its end."""
    project = make_project(tmp_path_factory.mktemp("finished"), cohort)
    project.run()
    return project


@pytest.fixture(scope="session")
def finished_whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small whole-image study, run to its end."""
    project = make_whole_project(tmp_path_factory.mktemp("whole"))
    project.run()
    return project
