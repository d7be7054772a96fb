"""The detector's set, crops, and the table of detection, without training."""

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.errors import UserError
from sharpflow.evaluation.detection import (
    box_iou,
    detection_table,
    match_boxes,
)
from sharpflow.joints.detection.dataset import write_detector_set
from sharpflow.joints.detection.views import MaskedRadiographs, Views
from sharpflow.joints.identification.rules import name_radiographs
from sharpflow.joints.identification.templates import template
from sharpflow.joints.identification.true_joints import true_joints_from_boxes
from sharpflow.joints.scoring.crops import crop_boxes, jitter_boxes, to_standard


def box_table(rows):
    return pd.DataFrame(rows, columns=["image_id", "class", *BOX_COLUMNS])


def whole_radiographs(radiographs, image_size):
    """The views of radiographs that are all limb, unstretched."""
    return Views(
        radiographs, np.full_like(radiographs, 255), image_size=image_size, view="radiograph"
    )


@pytest.fixture
def cohort():
    """Three patients, one radiograph each: train (its boxes known), validation, test."""
    images = np.zeros((3, 200, 160), np.uint8)
    images[0, 50:100, 40:80] = 200
    rows = pd.DataFrame({"image_id": ["a", "b", "c"], "patient": ["p", "q", "r"]})
    splits = pd.DataFrame({"patient": ["p", "q", "r"], "split": ["train", "validation", "test"]})
    boxes = box_table([(i, "MCP", 40, 50, 80, 100) for i in "abc"])
    return images, rows, boxes, splits


def test_set_holds_train_and_validation_radiographs_never_test(cohort, tmp_path):
    images, rows, boxes, splits = cohort
    table = write_detector_set(
        tmp_path, whole_radiographs(images, 100), rows, boxes, splits, body_part="hand"
    )
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.[pt][nx][gt]"))
    assert files == [
        "images/train/a.png",
        "images/val/b.png",
        "labels/train/a.txt",
        "labels/val/b.txt",
    ]
    assert dict(zip(table["image_id"], table["split"], strict=True)) == {
        "a": "train",
        "b": "validation",
    }


def test_set_shrinks_radiographs_and_gives_boxes_as_fractions(cohort, tmp_path):
    images, rows, boxes, splits = cohort
    write_detector_set(
        tmp_path, whole_radiographs(images, 100), rows, boxes, splits, body_part="hand"
    )
    radiograph = cv2.imread(str(tmp_path / "images/train/a.png"), cv2.IMREAD_UNCHANGED)
    assert radiograph.shape == (100, 80)
    assert (radiograph[25:50, 20:40] == 200).all()
    assert radiograph.sum() == 25 * 20 * 200
    label = (tmp_path / "labels/train/a.txt").read_text().split()
    assert label[0] == "1"  # PIP, MCP
    assert np.allclose(np.array(label[1:], float), [60 / 160, 75 / 200, 40 / 160, 50 / 200])


def test_set_cuts_boxes_at_the_edge_and_leaves_out_those_beyond(cohort, tmp_path):
    images, rows, _, splits = cohort
    rows_of_a = [
        ("a", "PIP", -10, 0, 40, 20),
        ("a", "MCP", 0, 190, 40, 230),
        ("b", "PIP", 0, 0, 9, 9),
    ]
    write_detector_set(
        tmp_path,
        whole_radiographs(images, 200),
        rows,
        box_table(rows_of_a),
        splits,
        body_part="hand",
    )
    lines = (tmp_path / "labels/train/a.txt").read_text().splitlines()
    assert len(lines) == 1
    assert np.allclose(
        np.array(lines[0].split(), float), [0, 20 / 160, 10 / 200, 40 / 160, 20 / 200]
    )


def test_set_without_validation_boxes_or_with_a_strange_class_is_refused(cohort, tmp_path):
    images, rows, boxes, splits = cohort
    only_train = boxes[boxes["image_id"] == "a"]
    with pytest.raises(UserError, match="validation patients"):
        write_detector_set(
            tmp_path, whole_radiographs(images, 96), rows, only_train, splits, body_part="hand"
        )
    with pytest.raises(UserError, match="'MCP'; expected PIP or MTP"):
        write_detector_set(
            tmp_path, whole_radiographs(images, 96), rows, boxes, splits, body_part="foot"
        )


