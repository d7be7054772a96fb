"""`snakemake score` with a made-up bundle: nothing is trained, and only what changed runs again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sharpflow.files import read_table
from tests.unit.joint_bundles import write_joint_bundle
from tests.unit.made_up_networks import HEIGHT, WIDTH

from .projects import Project, copy_workflow

ODD = "Röntgen [1] {x} 'q' \"d\" <y> $HOME"
# Of a study that is not finished only these are looked at.
ALONE = ("score", "--allowed-rules", "score", "score_new_radiographs")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A study on the phantom of which nothing is made but a bundle."""
    project = copy_workflow(tmp_path, "small")
    (tmp_path / "own.yaml").write_text("cohorts: phantom\n")
    folder = project.results / "bundle"
    folder.mkdir(parents=True)
    write_joint_bundle(folder / f"{project.study}.sharpflow")
    return project


def picture(folder: Path, name: str, grey: int = 90) -> Path:
    folder.mkdir(exist_ok=True)
    image = np.full((HEIGHT, WIDTH), grey, np.uint8)
    image[::2, ::3] += 40
    Image.fromarray(image).save(folder / name)
    return folder / name


def test_what_changed_is_scored_again(project: Project) -> None:
    scans = project.folder / ODD
    left = picture(scans, "P-LH.png")
    picture(scans, "who [x] 'y'.png")
    (scans / "bad-LH.png").write_bytes(b"no image")
    asked = (*ALONE, "--config", f"score={ODD}")
    assert project.planned(*asked) == {"score_new_radiographs": 1}
    assert "2 of 3 radiographs were scored" in project.run(*asked)
    (made,) = (project.results / "score").iterdir()
    joints = read_table(made / "scores.csv")
    assert set(joints["image_id"]) == {"P-LH", "who_x_y_"}
    assert len(read_table(made / "refused.csv")) == 1
    assert (made / "overlays" / "P-LH.png").exists()
    assert project.planned(*asked) == {}
    shutil.copy(left, project.folder / "kept.png")
    left.unlink()
    shutil.copy(project.folder / "kept.png", left)  # another date, the same content
    assert project.planned(*asked) == {}
    picture(scans, "P-LH.png", grey=120)
    assert project.planned(*asked) == {"score_new_radiographs": 1}
    table = scans / "li,st.csv"
    table.write_text("file,limb,patient\nwho [x] 'y'.png,RF,Q\n")
    by_table = (*ALONE, "--config", f"score={ODD}/{table.name}")
    assert "1 of 1 radiographs were scored" in project.run(*by_table)
    (other,) = set((project.results / "score").iterdir()) - {made}
    assert set(read_table(other / "scores.csv")["patient"]) == {"Q"}


def test_a_study_that_is_not_finished_is_not_trained(project: Project) -> None:
    picture(project.folder / "scans", "P-LH.png")
    ended = project.attempt("score", "--config", "score=scans")
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert (
        "the target score trains nothing of the study: found a study that is not finished" in said
    )
    assert f"--bundle results/{project.study}/bundle/{project.study}.sharpflow" in said
    assert not (project.results / "phantom").exists()
    assert not (project.results / "score").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("score=", "found no radiographs to score; expected a folder"),
        ("score=nowhere", "score: nowhere"),
        ("score=scans", "found no radiograph; expected"),
        ("score=list.csv", "row 2, column limb: found 'XX'"),
    ],
)
def test_what_is_wrong_with_the_radiographs_is_said_in_the_plan(
    project: Project, given: str, said: str
) -> None:
    (project.folder / "scans").mkdir()
    path = picture(project.folder, "a.png")
    (project.folder / "list.csv").write_text(f"file,limb\n{path.name},XX\n")
    ended = project.attempt(*ALONE, "-n", "--config", given)
    assert ended.returncode != 0
    assert said in ended.stdout + ended.stderr
