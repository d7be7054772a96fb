"""Synthetic cohorts of whole images: their layout, their truth, the same bytes each time."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import ALL_SITES, BodyPart
from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.check_whole_images import check_bone_age, check_whole_images
from sharpflow.cohorts.whole_images import MOST, list_whole_images
from sharpflow.files import read_table
from sharpflow.phantom.bones.measurements import SIZE_BY_SEX, SIZE_SD
from sharpflow.phantom.cohorts.bone_age import make_bone_age_cohort
from sharpflow.phantom.cohorts.joints import make_joint_cohort
from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort, who
from sharpflow.whole_image.data.packing import pack

PATIENTS, CHILDREN, HEIGHT, SEED = 3, 11, 110, 5


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    make_whole_image_cohort(
        folder, patients=PATIENTS, seed=SEED, height=HEIGHT, workers=1, severity=3.0
    )
    return folder


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bone_age")
    make_bone_age_cohort(folder, children=CHILDREN, seed=SEED, height=HEIGHT, workers=1)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_most_is_the_methods() -> None:
    assert MOST == 280


def test_workers_change_no_byte(hands: Path, children: Path, tmp_path: Path) -> None:
    make_whole_image_cohort(
        tmp_path / "w", patients=PATIENTS, seed=SEED, height=HEIGHT, workers=2, severity=3.0
    )
    assert digests(tmp_path / "w") == digests(hands)
    make_bone_age_cohort(tmp_path / "b", children=CHILDREN, seed=SEED, height=HEIGHT, workers=2)
    assert digests(tmp_path / "b") == digests(children)


def test_everybody_is_the_same_in_a_larger_cohort(
    hands: Path, children: Path, tmp_path: Path
) -> None:
    make_whole_image_cohort(
        tmp_path / "w", patients=1, seed=SEED, height=HEIGHT, workers=1, severity=3.0
    )
    assert digests(tmp_path / "w")["images/UAB001-BH.jpg"] == digests(hands)["images/UAB001-BH.jpg"]
    make_bone_age_cohort(tmp_path / "b", children=10, seed=SEED, height=HEIGHT, workers=1)
    larger = digests(children)
    smaller = {n: d for n, d in digests(tmp_path / "b").items() if n.endswith(".png")}
    assert len(smaller) == 10
    assert smaller.items() <= larger.items()


def test_patients_are_the_joint_cohorts(hands: Path, tmp_path: Path) -> None:
    """Same seed, same names: the same scores of every site of the hands, and so the total."""
    make_joint_cohort(tmp_path, patients=2, seed=SEED, height=60, workers=1, severity=3.0)
    single = read_table(tmp_path / "truth" / "joints.csv")
    single["limb"] = single["image_id"].str[-2:]
    single["patient"] = single["image_id"].str[:-3]
    both = read_table(hands / "truth" / "joints.csv")
    both["patient"] = both["image_id"].str[:-3]
    keys = ["patient", "limb", "joint"]
    pairs = single.merge(both, on=keys, suffixes=("_single", "_both"))
    assert len(pairs) == 2 * 2 * len(ALL_SITES[BodyPart.HAND])
    for damage in ("erosion", "narrowing"):
        assert pairs[f"{damage}_single"].equals(pairs[f"{damage}_both"])
    totals = pairs.groupby("patient")[["erosion_both", "narrowing_both"]].sum().sum(axis=1)
    labels = read_table(hands / "labels.csv").set_index("patient")
    assert labels.loc[totals.index, "total"].tolist() == totals.tolist()
    assert (totals > 0).any()


def test_drawn_hands_pass_the_check(hands: Path) -> None:
    columns = {name: name for name in ("image", "patient", "total", "age", "sex")}
    sources = (hands / "labels.csv", hands / "images", columns)
    images, packed, unpacked = pack(list_whole_images(*sources).paths(), 32)
    checked = check_whole_images(*sources, packed=packed, unpacked=unpacked)
    assert checked.problems.empty
    assert images.shape == (PATIENTS, 32, 32)
    labels = read_table(hands / "labels.csv")
    assert checked.images["total"].tolist() == labels["total"].tolist()
    assert checked.images["patient"].tolist() == ["UAB001", "UAB002", "UAB003"]
    assert checked.images["age"].between(25, 85).all()


def test_joints_lie_on_their_radiograph_the_left_hand_to_the_left(hands: Path) -> None:
    radiographs = read_table(hands / "truth" / "radiographs.csv").set_index("image_id")
    joints = read_table(hands / "truth" / "joints.csv")
    for image_id, sites in joints.groupby("image_id"):
        radiograph = cv2.imread(str(hands / "images" / f"{image_id}.jpg"), cv2.IMREAD_GRAYSCALE)
        height, width = radiograph.shape
        assert (height, width) == tuple(radiographs.loc[image_id, ["height", "width"]])
        assert sites["x"].between(0, width - 1).all()
        assert sites["y"].between(0, height - 1).all()
        middle = sites.groupby("limb")["x"].mean()
        assert middle["LH"] < width / 2 < middle["RH"]
        assert sites.groupby("limb").size().tolist() == [len(ALL_SITES[BodyPart.HAND])] * 2


def test_sex_and_size_of_a_person_agree() -> None:
    people = [who(f"UAB{number:03d}", 1) for number in range(300)]
    sizes = {
        sex: np.array([person.scale for person, _, other in people if other == sex])
        for sex in ("F", "M")
    }
    assert 0.6 < len(sizes["F"]) / 300 < 0.8
    for sex, name in (("F", "female"), ("M", "male")):
        relative = sizes[sex] / SIZE_BY_SEX[name]
        assert np.abs(relative - 1).max() <= 2.2 * SIZE_SD + 1e-9
        assert relative.mean() == pytest.approx(1, abs=0.02)


def test_drawn_children_pass_the_check(children: Path) -> None:
    sources = tuple(
        children / f"boneage-{part}-dataset{suffix}"
        for part in ("training", "validation")
        for suffix in (".csv", "")
    )
    _, packed, unpacked = pack(list_bone_age(*sources).paths(), 32)
    checked = check_bone_age(*sources, packed=packed, unpacked=unpacked)
    assert checked.problems.empty
    truth = read_table(children / "truth" / "radiographs.csv").set_index("image_id")
    images = checked.images.set_index("image_id")
    assert len(images) == CHILDREN
    assert images["months"].to_dict() == truth["months"].astype(float).to_dict()
    assert images["male"].to_dict() == truth["male"].to_dict()
    assert images["part"].value_counts().to_dict() == {"training": 10, "validation": 1}


def test_tables_have_the_rsnas_columns(children: Path) -> None:
    training = pd.read_csv(children / "boneage-training-dataset.csv")
    validation = pd.read_csv(children / "boneage-validation-dataset.csv")
    assert list(training) == ["id", "boneage", "male"]
    assert set(validation) == {"Image ID", "Bone Age (months)", "male"}
    assert training["male"].dtype == validation["male"].dtype == bool


def test_a_part_without_children_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a part would be empty"):
        make_bone_age_cohort(tmp_path, children=5, seed=1, height=80, workers=1)
