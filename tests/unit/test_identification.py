"""Names of joints from boxes: mean layouts, moved, turned, mirrored, noisy and incomplete."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, LIMBS
from sharpflow.errors import UserError
from sharpflow.joints.identification.rules import name_joints, name_radiographs
from sharpflow.joints.identification.templates import template

from .scripts import run_script

LIMB_CODES = ["LH", "RH", "LF", "RF"]


def radiograph(limb, *, seed=0, noise=0.4, degrees=0.0, scale=2.0, mirrored=False):
    """Boxes of a limb: its template moved by `noise` tolerances, turned, scaled; rows shuffled."""
    rng = np.random.default_rng(seed)
    layout = template(LIMBS[limb].body_part)
    points = (
        layout.points + rng.normal(size=layout.points.shape) * noise * layout.tolerance[:, None]
    )
    if (LIMBS[limb].side == "right") != mirrored:
        points = points * (-1, 1)
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x, y = (points @ turn.T * scale + (400, 300)).T
    half = 6.0 * scale
    table = pd.DataFrame(
        {
            "class": layout.classes,
            "x_min": x - half,
            "y_min": y - half,
            "x_max": x + half,
            "y_max": y + half,
            "true": layout.names,
        }
    )
    return table.sample(frac=1, random_state=seed).reset_index(drop=True)


def share_right(radiographs, limb, rule):
    named = pd.concat([name_joints(boxes, limb=limb, rule=rule) for boxes in radiographs])
    return (named["joint"] == named["true"]).sum() / sum(map(len, radiographs))


@pytest.mark.parametrize("limb", LIMB_CODES)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [-20, 0, 20])
def test_template_names_complete_radiographs_however_they_lie(limb, mirrored, degrees):
    radiographs = [
        radiograph(limb, seed=seed, degrees=degrees, mirrored=mirrored, scale=0.5 + seed)
        for seed in range(6)
    ]
    assert share_right(radiographs, limb, "template") == 1.0


@pytest.mark.parametrize("limb", LIMB_CODES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_paper_rule_names_complete_radiographs_by_order(limb, mirrored):
    radiographs = [radiograph(limb, seed=seed, degrees=5, mirrored=mirrored) for seed in range(6)]
    assert share_right(radiographs, limb, "paper") == 1.0


def test_fingers_without_a_thumb_keep_their_side_where_no_radiograph_is_mirrored():
    """Alone they look much like the other hand's: a side that is sure settles it."""
    fingers = [f"{joint}{digit}" for joint in ("PIP", "MCP") for digit in (2, 3, 4, 5)]
    swapped = {0.05: 0, 0.0: 0}
    for seed in range(40):
        boxes = radiograph("LH", seed=seed, mirrored=True)
        boxes = boxes[boxes["true"].isin(fingers)].reset_index(drop=True)
        for share in swapped:
            named = name_joints(boxes, limb="LH", rule="template", mirrored_share=share)
            places = dict(zip(named["joint"], named["x_min"], strict=True))
            swapped[share] += places.get("PIP2", 0) < places["PIP5"]
    assert swapped[0.0] == 0
    assert swapped[0.05] > 20


def test_result_is_in_the_order_of_anatomy_and_keeps_columns():
    named = name_joints(radiograph("LH"), limb="LH", rule="paper")
    assert named["joint"].tolist() == [joint.name for joint in DETECTED_JOINTS["hand"]]
    assert set(radiograph("LH").columns) < set(named.columns)


@pytest.mark.parametrize("limb", LIMB_CODES)
@pytest.mark.parametrize("missing", [1, 2])
def test_with_boxes_missing_the_paper_names_none_and_the_template_the_rest(limb, missing):
    radiographs = [
        radiograph(limb, seed=seed, degrees=8)[missing:].reset_index(drop=True)
        for seed in range(20)
    ]
    assert all(name_joints(boxes, limb=limb, rule="paper").empty for boxes in radiographs)
    assert share_right(radiographs, limb, "template") >= (0.97 if missing == 1 else 0.9)


