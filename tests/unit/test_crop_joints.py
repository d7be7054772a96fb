"""The script that cuts joints out: which naming rule and which split its crops follow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import DETECTED_JOINTS, BodyPart
from sharpflow.files import read_table, write_table
from sharpflow.imaging.shards import write_shard
from sharpflow.joints.scoring.choose_crops import choose_crops

from .scripts import run_script

PATIENTS = [f"P{number}" for number in range(1, 6)]
JOINTS = [joint.name for joint in DETECTED_JOINTS[BodyPart.FOOT]]
BOX = {"x_min": 10.0, "y_min": 10.0, "x_max": 20.0, "y_max": 22.0}
SPLIT_OF_A = ("train", "validation", "test", "test")
SPLIT_OF_B = ("train", "test", "validation", "train")


def boxes(patients: list[str], **columns: object) -> pd.DataFrame:
    rows = [{"image_id": f"{p}-LF", "joint": name, **BOX} for p in patients for name in JOINTS]
    return pd.DataFrame(rows).assign(**columns)


def cut(folder: Path, *, rule: str = "template", unit: str = "patient") -> pd.DataFrame:
    """Run the script on five feet; by rule "paper" the joints of the first two have no names.

    The detector learned from the labels of the first.
    """
    radiographs = [np.full((40, 32), 50, np.uint8)] * len(PATIENTS)
    rows = pd.DataFrame({"image_id": [f"{p}-LF" for p in PATIENTS], "patient": PATIENTS})
    write_shard(folder / "radiographs.npy", radiographs, rows.assign(visit="1", limb="LF"))
    write_shard(folder / "masks.npy", radiographs, rows)
    named = pd.concat(
        [boxes(PATIENTS, rule="template"), boxes(PATIENTS[2:], rule="paper")], ignore_index=True
    )
    splits = ["train", "train", "train", "validation", "test"]
    tables = {
        "joints": named,
        "true_joints": boxes(PATIENTS[:1]),
        "boxed": rows[["image_id"]].head(1),
        "split": pd.DataFrame({"patient": PATIENTS, "split": splits}),
    }
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    given = {
        "input": {"images": [f"{folder}/radiographs.npy"], "masks": [f"{folder}/masks.npy"]}
        | {name: f"{folder}/{name}.csv" for name in tables},
        "output": {"crops": f"{folder}/crops.npy", "rows": f"{folder}/crops.csv"},
        "params": {
            "rule": rule,
            "settings": {"jitter": 0.0, "size": 16, "margin": 0.1},
            "split": {"unit": unit, "test": 0.2, "validation": 0.25, "random_state": 42},
            "seed": 1,
        },
        "wildcards": {"body_part": "foot"},
    }
    run_script("crop_joints", folder, **given)
    crops: pd.DataFrame = read_table(folder / "crops.csv")
    assert np.load(folder / "crops.npy").shape == (len(crops), 16, 16)
    return crops


@pytest.mark.parametrize("rule", ["template", "paper"])
def test_crops_are_of_the_joints_that_the_chosen_rule_named(tmp_path: Path, rule: str) -> None:
    crops = cut(tmp_path, rule=rule)
    detected = crops.loc[crops["source"] == "detected", "patient"].unique().tolist()
    assert detected == (PATIENTS[1:] if rule == "template" else PATIENTS[2:])
    # The radiograph whose labels trained the detector is cut by its labels, whatever the rule.
    assert crops.loc[crops["source"] == "labelled", "patient"].unique().tolist() == PATIENTS[:1]


def test_split_by_joint_divides_patients_and_split_by_patient_does_not(tmp_path: Path) -> None:
    for unit in ("patient", "joint"):
        (tmp_path / unit).mkdir()
    whole = cut(tmp_path / "patient")
    assert len(whole[["patient", "split"]].drop_duplicates()) == len(PATIENTS)
    divided = cut(tmp_path / "joint", unit="joint")
    assert len(divided[["patient", "split"]].drop_duplicates()) > len(PATIENTS)
    # 20% of 30 joints, and a quarter of the rest
    assert divided["split"].value_counts().to_dict() == {"train": 18, "validation": 6, "test": 6}
    key = ["image_id", "joint"]
    pd.testing.assert_frame_equal(divided[key], whole[key])


def test_no_test_joint_is_cropped_from_a_labelled_box() -> None:
    """Radiograph A is labelled, and the detector learned from it; B is a test patient's."""
    splits = {
        **{("A", joint): split for joint, split in zip("abcd", SPLIT_OF_A, strict=True)},
        **{("B", joint): split for joint, split in zip("abcd", SPLIT_OF_B, strict=True)},
    }
    joints = pd.DataFrame(
        [(*key, f"P{key[0]}", "1", "LF", split) for key, split in splits.items()],
        columns=["image_id", "joint", "patient", "visit", "limb", "split"],
    )
    given = joints[["image_id", "joint"]]
    detected = given[given["joint"] != "d"].assign(**BOX)  # d was not found on either
    crops = choose_crops(
        detected=detected,
        labelled=given.assign(**BOX | {"x_max": 99.0}),
        radiographs=pd.DataFrame({"image_id": ["A", "B"], "split": ["train", "test"]}),
        joints=joints,
        learned_from=["A", "B"],
        jitter=0.0,
        seed=1,
    )
    sources = crops.set_index(["image_id", "joint"])[["split", "source", "x_max"]]
    expected = {
        ("A", "a"): ("train", "labelled", 99.0),
        ("A", "b"): ("validation", "labelled", 99.0),
        ("A", "c"): ("test", "detected", 20.0),  # and d, which was not found, has no crop
        ("B", "a"): ("train", "detected", 20.0),
        ("B", "b"): ("test", "detected", 20.0),
        ("B", "c"): ("validation", "detected", 20.0),
    }
    assert {row.Index: tuple(row)[1:] for row in sources.itertuples()} == expected
