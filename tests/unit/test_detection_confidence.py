"""The confidence that validation radiographs choose."""

import pandas as pd
import pytest

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.joints.detection.confidence import chosen_confidence, tabulate_confidences


def boxes_at(*places: tuple[str, str, float, float]) -> pd.DataFrame:
    """Boxes of 10 pixels: image_id, class, confidence, x of the left edge."""
    rows = [
        (image_id, name, confidence, x, 0.0, x + 10, 10.0)
        for image_id, name, confidence, x in places
    ]
    return pd.DataFrame(rows, columns=["image_id", "class", "confidence", *BOX_COLUMNS])


TRUTH = boxes_at(("a", "PIP", 1, 0), ("a", "MCP", 1, 40), ("b", "PIP", 1, 0)).drop(
    columns="confidence"
)


def test_boxes_are_counted_at_each_confidence() -> None:
    found = boxes_at(
        ("a", "PIP", 0.9, 1),  # right
        ("a", "MCP", 0.42, 44),  # right: each centre lies in the other
        ("a", "PIP", 0.32, 41),  # the class is wrong
        ("b", "PIP", 0.22, 6),  # the centres do not
    )
    table = tabulate_confidences(found, TRUTH).set_index("confidence")
    assert table.loc[0.2, ["boxes", "right", "joints"]].tolist() == [4, 2, 3]
    assert table.loc[0.3, ["boxes", "right"]].tolist() == [3, 2]
    assert table.loc[0.4, ["precision", "recall"]].tolist() == [1.0, pytest.approx(2 / 3)]
    assert table.loc[0.9, "boxes"] == 0  # a box must be surer
    assert pd.isna(table.loc[0.9, "precision"])


def test_the_lowest_confidence_with_hardly_a_wrong_box_is_chosen() -> None:
    found = boxes_at(
        ("a", "PIP", 0.9, 0), ("a", "MCP", 0.42, 40), ("b", "PIP", 0.22, 0), ("b", "MCP", 0.12, 70)
    )
    table = tabulate_confidences(found, TRUTH)
    assert chosen_confidence(table) == 0.15
    assert table["chosen"].sum() == 1


def test_of_two_boxes_on_one_joint_the_surer_is_right() -> None:
    found = boxes_at(("a", "PIP", 0.6, 2), ("a", "PIP", 0.8, 0))
    table = tabulate_confidences(found, TRUTH).set_index("confidence")
    assert table.loc[0.5, ["boxes", "right"]].tolist() == [2, 1]
    assert table.loc[0.7, ["boxes", "right"]].tolist() == [1, 1]


def test_where_none_is_good_enough_the_best_is_chosen() -> None:
    found = boxes_at(("a", "PIP", 0.9, 0), ("a", "PIP", 0.82, 70), ("a", "PIP", 0.32, 71))
    assert chosen_confidence(tabulate_confidences(found, TRUTH)) == 0.85


def test_a_few_sure_boxes_do_not_leave_the_other_joints_out() -> None:
    joints = [("a", "PIP", 100.0 * n) for n in range(10)]
    truth = boxes_at(*[(i, name, 1, x) for i, name, x in joints]).drop(columns="confidence")
    sure = [("a", "PIP", 0.9, 0.0)]
    unsure = [(i, name, 0.32, x) for i, name, x in joints[1:9]]
    wrong = [("a", "PIP", 0.42, 2000.0), ("a", "PIP", 0.12, 3000.0)]
    table = tabulate_confidences(boxes_at(*sure, *unsure, *wrong), truth)
    assert chosen_confidence(table) == 0.15


def test_a_detector_that_finds_nothing_has_the_lowest() -> None:
    assert chosen_confidence(tabulate_confidences(boxes_at(), TRUTH)) == 0.05