@pytest.mark.parametrize("limb", ["RH", "LF"])
def test_wrong_counts_of_classes_fall_back_to_the_template(limb):
    radiographs = []
    for seed in range(10):
        boxes = radiograph(limb, seed=seed)
        swapped = {"PIP": boxes["class"][boxes["class"] != "PIP"].iloc[0]}
        boxes.loc[boxes["true"] == "IP", "class"] = swapped["PIP"]
        radiographs.append(boxes)
    assert share_right(radiographs, limb, "paper") >= 0.98


def test_a_false_box_far_off_stays_unnamed():
    boxes = radiograph("LH")
    boxes.loc[10] = ["PIP", 900.0, 900.0, 910.0, 910.0, "none"]
    named = name_joints(boxes, limb="LH", rule="template")
    assert (named["joint"] == named["true"]).all()
    assert len(named) == 10


@pytest.mark.parametrize("rule", ["paper", "template"])
def test_each_joint_is_named_at_most_once_even_on_nonsense(rule):
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 400, (10, 2))
    boxes = pd.DataFrame(np.hstack([corners, corners + 20]), columns=BOX_COLUMNS)
    boxes["class"] = ["PIP", "MCP"] * 5
    assert name_joints(boxes, limb="LH", rule=rule)["joint"].is_unique


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_too_few_boxes_stay_unnamed(count):
    assert name_joints(radiograph("LH")[:count], limb="LH", rule="template").empty


def test_boxes_on_one_spot_do_no_harm():
    boxes = pd.concat([radiograph("LF")[:1]] * 6, ignore_index=True)
    assert name_joints(boxes, limb="LF", rule="template").empty


def test_radiographs_and_rules_are_named_side_by_side():
    boxes = pd.concat(
        [radiograph("LH").assign(image_id="a"), radiograph("RF").assign(image_id="b")]
    )
    named = name_radiographs(boxes, {"a": "LH", "b": "RF"})
    counts = named.groupby(["image_id", "rule"]).size().to_dict()
    assert counts == {
        ("a", "paper"): 10,
        ("a", "template"): 10,
        ("b", "paper"): 6,
        ("b", "template"): 6,
    }
    assert list(named.columns[:3]) == ["image_id", "rule", "joint"]


def test_names_do_not_depend_on_the_order_of_boxes():
    boxes = radiograph("RH", seed=4)[2:]
    there = name_joints(boxes, limb="RH", rule="template")
    back = name_joints(boxes[::-1], limb="RH", rule="template")
    pd.testing.assert_frame_equal(there, back)


@pytest.mark.parametrize(
    ("limb", "rule", "message"),
    [("XX", "paper", "limb"), ("LH", "best", "rule"), ("LF", "paper", "class")],
)
def test_unknown_limb_rule_or_class_is_said(limb, rule, message):
    with pytest.raises(UserError, match=message):
        name_joints(radiograph("LH"), limb=limb, rule=rule)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "4 of 4 radiographs have no named joint: the detector found no boxes above"),
        (3, "the detector found boxes (at most 3 a radiograph), of which none could be named."),
        (10, ""),
    ],
)
def test_it_is_said_at_once_where_no_joint_is_named(tmp_path: Path, count: int, said: str) -> None:
    parts = [
        radiograph("LH", seed=n)[:count].drop(columns="true").assign(image_id=f"P{n}-LH")
        for n in range(4)
    ]
    boxes = pd.concat(parts).assign(confidence=0.6)
    boxes[["image_id", "class", "confidence", *BOX_COLUMNS]].to_csv(
        tmp_path / "boxes.csv", index=False
    )
    rows = pd.DataFrame({"image_id": [f"P{n}-LH" for n in range(4)], "limb": "LH"})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    run_script(
        "name_joints",
        tmp_path,
        input={"boxes": f"{tmp_path}/boxes.csv", "rows": [f"{tmp_path}/rows.csv"]},
        output={"joints": f"{tmp_path}/joints.csv"},
        params={
            "mirrored_share": 0.05,
            "rule": "template",
            "confidence": 0.5,
            "results": "results/x",
        },
        wildcards={"body_part": "hand"},
    )
    log = (tmp_path / "logs" / "name_joints.log").read_text()
    assert said in log if said else "no named joint" not in log
