"""A synthetic cohort: its layout, its truth, its sides, the same bytes each time."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import ALL_SITES, DETECTED_JOINTS, LIMBS, score_columns
from sharpflow.cohorts.check_joint_cohort import check_joint_cohort
from sharpflow.files import read_table
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.cohorts.joints import make_joint_cohort
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.radiographs import make_radiograph

PATIENTS, HEIGHT = 2, 120


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    make_joint_cohort(folder, patients=PATIENTS, seed=5, height=HEIGHT, workers=1, severity=2.0)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_workers_change_no_byte(cohort: Path, tmp_path: Path) -> None:
    make_joint_cohort(tmp_path, patients=PATIENTS, seed=5, height=HEIGHT, workers=2, severity=2.0)
    assert digests(tmp_path) == digests(cohort)


def test_patient_is_the_same_in_a_larger_cohort_and_another_with_another_seed(
    cohort: Path, tmp_path: Path
) -> None:
    make_joint_cohort(tmp_path / "a", patients=1, seed=5, height=HEIGHT, workers=1, severity=2.0)
    make_joint_cohort(tmp_path / "b", patients=1, seed=6, height=HEIGHT, workers=1, severity=2.0)
    radiograph = "radiographs/UAB001-LH.jpg"
    assert digests(tmp_path / "a")[radiograph] == digests(cohort)[radiograph]
    assert digests(tmp_path / "b")[radiograph] != digests(cohort)[radiograph]


def test_it_passes_the_check_that_every_cohort_passes(cohort: Path) -> None:
    checked = check_joint_cohort(cohort / "radiographs", cohort / "scores.csv", cohort / "boxes")
    assert len(checked.radiographs) == 4 * PATIENTS
    assert checked.boxes.groupby("image_id").size().tolist() == [6, 10, 6, 10] * PATIENTS
    assert checked.problems.empty


def test_scores_are_the_joints_truth_and_add_up(cohort: Path) -> None:
    scores = pd.read_csv(cohort / "scores.csv").set_index("Patient_ID")
    joints = read_table(cohort / "truth" / "joints.csv").set_index(["image_id", "joint"])
    assert len(scores.columns) == 89
    for column, (limb, site, damage) in score_columns().items():
        for patient in scores.index:
            truth = joints.loc[(f"{patient}-{limb}", site.name), str(damage)]
            assert scores.loc[patient, column] == truth
    assert (scores["Overall_Tol"] == scores[list(score_columns())].sum(axis=1)).all()
    parts = scores["Overall_erosion"] + scores["Overall_narrowing"]
    assert (scores["Overall_Tol"] == parts).all()
    assert (scores["Overall_Tol"] > 0).any()


def test_radiographs_masks_and_boxes_fit(cohort: Path) -> None:
    radiographs = read_table(cohort / "truth" / "radiographs.csv")
    joints = read_table(cohort / "truth" / "joints.csv")
    assert len(radiographs) == 4 * PATIENTS
    for radiograph in radiographs.itertuples():
        image = cv2.imread(
            str(cohort / "radiographs" / f"{radiograph.image_id}.jpg"), cv2.IMREAD_UNCHANGED
        )
        mask = cv2.imread(
            str(cohort / "truth" / "masks" / f"{radiograph.image_id}.png"), cv2.IMREAD_UNCHANGED
        )
        assert image.shape == mask.shape == (radiograph.height, radiograph.width)
        assert set(np.unique(mask)) == {0, 255}
        own = joints[joints["image_id"] == radiograph.image_id]
        body_part = LIMBS[radiograph.limb].body_part
        assert own["joint"].tolist() == [site.name for site in ALL_SITES[body_part]]
        assert (own[["x_min", "y_min"]] >= 0).all().all()
        assert (own["x_max"] < radiograph.width).all() and (own["y_max"] < radiograph.height).all()
        assert ((own["x"] > own["x_min"]) & (own["x"] < own["x_max"])).all()
        detected = own[own["joint"].isin([j.name for j in DETECTED_JOINTS[body_part]])]
        rows, columns = detected["y"].round().astype(int), detected["x"].round().astype(int)
        assert (mask[rows, columns] == 255).all()


def test_no_scored_joint_lies_where_standardizing_crops(cohort: Path) -> None:
    radiographs = read_table(cohort / "truth" / "radiographs.csv").set_index("image_id")
    joints = read_table(cohort / "truth" / "joints.csv")
    for joint in joints[joints["class"].notna()].itertuples():
        radiograph = radiographs.loc[joint.image_id]
        kept = 0.9 if LIMBS[radiograph["limb"]].body_part == "hand" else 0.75
        assert joint.y_max <= kept * radiograph["height"]


def test_the_thumb_and_great_toe_tell_the_side() -> None:
    mirrored = []
    for number in range(6):
        scores = sample_scores(f"p{number}", 3)
        for code in LIMBS:
            radiograph = make_radiograph(
                code, Person(), scores, seed=3, patient=f"p{number}", height=60
            )
            x = {row["joint"]: row["x"] for row in radiograph.joints}
            last = "MCP5" if LIMBS[code].body_part == "hand" else "MTP5"
            thumb_right = x["IP"] > x[last]
            assert thumb_right == ((radiograph.row["side"] == "left") != radiograph.row["mirrored"])
            mirrored.append(radiograph.row["mirrored"])
    assert 0 < sum(mirrored) < 8


def test_hands_are_the_same_without_feet(cohort: Path, tmp_path: Path) -> None:
    make_joint_cohort(
        tmp_path, patients=1, seed=5, height=HEIGHT, workers=1, severity=2.0, body_parts=["hand"]
    )
    made = digests(tmp_path)
    images = {name for name in made if name.endswith((".jpg", ".xml"))}
    assert {Path(name).stem for name in images} == {"UAB001-LH", "UAB001-RH"}
    assert all(made[name] == digests(cohort)[name] for name in images)
    check_joint_cohort(
        tmp_path / "radiographs",
        tmp_path / "scores.csv",
        tmp_path / "boxes",
        require_all_limbs=False,
    )