def test_masked_radiographs_are_black_outside_the_mask():
    radiographs = np.full((2, 4, 4), 9, np.uint8)
    masks = np.zeros((2, 4, 4), np.uint8)
    masks[1, :2] = 255
    masked = MaskedRadiographs(radiographs, masks)
    assert len(masked) == 2
    assert masked[0].max() == 0
    assert (masked[1] == [[9] * 4] * 2 + [[0] * 4] * 2).all()


def test_the_view_of_a_radiograph_keeps_its_aspect():
    for shape, seen in (((750, 600), (320, 256)), ((300, 400), (240, 320))):
        view = whole_radiographs(np.zeros((1, *shape), np.uint8), 320)[0]
        assert view.image.shape == seen


@pytest.mark.parametrize("side", [40, 150])
def test_the_limb_fills_its_view_and_the_range_of_grey_values(side):
    radiograph, mask = np.zeros((1, 200, 160), np.uint8), np.zeros((1, 200, 160), np.uint8)
    mask[0, 30 : 30 + side, 5 : 5 + side] = 255
    radiograph[0] = 90  # background, brighter than the limb
    radiograph[0, 30 : 30 + side, 5 : 5 + side] = 20
    radiograph[0, 30 : 30 + side // 2, 5 : 5 + side // 2] = 40
    view = Views(radiograph, mask, image_size=320, view="limb")[0]
    assert view.image.shape == (320, 256)
    limb = 256 / 1.16  # pixels, with a margin of 8% on either side
    left, top, right, bottom = view.to_view(np.array([[5.0, 30.0, 5.0 + side, 30.0 + side]]))[0]
    assert np.allclose([right - left, bottom - top], limb)
    assert np.allclose([(left + right) / 2, (top + bottom) / 2], [128, 160])
    inner = view.image[int(top) + 8 : int(top + limb / 2) - 8, int(left) + 8 : 128 - 8]
    assert (inner == 255).all()
    assert view.image[: int(top) - 2].max() == 0
    assert view.image[180:250, 140:220].max() == 0


def test_boxes_come_back_from_a_view_as_they_went():
    radiograph = np.full((1, 200, 160), 50, np.uint8)
    mask = np.zeros_like(radiograph)
    mask[0, 20:90, 30:70] = 255
    boxes = np.array([[31.0, 22.0, 44.5, 40.0], [0.0, 0.0, 160.0, 200.0]])
    for how in ("radiograph", "limb"):
        view = Views(radiograph, mask, image_size=96, view=how)[0]
        assert np.allclose(view.to_radiograph(view.to_view(boxes)), boxes)


def test_a_radiograph_without_a_mask_is_shown_whole():
    radiographs = np.full((1, 200, 160), 50, np.uint8)
    view = Views(radiographs, np.zeros_like(radiographs), image_size=100, view="limb")[0]
    assert (view.scale, view.x_offset, view.y_offset) == (0.5, 0.0, 0.0)


def test_boxes_go_from_radiograph_to_standardized_pixels():
    rows = pd.DataFrame(
        {"image_id": ["b", "a"], "scale": [2.0, 0.5], "x_offset": [0, 10], "y_offset": [5, 0]}
    )
    moved = to_standard(box_table([("a", "PIP", 20, 40, 60, 80), ("b", "MCP", 1, 2, 3, 4)]), rows)
    assert moved[BOX_COLUMNS].to_numpy().tolist() == [[20, 20, 40, 40], [2, 9, 6, 13]]
    with pytest.raises(KeyError, match="'c'"):
        to_standard(box_table([("c", "PIP", 0, 0, 1, 1)]), rows)


def test_jitter_has_the_stated_spread_and_repeats():
    boxes = box_table([("a", "PIP", 100, 100, 140, 120)] * 4000)
    there = jitter_boxes(boxes, 0.1, np.random.default_rng(5))
    again = jitter_boxes(boxes, 0.1, np.random.default_rng(5))
    pd.testing.assert_frame_equal(there, again)
    x = (there["x_min"] + there["x_max"]) / 2
    width, height = there["x_max"] - there["x_min"], there["y_max"] - there["y_min"]
    assert abs(x.mean() - 120) < 0.3
    assert 3.5 < x.std() < 4.1  # a tenth of 40, cut off at 2.5 standard deviations
    assert 0.085 < np.log(height / 20).std() < 0.105
    assert abs(np.log(width / 40)).max() <= 0.25 + 1e-9
    pd.testing.assert_frame_equal(
        jitter_boxes(boxes, 0.0, np.random.default_rng(5))[BOX_COLUMNS],
        boxes[BOX_COLUMNS].astype(float),
    )


def test_crops_are_square_around_the_box_and_black_beyond_the_radiograph():
    radiograph = np.zeros((60, 60), np.uint8)
    radiograph[20:40, 10:20] = 100  # a box of 10 by 20
    boxes = box_table([("a", "PIP", 10, 20, 20, 40), ("a", "PIP", 50, 50, 70, 70)])
    radiograph[50:, 50:] = 50
    crops = crop_boxes([radiograph, radiograph], boxes, 20, 0.0)
    assert crops.shape == (2, 20, 20)
    assert (crops[0][:, 5:15] == 100).all()
    assert crops[0][:, :5].max() == crops[0][:, 15:].max() == 0
    assert (crops[1][:10, :10] == 50).all()
    assert crops[1].sum() == 50 * 100


def test_margin_widens_the_crop():
    radiograph = np.zeros((90, 90), np.uint8)
    radiograph[30:60, 30:60] = 255
    crop = crop_boxes([radiograph], box_table([("a", "PIP", 30, 30, 60, 60)]), 60, 1.0)[0]
    assert (crop[16:44, 16:44] == 255).all()
    assert crop[:14].max() == 0


def test_iou_of_known_boxes():
    first = np.array([[0, 0, 10, 10], [5, 5, 5, 5.0]])
    second = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [5, 5, 5, 5.0]])
    assert np.allclose(box_iou(first, second), [[1, 1 / 3, 0, 0], [0, 0, 0, 0]])


