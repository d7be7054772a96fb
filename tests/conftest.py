"""Small studies, run once a session; tests must leave their worker's copies finished.

Where SHARPFLOW_STUDIES names a folder they are kept there, for a session that follows.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from sharpflow.workflow.job import THREAD_VARIABLES
from tests.workflow.projects import Project, make_project, make_whole_image_project

# Workers share the processor's cores: with threads of their own each, they would wait for others'.
for _name in (*THREAD_VARIABLES, "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")


class ByFile(LoadScopeScheduling):
    """Gives a file's tests to one worker, and all those on a cluster."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.split("::", maxsplit=1)[0])
        return path.parent.name if path.parent.name == "slurm" else path.name


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Group by path: pytest-xdist 3.8 does not see groups that are marked with pytest 9.2."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic radiographs, scores and boxes in the layout of RA2-DREAM and labelImg."""
    from sharpflow.phantom.cohorts.joints import make_joint_cohort

    folder = tmp_path_factory.mktemp("synthetic") / "cohort"
    make_joint_cohort(folder, patients=14, seed=3, height=300, workers=2)
    shutil.rmtree(folder / "truth")
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Project:
    """The small joint study, run to its end."""
    return _finished("finished", tmp_path_factory, lambda folder: make_project(folder, cohort))


@pytest.fixture(scope="session")
def finished_whole_image(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small whole-image study, run to its end."""
    return _finished("images", tmp_path_factory, make_whole_image_project)


def _finished(
    name: str, tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path], Project]
) -> Project:
    """A copy, for this worker alone, of a study that one worker runs to its end for all."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = Path(os.environ.get("SHARPFLOW_STUDIES", shared)) / name
    folder.mkdir(parents=True, exist_ok=True)
    ended = folder / "study_name.txt"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            shutil.rmtree(folder / "study", ignore_errors=True)  # of a worker that failed
            (folder / "study").mkdir()
            project = make(folder / "study")
            project.run()
            ended.write_text(project.study)
    own = tmp_path_factory.mktemp(name) / "study"
    shutil.copytree(folder / "study", own, symlinks=True)
    return Project(own, ended.read_text())
