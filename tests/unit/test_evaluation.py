"""Metrics against scikit-learn and worked-out values; intervals by patient; the two tables."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score

from sharpflow.anatomy import MODELS
from sharpflow.evaluation.intervals import PLAIN, mean_of, patient_interval
from sharpflow.evaluation.joint_scoring import (
    joint_scoring_row,
    joint_scoring_table,
    joints_not_found,
    recalls_table,
)
from sharpflow.evaluation.metrics import (
    balanced_accuracy_of,
    confusion,
    constant_guess,
    dice_and_iou,
)
from sharpflow.evaluation.proportions import share_interval
from sharpflow.evaluation.recalls import balanced_accuracy_interval, class_recalls
from sharpflow.evaluation.segmentation import mask_overlaps, segmentation_row, segmentation_table
from sharpflow.imaging.shards import ImageStack


def balanced_accuracy(true: object, predicted: object, classes: int, within: int = 0) -> float:
    return float(balanced_accuracy_of(confusion(true, predicted, classes), within))


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
    assert balanced_accuracy(true, guessed, 5, within=1) == pytest.approx((0.5 + 0.5 + 1) / 3)


def test_scores_outside_the_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 4"):
        confusion([0, 5], [0, 0], 5)
    with pytest.raises(ValueError, match="one length"):
        confusion([0, 1], [0], 5)


def test_the_best_constant_guess_is_found_among_all() -> None:
    for true in ([0, 0, 0, 1, 2, 3, 4], [0, 2, 4], [0, 4], [0, 0, 1, 3, 4, 4]):
        guesses = [np.full(len(true), guess) for guess in range(5)]
        assert constant_guess(true, 5) == max(balanced_accuracy(true, g, 5) for g in guesses)
        best = max(balanced_accuracy(true, guess, 5, within=1) for guess in guesses)
        assert constant_guess(true, 5, within=1) == best
    assert constant_guess([0, 1, 2, 3, 4], 5, within=1) == pytest.approx(3 / 5)


def test_overlaps_of_masks() -> None:
    one, other = np.zeros((4, 4), np.uint8), np.zeros((4, 4), bool)
    one[:2], other[1:3] = 255, True
    assert dice_and_iou(one, other) == pytest.approx((0.5, 4 / 12))
    assert dice_and_iou(one * 0, other & False) == (1, 1)
    assert dice_and_iou(one * 0, other) == (0, 0)
    with pytest.raises(ValueError, match="two shapes"):
        dice_and_iou(one, other[1:])


def test_the_interval_of_a_mean_is_the_textbooks() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    sums = np.stack([values, np.ones(400)], axis=1)
    how = {"resamples": 4000, "seed": 1}
    low, high = patient_interval(sums, mean_of, PLAIN, **how)  # type: ignore[arg-type]
    half = stats.t.ppf(0.975, 399) * values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    assert (low, high) == patient_interval(sums, mean_of, PLAIN, **how)  # type: ignore[arg-type]
    assert (low, high) != patient_interval(sums, mean_of, PLAIN, resamples=4000, seed=2)


def test_patients_are_the_units_not_joints() -> None:
    # 10 patients whose 100 joints are all right or all wrong: as uncertain as 10 joints
    right = np.array([1.0, 0.0] * 5)
    once = share_interval(right, np.ones(10), seed=1)
    often = share_interval(100 * right, np.full(10, 100.0), seed=1)
    assert often == pytest.approx(once)
    assert 0.15 < once[0] < 0.27 and 0.73 < once[1] < 0.85  # Clopper-Pearson: 0.187 to 0.813


def test_all_right_has_the_exact_bound_of_the_patients() -> None:
    # the bound p with p^20 = 0.025: Clopper and Pearson's for 20 patients of 3 joints each
    low, high = share_interval(np.full(20, 3.0), np.full(20, 3.0), seed=1)
    assert (low, high) == pytest.approx((0.025 ** (1 / 20), 1.0))
    low, high = share_interval(np.zeros(20), np.full(20, 3.0), seed=1)
    assert (low, high) == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))


def test_a_rare_class_stays_in_the_interval_of_balanced_accuracy() -> None:
    # 30 patients have class 0, all right but three; one has a joint of class 1, which is right
    confusions = np.zeros((31, 2, 2))
    confusions[:30, 0, 0], confusions[:3, 0] = 1, (0, 1)
    confusions[30, 1, 1] = 1
    low, high = balanced_accuracy_interval(confusions)
    assert low < 0.95 - 0.3  # a single joint tells next to nothing of its class
    assert 0.95 <= high <= 1
    recalls = class_recalls(confusions)
    assert recalls["recall"].tolist() == [0.9, 1.0]
    assert recalls["few_patients"].tolist() == [False, True]


def test_no_patient_no_interval() -> None:
    assert np.isnan(patient_interval(np.zeros((0, 2)), mean_of, PLAIN, seed=1)).all()


def predictions(model: str) -> pd.DataFrame:
    damage, _ = MODELS[model]
    true = [0] * 12 + [1, 1, 2, 2, 4, 4]
    guessed = [0] * 9 + [1, 2, 3] + [1, 2, 2, 4, 4, 0]
    rows = pd.DataFrame({"patient": [f"p{n % 6}" for n in range(18)], "true": true})
    rows["predicted"], rows["split"] = guessed, "test"
    train = rows.assign(split="train", predicted=0)
    return pd.concat([rows, train], ignore_index=True).assign(damage=damage)


NONE_LOST = pd.DataFrame({"patient": [], "true": []}, dtype=int)


def test_a_row_of_table_1() -> None:
    row = joint_scoring_row(
        "erosion-foot", predictions("erosion-foot"), NONE_LOST, data="phantom", seed=1
    )
    assert row["n"] == 18 and row["patients"] == 6  # the training rows do not count
    assert row["balanced_accuracy"] == pytest.approx((9 / 12 + 1 / 2 + 1 / 2 + 1 / 2) / 4)
    assert row["balanced_accuracy_within_one"] == pytest.approx((10 / 12 + 1 + 1 / 2 + 1 / 2) / 4)
    assert row["balanced_accuracy_low"] < row["balanced_accuracy"] < row["balanced_accuracy_high"]
    assert row["constant_guess"] == 0.25
    assert row["constant_guess_within_one"] == 0.75  # "1" is within one of 0, 1 and 2
    assert row["constant_guess_mae"] == pytest.approx((2 * 1 + 2 * 2 + 2 * 4) / 18)  # "0"
    assert row["paper_balanced_accuracy_within_one"] == 0.9249
    assert [row[f"n_class_{k}"] for k in range(5)] == [12, 2, 2, 0, 2]
    assert row["classes_absent"] == 7
    assert row["few_patients"] == "1 2 4"
    assert row["mae"] == pytest.approx((1 + 2 + 3 + 1 + 2 + 4) / 18)
    assert row["n_seeds"] == 1 and row["balanced_accuracy_seed_mean"] == row["balanced_accuracy"]
    assert np.isnan(row["balanced_accuracy_seed_sd"])
    assert row["balanced_accuracy_all_joints"] == row["balanced_accuracy"]  # none was lost


def test_joints_that_were_not_found_count_as_wrong_beside() -> None:
    lost = pd.DataFrame({"patient": ["p0", "p9"], "true": [0, 10]})
    row = joint_scoring_row(
        "erosion-foot", predictions("erosion-foot"), lost, data="phantom", seed=1
    )
    assert (row["n"], row["n_not_found"]) == (18, 2)
    assert row["balanced_accuracy"] == pytest.approx((9 / 12 + 1 / 2 + 1 / 2 + 1 / 2) / 4)
    # one more 0 is wrong, and so is the only 10, within one too
    assert row["balanced_accuracy_all_joints"] == pytest.approx((9 / 13 + 3 / 2) / 5)
    assert row["balanced_accuracy_within_one_all_joints"] == pytest.approx(
        (10 / 13 + 1 + 1 / 2 + 1 / 2) / 5
    )


def test_lost_joints_are_those_with_a_score_and_without_a_box() -> None:
    joints = pd.DataFrame(
        [
            ("p1", "LH", 2, 1, 0.9),  # found
            ("p1", "LH", 3, np.nan, np.nan),  # lost; a thumb has no narrowing
            ("p2", "RH", np.nan, 4, np.nan),  # lost; erosion was not scored
            ("p2", "RF", 5, 0, np.nan),  # a foot
        ],
        columns=["patient", "limb", "erosion_true", "narrowing_true", "confidence"],
    )
    erosion, narrowing = (
        joints_not_found(joints, f"{name}-hand") for name in ("erosion", "narrowing")
    )
    assert erosion.to_numpy().tolist() == [["p1", 3]]
    assert narrowing.to_numpy().tolist() == [["p2", 4]]


def test_seeds_stand_beside_the_first() -> None:
    given = predictions("erosion-foot").assign(predicted_seed_2=lambda rows: rows["true"])
    row = joint_scoring_row("erosion-foot", given, NONE_LOST, data="phantom", seed=1)
    first = row["balanced_accuracy"]
    assert row["n_seeds"] == 2 and first < 1  # the second is right everywhere
    assert row["balanced_accuracy_seed_mean"] == pytest.approx((first + 1) / 2)
    assert row["balanced_accuracy_seed_sd"] == pytest.approx((1 - first) / np.sqrt(2))
    assert row["mae_seed_mean"] == pytest.approx(row["mae"] / 2)


def test_recalls_say_what_balanced_accuracy_is_the_mean_of() -> None:
    given = {model: predictions(model) for model in MODELS}
    table = recalls_table(given, data="phantom")
    foot = table[table["model"] == "erosion-foot"].set_index("score")
    assert foot["n"].tolist() == [12, 2, 2, 0, 2, 0, 0, 0, 0, 0, 0]
    assert foot["recall"].dropna().tolist() == [0.75, 0.5, 0.5, 0.5]
    assert foot["recall_within_one"].dropna().tolist() == pytest.approx([10 / 12, 1, 0.5, 0.5])
    assert foot["few_patients"][foot["few_patients"]].index.tolist() == [1, 2, 4]


def test_table_1_has_the_models_in_the_papers_order_and_blanks_for_other_classes() -> None:
    given = {model: predictions(model) for model in reversed(MODELS)}
    joints = pd.DataFrame(
        {"patient": [], "limb": [], "erosion_true": [], "narrowing_true": [], "confidence": []}
    )
    table = joint_scoring_table(given, joints, data="phantom", seed=1)
    assert table["model"].tolist() == list(MODELS)
    assert table["n_class_4"].tolist() == [2, 2, 2, 2]
    assert table["n_class_10"].isna().tolist() == [True, True, True, False]


def test_a_row_of_the_segmentation_table() -> None:
    truth = np.zeros((3, 4, 4), np.uint8)
    truth[:, :2] = 255
    found = truth.copy()
    found[1] = 0
    overlaps = mask_overlaps(["a-LH", "a-RH", "b-LH"], ["a", "a", "b"], found, truth)
    assert overlaps["dice"].tolist() == overlaps["iou"].tolist() == [1, 0, 1]
    settings = {"limb": "hand", "method": "unet", "data": "phantom", "seed": 1}
    row = segmentation_row(overlaps, common=["a-LH", "a-RH", "b-LH", "c-LH"], **settings)
    assert row["n"] == 3 and row["dice"] == pytest.approx(2 / 3)
    assert np.isnan([row["dice_low"], row["dice_high"]]).all()  # two patients say nothing
    empty = segmentation_row(overlaps[:0], common=["a-LH"], **settings)
    assert empty["n"] == empty["n_all"] == 0
    assert np.isnan([empty["dice"], empty["dice_all"]]).all()


def test_the_segmentation_table_judges_test_radiographs_against_their_own_truth() -> None:
    rows = pd.DataFrame({"image_id": list("abcd"), "patient": list("pqrs")})
    truth = {
        image_id: np.full((2, 6), 255 * (number % 2), np.uint8)
        for number, image_id in enumerate("abcd")
    }
    perfect = np.stack([truth[image_id] for image_id in "abcd"])
    asked = []

    def true_masks(body_part, image_ids, size):
        asked.append((body_part, list(image_ids), size))
        return (truth[image_id] for image_id in image_ids)

    table = segmentation_table(
        {
            ("foot", "bootstrap"): (ImageStack([perfect[:1] * 0, perfect[1:] * 0]), rows),
            ("foot", "unet"): (ImageStack([perfect]), rows),
        },
        true_masks,
        split=pd.DataFrame({"patient": list("srqp"), "split": ["test"] * 3 + ["train"]}),
        chosen=pd.DataFrame({"image_id": list("abcd"), "chosen": [True, True, True, False]}),
        data="phantom",
        seed=1,
    )
    assert table["method"].tolist() == ["bootstrap", "unet"]
    assert asked == [("foot", ["b", "c", "d"], (2, 6))] * 2
    assert table["n"].tolist() == [2, 2] and table["n_all"].tolist() == [3, 3]
    assert table["dice"].tolist() == [0.5, 1]  # of b and c, whose truth is full and empty
    assert table["dice_all"].tolist() == pytest.approx([1 / 3, 1])


def test_masks_are_compared_on_the_same_radiographs() -> None:
    names = [f"{letter}{number}" for letter in "abcd" for number in range(9)]
    overlaps = pd.DataFrame({"image_id": names, "patient": names})
    near = np.tile(np.linspace(-0.05, 0.05, 9), 4)
    entropy = overlaps.assign(dice=np.repeat([0.9, 0.8, 0.1, 0.2], 9) + near, iou=0.5)
    unet = overlaps.assign(dice=np.repeat([0.9, 0.8, 0.7, 0.6], 9) + near, iou=0.5)
    rows = [
        segmentation_row(of, common=names[:18], limb="hand", method=name, data="x", seed=1)
        for name, of in (("bootstrap", entropy), ("unet", unet))
    ]
    assert [row["n"] for row in rows] == [18, 18]
    assert [row["dice"] for row in rows] == pytest.approx([0.85, 0.85])
    assert [row["n_all"] for row in rows] == [36, 36]
    assert [row["dice_all"] for row in rows] == pytest.approx([0.5, 0.75])
    for row in rows:
        assert row["dice_low"] <= row["dice"] <= row["dice_high"]
        assert row["dice_all_low"] <= row["dice_all"] <= row["dice_all_high"]