def test_matching_pairs_as_many_as_can_be():
    true = np.array([[0, 0, 10, 10], [4, 0, 14, 10]], float)
    # The first found box overlaps both and the second only the first: greed by IoU would lose one.
    found = np.array([[1.5, 0, 11.5, 10], [0, 0, 6, 10]], float)
    assert match_boxes(true, found).tolist() == [[0, 1], [1, 0]]
    assert match_boxes(true, found[:1]).tolist() == [[0, 0]]
    assert match_boxes(true, np.empty((0, 4))).shape == (0, 2)


@pytest.fixture
def hand_truth():
    """Boxes of two left hands with their names: a of patient p, b of patient q."""
    layout = template("hand")
    parts = []
    for image_id in "ab":
        x, y = (layout.points * 3 + 200).T
        corners = np.stack([x - 15, y - 15, x + 15, y + 15], axis=1)
        part = pd.DataFrame(corners, columns=BOX_COLUMNS).assign(image_id=image_id)
        part["class"], part["joint"] = layout.classes, layout.names
        parts.append(part.assign(names="phantom"))
    radiographs = pd.DataFrame({"image_id": ["a", "b"], "patient": ["p", "q"], "body_part": "hand"})
    return pd.concat(parts, ignore_index=True), radiographs


def table_of(truth, boxes, named, radiographs, boxed=("a", "b")):
    """The table of detection by rule; p and q are test patients, r trains."""
    split = pd.DataFrame({"patient": ["p", "q", "r"], "split": ["test", "test", "train"]})
    table = detection_table(
        truth, boxes, named, radiographs, split, boxed=boxed, data="made up", seed=1
    )
    return table.set_index("rule")


def test_table_counts_radiographs_left_unnamed(hand_truth):
    truth, radiographs = hand_truth
    boxes = truth.drop(columns="joint").assign(confidence=0.9)[:-1]  # radiograph b lacks one box
    boxes[BOX_COLUMNS] += 2.0
    named = name_radiographs(boxes, {"a": "LH", "b": "LH"})
    table = table_of(truth, boxes, named, radiographs)
    assert table["n_joints"].tolist() == [20, 20]
    assert table["found"].tolist() == [0.95, 0.95]
    assert table.loc["paper", "named_right"] == 0.5
    assert table.loc["template", "named_right"] == 0.95
    assert table.loc["template", "radiographs_complete"] == 0.5
    assert 0.1 < table.loc["template", "named_right_low"] < 0.5  # two patients tell little
    assert set(table["data"]) == {"made up"}


def test_only_test_patients_are_judged(hand_truth):
    truth, radiographs = hand_truth
    boxes = truth.drop(columns="joint").assign(confidence=0.9)
    radiographs["patient"] = ["p", "r"]  # r trains
    table = table_of(truth, boxes[:0], truth[:0].assign(rule=""), radiographs)
    assert table["n_joints"].tolist() == [10, 10]
    assert table["n_patients"].tolist() == [1, 1]


