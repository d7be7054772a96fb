"""The script that scores the test joints: nothing of a joint that was trained on gets out."""

from pathlib import Path

import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, BodyPart
from sharpflow.cohorts.splits import split_joints
from sharpflow.files import read_table, write_table

from .scripts import run_script

PATIENTS = {"P1": "train", "P2": "train", "P3": "train", "P4": "validation", "P5": "test"}
JOINTS = [joint.name for joint in DETECTED_JOINTS[BodyPart.FOOT]]
RADIOGRAPHS = pd.DataFrame(
    {
        "image_id": [f"{patient}-LF" for patient in PATIENTS],
        "patient": list(PATIENTS),
        "visit": "1",
        "limb": "LF",
    }
)
SHARES = {"test": 0.2, "validation": 0.25, "random_state": 42}
BOX = {"confidence": 0.9, "x_min": 1.0, "y_min": 1.0, "x_max": 5.0, "y_max": 5.0}


def score(folder: Path, unit: str, lost: tuple[str, str]) -> pd.DataFrame:
    """Score five feet, one joint not found; predicted are 1 of test joints and 9 of the others."""
    folder.mkdir()
    split = pd.DataFrame(PATIENTS.items(), columns=["patient", "split"])
    joints = split_joints(RADIOGRAPHS.merge(split, on="patient"), unit=unit, **SHARES)
    is_lost = (joints["image_id"] == lost[0]) & (joints["joint"] == lost[1])
    found = joints[~is_lost]
    predicted = found.assign(predicted=found["split"].map({"test": 1}).fillna(9).astype(int))
    tables = {
        "rows": RADIOGRAPHS,
        "split": split,
        "joints": found[["image_id", "joint"]].assign(rule="template", **BOX),
        "erosion": predicted,
        "narrowing": predicted,
        "scores": pd.DataFrame(columns=["patient", "visit", "limb", "joint", "damage", "score"]),
    }
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    path = {name: f"{folder}/{name}.csv" for name in tables}
    source = {
        "split": path["split"],
        "scores": path["scores"],
        "rows": [path["rows"]],
        "joints": [path["joints"]],
        "predictions": [path["erosion"], path["narrowing"]],
    }
    run_script(
        "score_radiographs",
        folder,
        input=source,
        output={"joints": f"{folder}/out.csv"},
        params={
            "models": ["erosion-foot", "narrowing-foot"],
            "rule": "template",
            "split": {"unit": unit, **SHARES},
        },
    )
    return read_table(folder / "out.csv")


def test_only_joints_of_the_test_split_are_scored(tmp_path: Path) -> None:
    by_patient = score(tmp_path / "patient", "patient", ("P5-LF", JOINTS[0]))
    assert by_patient["image_id"].tolist() == ["P5-LF"] * len(JOINTS)
    assert by_patient["state"].tolist() == ["not found"] + ["scored"] * (len(JOINTS) - 1)

    split = pd.DataFrame(PATIENTS.items(), columns=["patient", "split"])
    joints = split_joints(RADIOGRAPHS.merge(split, on="patient"), unit="joint", **SHARES)
    tested = joints.loc[joints["split"] == "test", ["image_id", "joint"]]
    lost = tuple(tested.iloc[0])
    by_joint = score(tmp_path / "joint", "joint", lost)
    assert set(by_joint["patient"]) - {"P5"}  # test joints of patients who train
    assert by_joint[["image_id", "joint"]].to_numpy().tolist() == tested.to_numpy().tolist()
    assert by_joint["state"].tolist() == ["not found"] + ["scored"] * (len(tested) - 1)
    assert set(by_joint["erosion_predicted"].dropna()) == {1}
    assert set(by_joint["narrowing_predicted"].dropna()) == {1}
