"""What a detector and a U-Net that learned on the phantom alone find on real hands.

The way of a user without boxes: 100 radiographs, `boxes: phantom`, `confidence: auto`. Entropy
masks and the U-Net learn on the radiographs themselves, the detector on synthetic hands. 18 of the
hands have boxes, of two people who drew them differently (see test_real_detection.py). What the
phantom varies was chosen by eye beside all of them, and no box chose anything; six, three of each
person, one of each third of age, are kept for development, and the other twelve are counted here. A
joint is found and rightly named where each box's centre lies in the other.

The test prints what docs/explanation/results.md has: run it with -s. Where SHARPFLOW_SHEETS names a
folder, the 100 hands with their names and masks are written there as sheets, to be judged by eye.
"""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.cohorts.boxes import read_boxes
from sharpflow.files import read_table
from sharpflow.imaging.shards import read_shards
from sharpflow.joints.detection.confidence import centres_in_each_other
from sharpflow.joints.identification.true_joints import true_joints_from_boxes
from sharpflow.joints.scoring.crops import to_standard

ROOT = Path(__file__).parents[2]
FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
SHEETS = os.environ.get("SHARPFLOW_SHEETS")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="SHARPFLOW_RADIOGRAPHS names no folder"),
    pytest.mark.slow,
]

DEVELOPED_ON = {"2325", "2361", "2390", "6411", "6435", "6473"}
OTHER_CLASSES = ("DIP", "Radius", "Ulna", "Wrist")
OLDER = 150  # months
STUDY = {
    "study": "real",
    "phantom": {"patients": 150, "radiograph_height": 600},
    "checks": {"require_all_limbs": False},
    "split": {"test": 0.1, "validation": 0.15},
    "standardize": {"height": 480, "width": 384},
    "masks": {"window": 11},
    "unet": {
        "height": 192, "width": 160, "filters": 16, "epochs": 40, "batch": 8,
        "learning_rate": 2.0e-3, "patience": 15, "brightness": 0.5,
    },
    "detector": {
        "model": "yolov3-tiny-3l", "weights": "none", "image_size": 320, "batch": 8,
        "max_batches": 1500, "optimizer": "AdamW", "learning_rate": 1.0e-3, "confidence": "auto",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the study, run by Snakemake as a user does."""
    folder = tmp_path_factory.mktemp("study")
    radiographs = sorted(Path(str(FOLDER)).glob("images/*.png"))
    table = pd.DataFrame({"image_id": [path.stem for path in radiographs], "limb": "LH"})
    table["patient"] = table["image_id"]
    table["file"] = [str(path) for path in radiographs]
    table.to_csv(folder / "radiographs.csv", index=False)
    cohort = {"radiographs": "radiographs.csv", "scores": None, "boxes": "phantom"}
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY | {"cohorts": {"joints": cohort}}))
    command = ["-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    ended = subprocess.run(
        [sys.executable, *command, "--configfile", "study.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-6000:]
    return folder / "results" / "real"


@pytest.fixture(scope="module")
def named(results: Path) -> pd.DataFrame:
    """The joints of all hands as the template names them."""
    joints = read_table(results / "detection" / "hand" / "joints.csv")
    return joints[joints["rule"] == "template"]


@pytest.fixture(scope="module")
def boxed(results: Path, named: pd.DataFrame) -> pd.DataFrame:
    """True joints of the twelve hands, whether named, and rightly."""
    radiographs = read_table(results / "cohort/joints/kept/radiographs.csv")
    known = {path.stem for path in Path(str(FOLDER)).glob("joints_voc/*.xml")}
    boxes, problems = read_boxes(
        Path(str(FOLDER)) / "joints_voc",
        radiographs[radiographs["image_id"].isin(known)],
        OTHER_CLASSES,
    )
    assert not problems
    _, rows = read_shards(sorted((results / "standardized/joints/hand").glob("*.npy")))
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    truth = true_joints_from_boxes(to_standard(boxes, rows), limbs, mirrored_share=0.0)
    truth = truth[~truth["image_id"].isin(DEVELOPED_ON)]
    both = truth.merge(named, on=["image_id", "joint"], how="left", suffixes=("", "_found"))
    given = both[[f"{name}_found" for name in BOX_COLUMNS]].to_numpy(float)
    both["named"] = ~np.isnan(given[:, 0])
    both["right"] = centres_in_each_other(both[BOX_COLUMNS].to_numpy(float), given)
    ages = pd.read_csv(
        Path(str(FOLDER)) / "boneage-training-dataset.csv", dtype={"id": str}
    ).set_index("id")["boneage"]
    return both.assign(months=both["image_id"].map(ages))


def test_most_joints_of_hands_that_nothing_was_chosen_on_are_found_and_named(
    boxed: pd.DataFrame,
) -> None:
    for who, part in (
        ("all", boxed),
        (f"under {OLDER} months", boxed[boxed["months"] < OLDER]),
        (f"{OLDER} months and more", boxed[boxed["months"] >= OLDER]),
    ):
        wrong = part["named"] & ~part["right"]
        print(
            f"{who}: {part['image_id'].nunique()} hands, {len(part)} joints, found and rightly "
            f"named {part['right'].sum()} ({part['right'].mean():.3f}), named wrong {wrong.sum()} "
            f"of {part['named'].sum()}"
        )
    assert boxed["image_id"].nunique() == 12 and len(boxed) == 120
    assert boxed["right"].mean() >= 0.8


@pytest.mark.xfail(
    raises=AssertionError, strict=True, reason="4 and 5 of 120 when measured (see results.md)"
)
def test_one_named_joint_in_fifty_at_most_is_wrong(boxed: pd.DataFrame) -> None:
    assert (boxed["named"] & ~boxed["right"]).sum() <= 0.02 * boxed["named"].sum()


def test_most_hands_have_all_ten_joints_named(results: Path, named: pd.DataFrame) -> None:
    complete = named.groupby("image_id").size() == 10
    print(f"{complete.sum()} of 100 hands have all ten joints named")
    if SHEETS:
        draw_sheets(results, named, Path(SHEETS))
    assert complete.sum() >= 60


def draw_sheets(results: Path, named: pd.DataFrame, folder: Path) -> None:
    """Draw the hands, 20 to a sheet, with the outline of their mask and the names of joints."""
    images, rows = read_shards(sorted((results / "standardized/joints/hand").glob("*.npy")))
    masks, _ = read_shards(sorted((results / "masks/unet/hand").glob("*.npy")))
    cells = []
    for number, image_id in enumerate(rows["image_id"]):
        cell = cv2.cvtColor(images[number], cv2.COLOR_GRAY2BGR)
        cell = np.clip(cell * (230 / max(np.percentile(cell, 99), 1)), 0, 255).astype(np.uint8)
        outlines, _ = cv2.findContours(masks[number], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(cell, outlines, -1, (0, 160, 0), 1)
        for joint in named[named["image_id"] == image_id].itertuples():
            low, high = (int(joint.x_min), int(joint.y_min)), (int(joint.x_max), int(joint.y_max))
            cv2.rectangle(cell, low, high, (0, 200, 255), 1)
            cv2.putText(cell, joint.joint, low, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 255, 255), 1)
        cv2.putText(cell, image_id, (2, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
        cells.append(cell)
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(cells), 20):
        lines = [np.hstack(cells[start : start + 5]) for start in range(first, first + 20, 5)]
        cv2.imwrite(str(folder / f"named-{first:03d}.png"), np.vstack(lines))
