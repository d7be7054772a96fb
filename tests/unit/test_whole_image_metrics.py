"""Metrics of whole images against SciPy, scikit-learn and values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    mean_absolute_error,
    root_mean_squared_error,
)

from sharpflow.errors import UserError
from sharpflow.evaluation.agreement import (
    PCC,
    bias_of,
    icc_of,
    kappa_of,
    lower_limit_of,
    pair_sums,
    pcc_of,
    upper_limit_of,
    with_intervals,
)
from sharpflow.evaluation.intervals import FISHER, patient_interval, patient_sums
from sharpflow.evaluation.whole_image_constants import best_constant_class, constant_totals
from sharpflow.evaluation.whole_image_differences import difference_table, paired_difference
from sharpflow.evaluation.whole_image_metrics import regression_metrics, severity_metrics

# Shrout and Fleiss, Psychol Bull 1979;86:420-428, table 2: six targets, judges 1 to 4.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def table_of(true: np.ndarray, predicted: np.ndarray, split: str = "test") -> pd.DataFrame:
    names = [f"{split}{number:03}" for number in range(len(true))]
    return pd.DataFrame(
        {"image_id": names, "patient": names, "split": split, "true": true, "predicted": predicted}
    )


def totals(n: int = 80, seed: int = 1, error: float = 15.0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    true = np.round(generator.gamma(1.2, 30, n))
    return table_of(true, true * 0.8 + 5 + generator.normal(0, error, n))


def classes(n: int = 120, seed: int = 2) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 9, n)  # no image of class 9
    return table_of(true, np.clip(true + generator.integers(-2, 3, n), 0, 9))


def icc_by_mean_squares(ratings: np.ndarray) -> float:
    """ICC(2,1) by the analysis of variance, as Shrout and Fleiss write it, for any judges."""
    n, k = ratings.shape
    grand = ratings.mean()
    between = k * ((ratings.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    judges = n * ((ratings.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    error = ((ratings - grand) ** 2).sum() - between * (n - 1) - judges * (k - 1)
    error /= (n - 1) * (k - 1)
    return float((between - error) / (between + (k - 1) * error + k * (judges - error) / n))


def test_the_tests_own_icc_gives_shrout_and_fleiss_published_value() -> None:
    assert round(icc_by_mean_squares(JUDGES), 2) == 0.29


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)])
def test_icc_of_two_judges_is_that_of_the_mean_squares(pair: tuple[int, int]) -> None:
    ratings = JUDGES[:, pair]
    ours = icc_of(pair_sums(ratings[:, 0], ratings[:, 1]).sum(axis=0))
    assert float(ours) == pytest.approx(icc_by_mean_squares(ratings), abs=1e-12)


def test_icc_worked_out_by_hand() -> None:
    # Rows (1, 2), (2, 3), (3, 4): between rows 2, between raters 1.5, error 0 (mean squares).
    # (2 - 0) / (2 + 0 + 2 (1.5 - 0) / 3) = 2 / 3.
    assert float(icc_of(pair_sums([1, 2, 3], [2, 3, 4]).sum(axis=0))) == pytest.approx(2 / 3)


def test_regression_metrics_are_those_of_scipy_and_scikit_learn() -> None:
    table = totals()
    found = regression_metrics(table, seed=0)
    true, predicted = table["true"], table["predicted"]
    assert found["n"] == 80 == found["patients"]
    assert found["pcc"] == pytest.approx(pearsonr(true, predicted).statistic, abs=1e-12)
    assert found["mae"] == pytest.approx(mean_absolute_error(true, predicted), abs=1e-12)
    assert found["rmse"] == pytest.approx(root_mean_squared_error(true, predicted), abs=1e-12)
    expected = icc_by_mean_squares(np.stack([true, predicted], axis=1))
    assert found["icc"] == pytest.approx(expected, abs=1e-12)


def test_large_numbers_lose_no_digits() -> None:
    table = totals()
    far = table.assign(true=table["true"] + 1e6, predicted=table["predicted"] + 1e6)
    near, found = regression_metrics(table, seed=0), regression_metrics(far, seed=0)
    for name in ("pcc", "mae", "rmse", "icc", "pcc_low", "icc_high"):
        assert found[name] == pytest.approx(near[name], abs=1e-9)


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_severity_metrics_are_those_of_scikit_learn() -> None:
    table = classes()
    found = severity_metrics(table, seed=0)
    true, predicted = table["true"], table["predicted"]
    assert found["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, predicted))
    expected = cohen_kappa_score(true, predicted, weights="quadratic")
    assert found["kappa"] == pytest.approx(expected, abs=1e-12)
    assert found["pcc"] == pytest.approx(pearsonr(true, predicted).statistic, abs=1e-12)
    assert found["mae"] == pytest.approx(mean_absolute_error(true, predicted))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(true, predicted))
    assert found["icc"] == pytest.approx(regression_metrics(table, seed=0)["icc"], abs=1e-12)
    assert found["classes_absent"] == 1


def test_a_constant_has_no_correlation_and_no_kappa() -> None:
    true = np.array([0, 1, 5, 5])
    for constant in (5, 0.1):
        sums = pair_sums(true, np.full(4, constant)).sum(axis=0)
        assert np.isnan(pcc_of(sums))
        assert kappa_of(sums) == pytest.approx(0)
        assert icc_of(sums) == pytest.approx(0)
    assert np.isnan(kappa_of(pair_sums([3, 3], [3, 3]).sum(axis=0)))


def test_only_test_images_count() -> None:
    table = totals()
    wild = table_of(np.arange(30.0), np.full(30, 1e4), split="train")
    assert regression_metrics(pd.concat([wild, table]), seed=0) == regression_metrics(table, seed=0)


def test_interval_is_that_of_resampled_patients() -> None:
    table = totals(60)
    table["patient"] = [f"P{number // 2}" for number in range(60)]
    found = regression_metrics(table, seed=0, resamples=4000)
    assert found["patients"] == 30
    # two images of a patient that are one and the same tell no more than one
    once = table[::2]
    twice = pd.concat([once, once.assign(image_id=once["image_id"] + "-2")])
    alone, both = (regression_metrics(rows, seed=0, resamples=4000) for rows in (once, twice))
    for end in ("", "_low", "_high"):
        assert both[f"pcc{end}"] == pytest.approx(alone[f"pcc{end}"])
    assert found["pcc_low"] < found["pcc"] < found["pcc_high"]


def test_intervals_of_several_measures_are_those_of_each() -> None:
    table = totals()
    parts = pair_sums(table["true"], table["predicted"])
    found = with_intervals(table["patient"].tolist(), parts, {"pcc": PCC}, seed=7)
    _, sums = patient_sums(table["patient"].tolist(), parts)
    expected = patient_interval(sums, pcc_of, FISHER, seed=7)
    assert (found["pcc_low"], found["pcc_high"]) == pytest.approx(expected, abs=1e-12)


def test_interval_is_the_same_twice_and_follows_the_seed() -> None:
    table = totals()
    assert regression_metrics(table, seed=3) == regression_metrics(table, seed=3)
    assert (
        regression_metrics(table, seed=3)["mae_low"] != regression_metrics(table, seed=4)["mae_low"]
    )


def test_paired_difference_sees_what_two_intervals_hide() -> None:
    worse = totals(error=20)
    better = worse.assign(predicted=worse["predicted"] - 0.2 * (worse["predicted"] - worse["true"]))
    found = paired_difference(better, worse.sample(frac=1, random_state=1), task="total", seed=0)
    found = found.set_index("metric")
    mae = found.loc["mae"]
    assert mae["first"] == pytest.approx(0.8 * mae["second"])
    assert mae["difference"] == pytest.approx(-0.2 * mae["second"])
    assert mae["low"] < mae["difference"] < mae["high"] < 0
    apart = [regression_metrics(table, seed=0) for table in (better, worse)]
    assert apart[0]["mae_high"] > apart[1]["mae_low"]  # the two intervals overlap
    rounded = worse.astype({"true": int})  # a table read back may hold whole numbers
    itself = paired_difference(rounded, worse, task="total", seed=0)
    assert (itself["difference"] == 0).all()
    assert itself[["low", "high"]].isna().all(axis=None)  # no patient differs: nothing to resample


def test_paired_difference_of_classes() -> None:
    table = classes()
    found = paired_difference(
        table.assign(predicted=table["true"]), table, task="severity", seed=0
    ).set_index("metric")
    own = severity_metrics(table, seed=0)
    for name in ("accuracy", "balanced_accuracy", "kappa", "pcc"):
        assert found.loc[name, "difference"] == pytest.approx(1 - own[name])
        assert 0 < found.loc[name, "low"] < 1 - own[name] < found.loc[name, "high"]


def test_rows_of_other_images_are_not_compared() -> None:
    table = totals()
    with pytest.raises(UserError, match="can only be compared on the same ones"):
        paired_difference(table, table.iloc[1:], task="total", seed=0)
    with pytest.raises(UserError, match="other test images or true values"):
        paired_difference(table, table.assign(true=table["true"] + 1), task="total", seed=0)


def test_difference_table_leaves_out_what_was_not_run() -> None:
    tuned, frozen, stack = "total-resnet50-finetuned", "total-resnet50-rbs1", "total-stack-batch4"
    binned = "severity-binned-stack"
    rows = {tuned: totals(), stack: totals(error=5), binned: classes()}
    pairs = [(stack, tuned, "stacking"), (frozen, tuned, "freezing"), (binned, binned, "binning")]
    table = difference_table(rows, pairs, data="phantom", seed=0)
    assert set(table["question"]) == {"stacking", "binning"}
    assert set(table.loc[table["question"] == "binning", "metric"]) >= {"accuracy", "kappa"}
    assert difference_table({}, pairs, data="phantom", seed=0).empty


def test_constant_guesses_come_from_training_images() -> None:
    training = table_of(np.array([0.0, 10, 50]), np.zeros(3), split="train")
    tested = table_of(np.array([20.0, 40]), np.zeros(2))
    guesses = constant_totals(pd.concat([training, tested]))
    assert guesses["mean"]["predicted"].tolist() == [20, 20]
    assert guesses["median"]["predicted"].tolist() == [10, 10]
    found = regression_metrics(guesses["mean"], seed=0)
    assert (found["mae"], found["rmse"]) == pytest.approx((10, np.sqrt(200)))
    assert np.isnan(found["pcc"])
    assert np.isnan(found["pcc_low"])


def test_best_constant_class_worked_out_by_hand() -> None:
    # Classes 0 0 0 4 4: class 0 is right three times; class 0 is 0 or 4 off: MAE 8/5; class 2 is
    # 2 off each time: RMSE 2, class 1 sqrt(21/5) and no class better.
    found = best_constant_class(table_of(np.array([0, 0, 0, 4, 4]), np.zeros(5)))
    assert found["accuracy"] == pytest.approx(0.6)
    assert found["balanced_accuracy"] == pytest.approx(0.5)
    assert found["mae"] == pytest.approx(1.6)
    assert found["rmse"] == pytest.approx(2)
    assert found["kappa"] == pytest.approx(0)
    assert np.isnan(found["pcc"])


def test_bland_altman_worked_out_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, sample SD 1.
    sums = pair_sums([10, 20, 30], [11, 22, 33]).sum(axis=0)
    measured = (bias_of(sums), lower_limit_of(sums), upper_limit_of(sums))
    assert measured == pytest.approx((2, 0.04, 3.96))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predicted": np.nan}, "finite number"),
        ({"image_id": "same"}, "same more than once"),
        ({"split": "train"}, "no image of split 'test'"),
    ],
)
def test_bad_predictions_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        regression_metrics(totals().assign(**change), seed=0)


def test_classes_must_be_classes() -> None:
    with pytest.raises(UserError, match="class number of 0 to 9"):
        severity_metrics(classes().assign(predicted=3.5), seed=0)
    with pytest.raises(UserError, match=r"lack the column.* predicted"):
        severity_metrics(classes().drop(columns="predicted"), seed=0)


def test_no_pairs_no_numbers() -> None:
    found = with_intervals([], np.zeros((0, 8)), {"pcc": PCC}, seed=0)
    assert all(np.isnan(value) for value in found.values())
