"""Radiographs that train detectors only: whose they are, and how widely they vary."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.cohorts.check_joint_cohort import check_joint_cohort
from sharpflow.files import read_table
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.cohorts.joints import Mix, make_joint_cohort
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.radiographs import SyntheticRadiograph, make_radiograph

HEIGHT = 120


def make(folder: Path, mix: Mix) -> Path:
    make_joint_cohort(folder, patients=2, seed=5, height=HEIGHT, workers=1, severity=3.0, mix=mix)
    return folder


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("grown"), Mix())


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("young"), Mix(children=1.0))


@pytest.fixture(scope="module")
def varied() -> list[SyntheticRadiograph]:
    scores = sample_scores("P", 5, severity=3.0)
    return [
        make_radiograph(code, Person(), scores, seed=number, patient="P", height=160, varied=True)
        for number in range(20)
        for code in ("LH", "RF")
    ]


def test_children_replace_hands_and_nothing_else(grown: Path, young: Path) -> None:
    def same(name: str) -> bool:
        path = f"radiographs/UAB001-{name}.jpg"
        return (grown / path).read_bytes() == (young / path).read_bytes()

    assert [same(name) for name in ("LH", "RH", "LF", "RF")] == [False, False, True, True]


def test_childrens_hands_have_no_damage(young: Path) -> None:
    scores = read_table(young / "scores.csv").set_index("Patient_ID")
    hands = [column for column in scores if column.startswith(("LH", "RH"))]
    joints = read_table(young / "truth" / "joints.csv")
    of_hands = joints[joints["image_id"].str.endswith("H")]
    assert len(hands) > 0 and (scores[hands] == 0).all(axis=None)
    assert of_hands[["erosion", "narrowing"]].isna().all(axis=None)


def test_a_cohort_with_children_passes_the_check_of_every_cohort(young: Path) -> None:
    checked = check_joint_cohort(young / "radiographs", young / "scores.csv", young / "boxes")
    assert checked.summary() == "8 radiographs of 2 patients"


def test_a_share_of_the_patients_are_children(tmp_path: Path) -> None:
    make_joint_cohort(
        tmp_path, patients=12, seed=5, height=40, workers=1, body_parts=["hand"],
        mix=Mix(children=0.5),
    )  # fmt: skip
    months = read_table(tmp_path / "truth" / "radiographs.csv")["months"].astype(float)
    assert 4 <= months.notna().sum() <= 20
    assert months.dropna().between(12, 216).all()


def test_sides_of_a_child_are_as_named(young: Path) -> None:
    for side, thumb_is_right in (("LH", True), ("RH", False)):
        joints = read_table(young / "truth" / "joints.csv").set_index(["image_id", "joint"])["x"]
        apart = float(joints[f"UAB001-{side}", "MCP1"]) - float(joints[f"UAB001-{side}", "MCP5"])
        assert (apart > 0) == thumb_is_right


def test_however_a_radiograph_varies_no_joint_lies_beyond_the_shutters(
    varied: list[SyntheticRadiograph],
) -> None:
    assert any(radiograph.row["collimated"] for radiograph in varied)
    for radiograph in varied:
        height, width = radiograph.image.shape
        for joint in radiograph.joints:
            if joint["class"] is not None:
                assert 0 < joint["x"] < width and 0 < joint["y"] < height
                assert radiograph.mask[int(joint["y"]), int(joint["x"])] > 0


def test_varied_radiographs_vary_beyond_the_usual(varied: list[SyntheticRadiograph]) -> None:
    rows = pd.DataFrame([radiograph.row for radiograph in varied])
    contrast = rows["brightness"] - rows["background"]
    assert rows["rotation"].abs().max() > 15  # usual: at most 12
    assert contrast.min() < 25
    assert contrast.max() > 120
    assert rows["background"].max() > 100
    assert rows["flexion"].max() > 45
    shape = rows["width"] / rows["height"]
    assert shape.min() < 0.7 and shape.max() > 0.95


def test_what_varies_leaves_the_scores(varied: list[SyntheticRadiograph]) -> None:
    scores = sample_scores("P", 5, severity=3.0)
    damages = {damage for _, _, damage in scores}
    for joint in varied[0].joints:
        for damage in damages:
            assert joint[str(damage)] == scores.get(("LH", joint["joint"], damage))


def test_the_same_radiograph_again_is_the_same(varied: list[SyntheticRadiograph]) -> None:
    scores = sample_scores("P", 5, severity=3.0)
    again = make_radiograph("LH", Person(), scores, seed=0, patient="P", height=160, varied=True)
    np.testing.assert_array_equal(again.image, varied[0].image)
    assert cv2.countNonZero(again.mask) == cv2.countNonZero(varied[0].mask)
