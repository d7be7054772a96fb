"""Metrics against scikit-learn and worked-out values; the two tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score

from sharpflow.anatomy import MODELS
from sharpflow.evaluation.joint_scoring import PAPER_TABLE_1, joint_scoring_row, joint_scoring_table
from sharpflow.evaluation.metrics import (
    balanced_accuracy,
    balanced_accuracy_within_one,
    confusion,
    constant_guess,
    dice,
    iou,
)
from sharpflow.evaluation.segmentation import mask_overlaps, segmentation_row


def test_balanced_accuracy_is_scikit_learns() -> None:
    generator = np.random.default_rng(3)
    for classes in (5, 6, 11):
        true = generator.integers(0, classes, 200)
        guessed = generator.integers(0, classes, 200)
        assert balanced_accuracy(true, guessed, classes) == pytest.approx(
            balanced_accuracy_score(true, guessed), abs=1e-12
        )


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_a_class_without_true_joints_is_left_out() -> None:
    true, guessed = [0, 0, 2, 2], [0, 1, 2, 4]
    assert balanced_accuracy(true, guessed, 5) == 0.5 == balanced_accuracy_score(true, guessed)
    assert np.isnan(balanced_accuracy([], [], 5))


def test_within_one_counts_neighbours_class_by_class() -> None:
    true = [0, 0, 0, 0, 3, 3, 4]
    guessed = [0, 1, 2, 3, 4, 1, 3]
    # class 0: 2 of 4; class 3: 1 of 2; class 4: 1 of 1
    assert balanced_accuracy_within_one(true, guessed, 5) == pytest.approx((0.5 + 0.5 + 1) / 3)


def test_scores_outside_the_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 4"):
        confusion([0, 5], [0, 0], 5)
    with pytest.raises(ValueError, match="one length"):
        confusion([0, 1], [0], 5)


def test_the_best_constant_guess_is_found_among_all() -> None:
    for true in ([0, 0, 0, 1, 2, 3, 4], [0, 2, 4], [0, 4], [0, 0, 1, 3, 4, 4]):
        guesses = [np.full(len(true), guess) for guess in range(5)]
        assert constant_guess(true, 5) == max(balanced_accuracy(true, g, 5) for g in guesses)
        best = max(balanced_accuracy_within_one(true, guess, 5) for guess in guesses)
        assert constant_guess(true, 5, within=1) == best
    assert constant_guess([0, 1, 2, 3, 4], 5, within=1) == pytest.approx(3 / 5)


def test_overlaps_of_masks() -> None:
    one, other = np.zeros((4, 4), np.uint8), np.zeros((4, 4), bool)
    one[:2], other[1:3] = 255, True
    assert dice(one, other) == 0.5
    assert iou(one, other) == pytest.approx(4 / 12)
    assert dice(one * 0, other & False) == iou(one * 0, other & False) == 1
    assert dice(one * 0, other) == iou(one * 0, other) == 0
    with pytest.raises(ValueError, match="two shapes"):
        dice(one, other[1:])


def predictions(model: str) -> pd.DataFrame:
    damage, _ = MODELS[model]
    true = [0] * 12 + [1, 1, 2, 2, 4, 4]
    guessed = [0] * 9 + [1, 2, 3] + [1, 2, 2, 4, 4, 0]
    rows = pd.DataFrame({"patient": [f"p{n % 6}" for n in range(18)], "true": true})
    rows["predicted"], rows["split"] = guessed, "test"
    train = rows.assign(split="train", predicted=0)
    return pd.concat([rows, train], ignore_index=True).assign(damage=damage)


def test_a_row_of_table_1() -> None:
    row = joint_scoring_row("erosion-foot", predictions("erosion-foot"), data="phantom", seed=1)
    assert row["n"] == 18 and row["patients"] == 6  # the training rows do not count
    assert row["balanced_accuracy"] == pytest.approx((9 / 12 + 1 / 2 + 1 / 2 + 1 / 2) / 4)
    assert row["balanced_accuracy_within_one"] == pytest.approx((10 / 12 + 1 + 1 / 2 + 1 / 2) / 4)
    assert row["balanced_accuracy_low"] < row["balanced_accuracy"] < row["balanced_accuracy_high"]
    assert row["constant_guess"] == 0.25
    assert row["constant_guess_within_one"] == 0.75  # "1" is within one of 0, 1 and 2
    assert row["paper_balanced_accuracy_within_one"] == 0.9249
    assert [row[f"n_class_{k}"] for k in range(5)] == [12, 2, 2, 0, 2]
    assert row["classes_absent"] == 7


def test_table_1_has_the_models_in_the_papers_order_and_blanks_for_other_classes() -> None:
    given = {model: predictions(model) for model in reversed(PAPER_TABLE_1)}
    table = joint_scoring_table(given, data="phantom", seed=1)
    assert table["model"].tolist() == list(PAPER_TABLE_1)
    assert table["n_class_4"].tolist() == [2, 2, 2, 2]
    assert table["n_class_10"].isna().tolist() == [True, True, True, False]


def test_a_row_of_the_segmentation_table() -> None:
    truth = np.zeros((3, 4, 4), np.uint8)
    truth[:, :2] = 255
    found = truth.copy()
    found[1] = 0
    overlaps = mask_overlaps(["a-LH", "a-RH", "b-LH"], ["a", "a", "b"], found, truth)
    assert overlaps["dice"].tolist() == overlaps["iou"].tolist() == [1, 0, 1]
    row = segmentation_row(overlaps, limb="hand", method="unet", data="phantom", seed=1)
    assert row["n"] == 3 and row["dice"] == pytest.approx(2 / 3)
    assert np.isnan(row["dice_low"])  # two patients tell nothing of others
    many = pd.concat([overlaps.assign(patient=overlaps["patient"] + str(n)) for n in range(10)])
    row = segmentation_row(many, limb="hand", method="unet", data="phantom", seed=1)
    assert 0.4 < row["dice_low"] < row["dice"] < row["dice_high"] < 0.9
    empty = segmentation_row(overlaps[:0], limb="hand", method="unet", data="x", seed=1)
    assert empty["n"] == 0 and np.isnan(empty["dice"])
