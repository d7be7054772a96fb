"""Small studies, run once a session; tests must leave them finished.

Where SHARPFLOW_STUDIES names a folder they are kept there, for a session that follows.
"""

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


# Of tests/workflow: they change no finished study that others need.
ON_THEIR_OWN = (
    *("test_gpu_limit.py", "test_plan.py", "test_rehearsal.py", "test_surviving_jobs.py"),
    "test_whole_image_study.py",  # whose study is made in a moment
)


class ByStudy(LoadScopeScheduling):
    """Gives a file's tests to one worker, and all that share a finished study or a cluster."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.split("::", maxsplit=1)[0])
        shares = path.parent.name in ("workflow", "slurm") and path.name not in ON_THEIR_OWN
        return path.parent.name if shares else path.name


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStudy:
    """Group by path: pytest-xdist 3.8 does not see groups that are marked with pytest 9.2."""
    return ByStudy(config, log)


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
    """A study run to its end: here, or in a session before this one, by whichever worker."""
    kept, worker = os.environ.get("SHARPFLOW_STUDIES"), os.environ.get("PYTEST_XDIST_WORKER")
    folder = Path(kept, worker or "alone", name) if kept else tmp_path_factory.mktemp(name)
    ended = folder / "study_name.txt"
    if kept and not worker:
        ended = next(Path(kept).glob(f"*/{name}/{ended.name}"), ended)
        folder = ended.parent
    if ended.exists():
        return Project(folder, ended.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    project = make(folder)
    project.run()
    ended.write_text(project.study)
    return project
