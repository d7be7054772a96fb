"""Intervals by patient against published values, a plain loop, and what must not change them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binomtest

from sharpflow.evaluation.agreement import BIAS, ICC, MAE, PCC, RMSE, difference_of, pair_sums
from sharpflow.evaluation.intervals import (
    FISHER,
    LOG,
    LOGIT,
    PLAIN,
    SKEWED,
    Scale,
    interval_of,
    mean_of,
    patient_interval,
    patient_sums,
    resample_patients,
)
from sharpflow.evaluation.metrics import balanced_accuracy_of
from sharpflow.evaluation.proportions import (
    Shares,
    combined_interval,
    share_difference,
    share_interval,
    shares_of,
)
from sharpflow.evaluation.recalls import (
    balanced_accuracy_difference,
    balanced_accuracy_interval,
    class_recalls,
)

Array = np.ndarray


def sums_of(values: Array) -> Array:
    return np.stack([values, np.ones(len(values))], axis=1)


def skewed_pairs(patients: int, seed: int) -> Array:
    generator = np.random.default_rng(seed)
    true = np.round(generator.gamma(0.8, 35, patients))
    error = (4 + 0.15 * true) * generator.standard_t(5, patients)
    return pair_sums(true, 0.9 * true + error)


def confusions(patients: int, seed: int) -> Array:
    """Twenty joints a patient, most of class 0, class 4 rare."""
    generator = np.random.default_rng(seed)
    counts = np.zeros((patients, 5, 5))
    for patient in range(patients):
        true = generator.choice(5, 20, p=[0.8, 0.12, 0.05, 0.02, 0.01])
        error = generator.integers(-1, 2, 20) * (generator.random(20) < 0.4)
        np.add.at(counts[patient], (true, np.clip(true + error, 0, 4)), 1)
    return counts


# Numbers


@pytest.mark.parametrize(("scale", "log"), [(PLAIN, False), (SKEWED, False), (LOG, True)])
def test_the_studentized_interval_of_a_mean_is_that_of_a_plain_loop(
    scale: Scale, log: bool
) -> None:
    values = np.random.default_rng(2).gamma(2, 5, 12)
    times = resample_patients(12, 500, seed=4)
    distances = []
    for row in times.astype(int):  # Efron and Tibshirani, 12.5, with the usual standard error
        drawn = np.repeat(values, row)
        error = drawn.std(ddof=1) / np.sqrt(12)
        apart = drawn.mean() - values.mean()
        if log:  # the delta method
            apart, error = np.log(drawn.mean()) - np.log(values.mean()), error / drawn.mean()
        distances.append(apart / error)
    if scale.symmetric:
        down = up = np.quantile(np.abs(distances), 0.95, method="higher")
    else:
        down = np.quantile(distances, 0.975, method="higher")
        up = -np.quantile(distances, 0.025, method="lower")
    # The jackknife of the data (11.5): of a mean the usual error, on a log scale not quite.
    left_out = np.array([np.delete(values, place).mean() for place in range(12)])
    left_out = np.log(left_out) if log else left_out
    error = np.sqrt(11 / 12 * ((left_out - left_out.mean()) ** 2).sum())
    middle = np.log(values.mean()) if log else values.mean()
    ends = np.array([middle - down * error, middle + up * error])
    expected = np.exp(ends) if log else ends
    assert interval_of(sums_of(values), mean_of, scale, times) == pytest.approx(expected, rel=1e-6)


def test_of_many_patients_it_is_the_textbooks() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    low, high = patient_interval(sums_of(values), mean_of, PLAIN, resamples=4000, seed=1)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_a_correlation_of_many_patients_has_fishers_interval() -> None:
    generator = np.random.default_rng(3)
    true = generator.normal(0, 1, 2000)
    pairs = pair_sums(true, true + generator.normal(0, 1, 2000))
    value = float(PCC(pairs.sum(axis=0)))
    found = patient_interval(pairs, PCC.of, FISHER, resamples=4000, seed=1)
    half = 1.96 / np.sqrt(1997)
    expected = np.tanh([np.arctanh(value) - half, np.arctanh(value) + half])
    assert found == pytest.approx(expected, abs=0.004)


def test_patients_are_resampled_not_joints() -> None:
    # Ten patients whose 100 joints are all right or all wrong are as uncertain as ten joints.
    right = np.repeat([1.0, 0.0] * 5, 100)
    names = np.repeat([f"p{number}" for number in range(10)], 100).tolist()
    _, sums = patient_sums(names, sums_of(right))
    one_each = sums_of(np.array([1.0, 0.0] * 5))
    many, few = (patient_interval(side, mean_of, LOGIT, seed=1) for side in (sums, one_each))
    assert many == pytest.approx(few)
    assert many[0] < 0.25 and many[1] > 0.75  # binomial(10, 1/2): 2.5% and 97.5% are 0.2, 0.8


@pytest.mark.parametrize("measure", [PCC, MAE, RMSE, ICC, BIAS, difference_of(ICC)])
def test_intervals_hold_the_estimate_and_stay_in_range(measure: object) -> None:
    for seed in range(5):
        pairs = skewed_pairs(12, seed)
        if measure not in (PCC, MAE, RMSE, ICC, BIAS):
            pairs = np.stack([pairs, skewed_pairs(12, seed + 50)], axis=1)
        low, high = patient_interval(pairs, measure.of, measure.scale, resamples=500, seed=seed)
        assert low < measure(pairs.sum(axis=0)) < high
        lowest = {PCC: -1, ICC: -1, MAE: 0, RMSE: 0}.get(measure, -np.inf)
        highest = {PCC: 1, ICC: 1}.get(measure, np.inf)
        assert lowest <= low and high <= highest


def test_units_and_order_do_not_matter() -> None:
    pairs = skewed_pairs(30, 1)
    true, predicted = np.random.default_rng(1).gamma(1, 30, (2, 30))
    times = resample_patients(30, 400, seed=2)
    small, large = (
        interval_of(pair_sums(unit * true, unit * predicted), RMSE.of, LOG, times)
        for unit in (1, 1000)
    )
    assert large == pytest.approx([1000 * end for end in small])
    shuffled = np.random.default_rng(0).permutation(30)
    first = interval_of(pairs, RMSE.of, LOG, times)
    assert interval_of(pairs[shuffled], RMSE.of, LOG, times[:, shuffled]) == pytest.approx(first)


def test_a_seed_gives_one_interval() -> None:
    pairs = skewed_pairs(30, 1)
    once, again, other = (
        patient_interval(pairs, RMSE.of, LOG, resamples=400, seed=seed) for seed in (1, 1, 2)
    )
    assert once == again != other


@pytest.mark.parametrize(
    "values", [[], [3.0], [3.0, 3.0, 3.0, 3.0], [1.0, 2.0]], ids=["none", "one", "alike", "two"]
)
def test_where_nothing_can_be_said_there_is_no_interval(values: list[float]) -> None:
    sums = sums_of(np.array(values)) if values else np.zeros((0, 2))
    assert np.isnan(patient_interval(sums, mean_of, PLAIN, seed=1)).all()


def test_rmse_of_skewed_cohorts_is_held_far_more_often_than_by_percentiles() -> None:
    population = skewed_pairs(20_000, 5)
    truth = float(RMSE(population.sum(axis=0)))
    generator = np.random.default_rng(6)
    held = np.zeros(2)
    for seed in range(200):
        pairs = population[generator.integers(0, len(population), 37)]
        times = resample_patients(37, 200, seed)
        studentized = interval_of(pairs, RMSE.of, LOG, times)
        percentile = np.percentile(RMSE(times @ pairs), [2.5, 97.5])
        held += [low <= truth <= high for low, high in (studentized, percentile)]
    assert held[0] >= 0.86 * 200
    assert held[0] >= held[1] + 0.05 * 200


# Shares


def test_one_answer_a_patient_is_jeffreys_interval() -> None:
    right = np.array([1.0] * 7 + [0.0] * 13)[:, None]
    found = shares_of(right, np.ones((20, 1)))
    assert (found.low[0], found.high[0]) == pytest.approx(beta.interval(0.95, 7.5, 13.5))


@pytest.mark.parametrize("right", [0, 20])
def test_all_or_none_right_is_bounded_exactly_by_patients(right: int) -> None:
    # 37 patients of 20 joints each: as sure as 37 joints, not as 740. Clopper and Pearson's bound.
    found = share_interval(np.full(37, float(right)), np.full(37, 20.0), seed=1)
    exact = binomtest(37 * right // 20, 37).proportion_ci(method="exact")
    assert found == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert found[1 if right == 0 else 0] == pytest.approx(
        0.0949 if right == 0 else 0.9051, abs=1e-4
    )


def test_one_wrong_answer_does_not_make_the_share_certain() -> None:
    right = np.full(37, 20.0)
    right[5] -= 1
    low, high = share_interval(right, np.full(37, 20.0), seed=1)
    assert 0.9 < low < 0.94 and high > 739 / 740  # 0.905 with none


def test_answers_of_one_patient_that_go_together_count_once() -> None:
    right = np.array([20.0] * 30 + [0.0] * 10)
    n = np.full(40, 20.0)
    clustered = shares_of(right[:, None], n[:, None])
    alone = shares_of(right[:, None] / 20, n[:, None] / 20)
    assert clustered.low == pytest.approx(alone.low, abs=0.005)
    assert clustered.high == pytest.approx(alone.high, abs=0.005)


def test_mover_gives_newcombes_published_interval() -> None:
    # Stat Med 1998;17:873-890, table II, method 10: 56 of 70 less 48 of 80, from Wilson's limits.
    limits = [
        binomtest(right, n).proportion_ci(method="wilson") for right, n in ((56, 70), (48, 80))
    ]
    shares = Shares(
        np.array([0.8, 0.6]),
        np.array([limit.low for limit in limits]),
        np.array([limit.high for limit in limits]),
        np.eye(2),  # no patient answers to both
    )
    found = combined_interval(shares, np.array([1.0, -1.0]))
    assert found == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_paired_difference_is_surer_than_an_unpaired_one() -> None:
    generator = np.random.default_rng(1)
    first = (generator.random(200) < 0.7).astype(float)
    second = np.where(generator.random(200) < 0.05, 1 - first, first)
    n = np.ones((200, 2))
    low, high = share_difference(np.stack([first, second], axis=1), n)
    mixed = np.stack([first, generator.permutation(second)], axis=1)
    other_low, other_high = share_difference(mixed, n)
    assert low < first.mean() - second.mean() < high
    assert high - low < 0.5 * (other_high - other_low)
    back = share_difference(np.stack([second, first], axis=1), n)
    assert back == pytest.approx((-high, -low))


# Recalls and balanced accuracy


def test_recalls_of_classes_and_what_they_rest_on() -> None:
    counts = np.zeros((6, 3, 3))
    counts[:, 0, 0] = 2  # two joints each, all right
    counts[:2, 1, 1], counts[0, 1, 0] = 1, 1  # three joints in two patients, two right
    found = class_recalls(counts)
    assert found["n"].tolist() == [12, 3, 0]
    assert found["n_patients"].tolist() == [6, 2, 0]
    assert found["recall"].tolist()[:2] == pytest.approx([1, 2 / 3])
    assert found["few_patients"].tolist() == [False, True, False]
    assert found.loc[0, "recall_low"] == pytest.approx(0.025 ** (1 / 6))
    assert found.loc[0, "recall_high"] == 1
    # Two patients tell of the second: Jeffreys' interval of two thirds of two answers.
    assert found.loc[1, "recall_low"] == pytest.approx(beta.ppf(0.025, 4 / 3 + 0.5, 2 / 3 + 0.5))
    assert found.loc[2, ["recall", "recall_low", "recall_high"]].isna().all()
    within = class_recalls(counts, within=1)
    assert within["recall"].tolist()[:2] == [1, 1]


def test_all_right_leaves_each_class_as_uncertain_as_its_patients() -> None:
    counts = np.zeros((10, 2, 2))
    counts[:, 0, 0], counts[0, 1, 1] = 5, 1  # the second class in one patient
    low, high = balanced_accuracy_interval(counts)
    unsure = [1 - 0.025 ** (1 / 10), 1 - 0.025]
    assert (low, high) == (pytest.approx(1 - np.hypot(*unsure) / 2), 1)


def test_a_class_of_one_patient_is_neither_lost_nor_certain() -> None:
    counts = confusions(30, 1)
    counts[:, 4] = 0
    sure = balanced_accuracy_interval(counts)
    counts[3, 4, 4] = 1
    low, high = balanced_accuracy_interval(counts)
    assert low < float(balanced_accuracy_of(counts.sum(axis=0))) < high
    assert high - low > 1.2 * (sure[1] - sure[0])


@pytest.mark.parametrize("within", [0, 1])
def test_balanced_accuracys_interval_is_the_same_for_any_order(within: int) -> None:
    counts = confusions(25, 2)
    expected = balanced_accuracy_interval(counts, within)
    value = float(balanced_accuracy_of(counts.sum(axis=0), within))
    assert 0 <= expected[0] < value <= expected[1] <= 1
    patients = np.random.default_rng(0).permutation(25)
    assert balanced_accuracy_interval(counts[patients], within) == pytest.approx(expected)
    mirrored = counts[:, ::-1, ::-1]
    assert balanced_accuracy_interval(mirrored, within) == pytest.approx(expected)
    empty = np.zeros((25, 7, 7))  # classes that no joint has
    empty[:, :5, :5] = counts
    assert balanced_accuracy_interval(empty, within) == pytest.approx(expected)


def test_balanced_accuracys_difference_turns_with_its_sides() -> None:
    first = confusions(25, 2)
    second = first.copy()
    second[:, 0, 0] += second[:, 0, 1]  # the other finds class 0 better, on the same joints
    second[:, 0, 1] = 0
    low, high = balanced_accuracy_difference(first, second)
    value = float(
        balanced_accuracy_of(first.sum(axis=0)) - balanced_accuracy_of(second.sum(axis=0))
    )
    assert low < value < high
    assert balanced_accuracy_difference(second, first) == pytest.approx((-high, -low))


def test_no_patient_no_interval() -> None:
    nothing: list[Callable[[], object]] = [
        lambda: balanced_accuracy_interval(np.zeros((0, 5, 5))),
        lambda: balanced_accuracy_difference(np.zeros((0, 5, 5)), np.zeros((0, 5, 5))),
        lambda: share_interval(np.zeros(0), np.zeros(0), seed=1),
    ]
    assert all(np.isnan(np.array(interval())).all() for interval in nothing)
    assert isinstance(class_recalls(np.zeros((0, 5, 5))), pd.DataFrame)