def test_without_boxes_of_test_patients_a_row_is_kept_and_empty(hand_truth):
    truth, radiographs = hand_truth
    table = table_of(truth[:0], truth[:0], truth[:0].assign(rule=""), radiographs, boxed=())
    assert table["n_joints"].tolist() == [0, 0]
    assert set(table["truth"]) == {"none"}
    assert table[["found", "found_low", "named_right", "radiographs_complete"]].isna().all(None)


def test_a_name_on_another_joints_box_is_wrong(hand_truth):
    truth, radiographs = hand_truth
    boxes = truth.drop(columns="joint").assign(confidence=0.9)
    named = truth.assign(rule="template")
    swap = named.index[:2]
    named.loc[swap, "joint"] = named.loc[swap, "joint"].to_numpy()[::-1]
    table = table_of(truth, boxes, named, radiographs)
    assert table.loc["template", "named_right"] == 0.9
    assert table.loc["paper", "named_right"] == 0.0


def test_nothing_found_is_zero_not_an_error(hand_truth):
    truth, radiographs = hand_truth
    empty = truth.drop(columns="joint")[:0].assign(confidence=0.5)
    table = table_of(truth, empty, name_radiographs(empty, {}), radiographs)
    assert table["found"].tolist() == table["named_right"].tolist() == [0.0, 0.0]


LEFT = {"a": "LH", "b": "LH"}


def test_table_says_whence_the_true_names_are_and_what_was_left_out(hand_truth):
    truth, radiographs = hand_truth
    truth["names"] = np.where(truth["image_id"] == "a", "given", "template")
    boxes = truth.drop(columns=["joint", "names"]).assign(confidence=0.9)
    named = name_radiographs(boxes, LEFT)
    assert set(table_of(truth, boxes, named, radiographs)["truth"]) == {"given and template"}
    only = table_of(
        truth[truth["image_id"] == "b"], boxes, named, radiographs, boxed={"a", "b", "c"}
    )
    assert set(only["truth"]) == {"template"}
    assert (
        set(only["n_radiographs"]) == set(only["n_radiographs_left_out"]) == {1}
    )  # b judged, a not


def test_hand_drawn_boxes_become_truth_only_when_complete(hand_truth):
    truth, _ = hand_truth
    boxes = truth.assign(joint=np.nan)[:-1]
    named = true_joints_from_boxes(boxes, LEFT, mirrored_share=0.05)
    assert set(named["image_id"]) == {"a"}
    assert set(named["names"]) == {"template"}
    expected = truth[truth["image_id"] == "a"].set_index("joint")[BOX_COLUMNS]
    pd.testing.assert_frame_equal(named.set_index("joint")[BOX_COLUMNS], expected)


def test_names_given_with_the_boxes_are_the_truth_whatever_the_template_says(hand_truth):
    truth, _ = hand_truth
    boxes = truth[:-1].copy()  # radiograph b lacks one box: its names are no guesses for that
    swap = boxes.index[:2]
    boxes.loc[swap, "joint"] = boxes.loc[swap, "joint"].to_numpy()[::-1]
    named = true_joints_from_boxes(boxes, LEFT, mirrored_share=0.05)
    assert set(named["names"]) == {"given"}
    columns = ["image_id", "joint", "class", *BOX_COLUMNS]
    pd.testing.assert_frame_equal(named[columns], boxes[columns])


def test_each_radiograph_has_the_names_of_its_own_labels(hand_truth):
    truth, _ = hand_truth
    boxes = truth.assign(joint=truth["joint"].where(truth["image_id"] == "a", ""))
    named = true_joints_from_boxes(boxes, LEFT, mirrored_share=0.05)
    by_radiograph = named.groupby("image_id")["names"].unique().map(list)
    assert by_radiograph.to_dict() == {"a": ["given"], "b": ["template"]}


def test_where_no_radiograph_is_mirrored_the_template_takes_the_side_as_given(hand_truth):
    truth, _ = hand_truth
    boxes = truth[truth["image_id"] == "a"].assign(joint="")
    boxes[["x_min", "x_max"]] = 500 - boxes[["x_max", "x_min"]].to_numpy()  # shown mirrored
    expected = truth.loc[truth["image_id"] == "a", "joint"].tolist()
    share = true_joints_from_boxes(boxes, LEFT, mirrored_share=0.05)
    assert share["joint"].tolist() == expected
    assert share["x_min"].tolist() == boxes["x_min"].tolist()
    none = true_joints_from_boxes(boxes, LEFT, mirrored_share=0.0)
    assert none.empty or (none["x_min"].tolist() != boxes["x_min"].tolist())
