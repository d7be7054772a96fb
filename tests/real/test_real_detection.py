"""A detector trained on 12 boxed real hands finds and names the joints of 6 others.

The folder that SHARPFLOW_RADIOGRAPHS names holds images/<id>.png and joints_voc/<id>.xml; without
it these tests are skipped. The hands, sorted by id, are dealt into three parts (first, fourth, ...
to the first part), since their boxes were drawn by two conventions in runs of ids.
"""

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.cohort.boxes import read_boxes
from sharpflow.detection.crops import to_standard
from sharpflow.detection.dataset import write_detector_set
from sharpflow.detection.detect import detect
from sharpflow.detection.identity import name_films
from sharpflow.detection.training import train_detector
from sharpflow.evaluation.detection import detection_table, true_joints_from_boxes
from sharpflow.imaging.standardize import standardize

FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHARPFLOW_RADIOGRAPHS names no folder")
OTHER_CLASSES = ("DIP", "Radius", "Ulna", "Wrist")
HEIGHT, WIDTH, SIZE = 480, 384, 320
PARTS = 3


@pytest.fixture(scope="module")
def hands():
    """Standardized films, their rows, and the boxes of PIP and MCP joints in their pixels."""
    folder = Path(str(FOLDER))
    films, rows = [], []
    for label in sorted((folder / "joints_voc").glob("*.xml")):
        film = cv2.imread(str(folder / "images" / f"{label.stem}.png"), cv2.IMREAD_GRAYSCALE)
        standard, placement = standardize(film, HEIGHT, WIDTH, 0.0)
        films.append(standard)
        rows.append((label.stem, label.stem, "LH", "hand", *film.shape, *placement))
    columns = ["image_id", "patient", "limb", "limb_kind", "height", "width"]
    table = pd.DataFrame(rows, columns=[*columns, "scale", "x_offset", "y_offset"])
    boxes, problems = read_boxes(folder / "joints_voc", table, OTHER_CLASSES)
    assert not problems
    return np.stack(films), table, to_standard(boxes, table)


def test_template_names_all_hand_drawn_boxes_as_their_order_does(hands):
    _, rows, boxes = hands
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    named = name_films(boxes, limbs)
    by_rule = named.set_index(["image_id", "joint"]).groupby("rule")["x_min"]
    paper, template = by_rule.get_group("paper"), by_rule.get_group("template")
    assert len(paper) == len(boxes)
    pd.testing.assert_series_equal(paper, template)


@pytest.mark.slow
@pytest.mark.xfail(
    reason="a like training (350 steps from the phantom's weights) named 42 to 67%: twelve films "
    "are few, exposures are dark, and the first six films by id are boxed more tightly, so that "
    "joints which are found there miss an IoU of 0.5"
)
@pytest.mark.parametrize("part", range(PARTS))
def test_most_joints_of_unseen_hands_are_found_and_named(hands, part, tmp_path):
    films, rows, boxes = hands
    number = np.arange(len(rows))
    split = np.where(number % PARTS == part, "test", "train").astype(object)
    split[np.flatnonzero(split == "train")[5]] = "validation"
    splits = pd.DataFrame({"patient": rows["patient"], "split": split})
    data, out = tmp_path / "set", tmp_path / "out"
    write_detector_set(data, films, rows, boxes, splits, kind="hand", image_size=SIZE)
    train_detector(
        data,
        out=out,
        model="yolov3-tiny-3l",
        image_size=SIZE,
        batch=6,
        max_batches=600,
        optimizer="AdamW",
        learning_rate=0.001,
        precision="auto",
        seed=1,
    )
    test = split == "test"
    found = detect(out / "best.pt", films[test], rows[test], kind="hand", image_size=SIZE)
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    table = detection_table(
        true_joints_from_boxes(boxes, limbs),
        found,
        name_films(found, limbs),
        rows[test],
        data="real hands",
    ).set_index("rule")
    assert table.loc["template", "n_joints"] == 60
    assert table.loc["template", "named_right"] >= 0.9
