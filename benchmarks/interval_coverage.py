"""How often the 95% intervals hold the true value, in simulated cohorts of 37 and 360 patients.

One population of patients is made once: scores as the phantom samples them (most joints 0, few
high, one severity a patient), predictions that err by patient and by joint, totals whose errors
grow with the total and have heavy tails, joints that are missed by the radiograph. Its measures are
the true values. Cohorts are sampled from it, and each interval of the tables is taken by the
library's own functions, beside a few others for comparison. `used` marks the library's; cohorts in
which a method gives no interval are left out of its coverage and counted.

    PYTHONPATH=src python benchmarks/interval_coverage.py [--cohorts 2000] [--table FILE]

Without --table the table goes where the notes under the study's tables read it. It takes about a
quarter of an hour of one core. Resamples are fewer than a study's (--resamples): that makes single
intervals rougher and leaves their coverage as it is.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from sharpflow.anatomy import MODELS, BodyPart, Damage, n_classes, scored_joints
from sharpflow.evaluation import agreement, intervals, proportions, recalls
from sharpflow.evaluation.coverage import COVERAGE
from sharpflow.evaluation.metrics import balanced_accuracy_of
from sharpflow.phantom.cohorts.whole_images import SEVERITY
from sharpflow.phantom.damage.severity import sample_scores

Array = np.ndarray
SIZES = (37, 360)
CLASS_EDGES = (5, 10, 15, 20, 30, 45, 70, 100, 140)  # Bo et al., figure 1 (B)
SEED = 1


@dataclass(frozen=True)
class Cohort:
    """A synthetic cohort: its patients' rows in the population, and resamples of them."""

    patients: Array  # (n,)
    times: Array  # (resamples, n)
    seed: int


@dataclass(frozen=True)
class Case:
    """One measure: the population's sums, the true values, and the methods to take an interval.

    A method gives an interval (2,), or some of them (k, 2), as `truth` gives one value or k.
    """

    measure: str
    population: str
    sums: Array
    truth: Callable[[Array], Array]
    methods: Mapping[str, Callable[[Array, Cohort], object]]


# The population


def make_population(patients: int, rng: np.random.Generator) -> tuple[dict[str, Array], Array]:
    """True scores of each model's joints, (patients, joints), and totals of both hands."""
    scores: dict[str, list[list[int]]] = {model: [] for model in MODELS}
    totals = []
    for patient in range(patients):
        drawn = sample_scores(f"{patient}", SEED)
        for model, (damage, body_part) in MODELS.items():
            names = {joint.name for joint in scored_joints(body_part, damage)}
            limbs = ("LH", "RH") if body_part is BodyPart.HAND else ("LF", "RF")
            scores[model].append(
                [
                    score
                    for (limb, joint, what), score in drawn.items()
                    if limb in limbs and joint in names and what is damage
                ]
            )
        severe = sample_scores(f"{patient}", SEED, severity=SEVERITY)
        totals.append(sum(score for (limb, _, _), score in severe.items() if limb[1] == "H"))
    return {model: np.array(rows) for model, rows in scores.items()}, np.array(totals, float)


def predict_joints(true: Array, classes: int, rng: np.random.Generator) -> Array:
    """Scores as a head gives them: high ones too low, off by patient (SD 0.25) and by joint."""
    patient = rng.normal(0, 0.25, (len(true), 1))
    joint = rng.normal(0, 1, true.shape) * (0.35 + 0.12 * true)
    return np.clip(np.round(0.95 * true + patient + joint), 0, classes - 1).astype(int)


def predict_totals(
    true: Array, errors: Array, slope: float, spread: tuple[float, float], rng: np.random.Generator
) -> Array:
    """Totals with errors of t with 5 degrees of freedom, half of them (`errors`) shared.

    Their SD grows from spread[0] by spread[1] a point. RMSE is 1.5 times MAE, as between the two
    readers of Bo et al., section 2.1 (18.75 and 12.24).
    """
    error = np.sqrt(0.5) * (errors + rng.standard_t(5, len(true)))
    return np.clip(5 + slope * true + (spread[0] + spread[1] * true) * error, 0, 280)


def confusions(true: Array, predicted: Array, classes: int) -> Array:
    """(patients, classes, classes) from (patients, joints)."""
    counts = np.zeros((len(true), classes, classes))
    rows = np.repeat(np.arange(len(true)), true.shape[1])
    np.add.at(counts, (rows, true.ravel(), predicted.ravel()), 1)
    return counts


def missed_joints(
    patients: int, radiograph: float, joint: float, hard: float, rng: np.random.Generator
) -> Array:
    """Right and all of a patient's 20 joints on two radiographs; some fail as a whole."""
    is_hard = rng.random((patients, 1)) < hard
    fails = rng.random((patients, 2)) < np.where(is_hard, 0.3, radiograph)
    missed = rng.binomial(10, np.where(is_hard, 0.1, joint) * np.ones((patients, 2)))
    missed = np.where(fails, rng.integers(3, 11, (patients, 2)), missed)
    return np.stack([20 - missed.sum(axis=1), np.full(patients, 20)], axis=1).astype(float)


def overlaps(patients: int, rng: np.random.Generator) -> Array:
    """Dice of a patient's two radiographs: 0.98 for most, 0.4 to 0.9 for one in twenty."""
    noise = rng.normal(0, 0.25, (patients, 1)) + rng.normal(0, 0.4, (patients, 2))
    good = expit(logit(0.98) + noise)
    bad = rng.random((patients, 2)) < 0.05
    return np.where(bad, rng.uniform(0.4, 0.9, (patients, 2)), good)


# The methods


def of_number(measure: agreement.Measure) -> dict[str, Callable[[Array, Cohort], object]]:
    """The library's interval of a number, and others for comparison."""

    def studentized(scale: intervals.Scale) -> Callable[[Array, Cohort], object]:
        return lambda sums, cohort: intervals.interval_of(sums, measure.of, scale, cohort.times)

    other = replace(measure.scale, symmetric=not measure.scale.symmetric)
    tails = {True: "symmetric", False: "two tails"}
    return {
        f"studentized, {tails[measure.scale.symmetric]}": studentized(measure.scale),
        f"studentized, {tails[other.symmetric]}": studentized(other),
        "percentile": lambda sums, cohort: percentile(sums, measure.of, cohort.times),
        "BCa": lambda sums, cohort: bias_corrected(sums, measure.of, cohort.times),
    }


def percentile(sums: Array, statistic: intervals.Statistic, times: Array) -> Array:
    """Efron and Tibshirani, 13.3; resamples without a value are left out."""
    with np.errstate(all="ignore"):
        return np.nanpercentile(statistic(np.tensordot(times, sums, axes=1)), [2.5, 97.5])


def bias_corrected(sums: Array, statistic: intervals.Statistic, times: Array) -> Array:
    """Bias-corrected and accelerated; Efron and Tibshirani, 14.3."""
    with np.errstate(all="ignore"):
        value = statistic(sums.sum(axis=0)[None])[0]
        resampled = statistic(np.tensordot(times, sums, axes=1))
        resampled = resampled[~np.isnan(resampled)]
        left_out = statistic(sums.sum(axis=0) - sums)
        influence = np.nanmean(left_out) - left_out
        speed = np.nansum(influence**3) / (6 * np.nansum(influence**2) ** 1.5)
        below = np.mean(resampled < value) + np.mean(resampled == value) / 2
        shift = ndtri(np.clip(below, 1e-3, 1 - 1e-3))
        z = shift + ndtri([0.025, 0.975])
        return np.quantile(resampled, ndtr(shift + z / (1 - speed * z)))


def of_balanced_accuracy(within: int) -> dict[str, Callable[[Array, Cohort], object]]:
    def statistic(totals: Array) -> Array:
        return balanced_accuracy_of(totals, within)

    def bayesian(sums: Array, cohort: Cohort) -> Array:
        rng = np.random.default_rng(cohort.seed)
        return percentile(sums, statistic, rng.exponential(size=cohort.times.shape))

    return {
        "recalls combined": lambda sums, _: recalls.balanced_accuracy_interval(sums, within),
        "percentile": lambda sums, cohort: percentile(sums, statistic, cohort.times),
        "Bayesian bootstrap": bayesian,
    }


def of_share() -> dict[str, Callable[[Array, Cohort], object]]:
    def by_library(sums: Array, cohort: Cohort) -> object:
        resamples = len(cohort.times)
        return proportions.share_interval(*sums.T, seed=cohort.seed, resamples=resamples)

    def jeffreys(sums: Array, _: Cohort) -> Array:
        shares = proportions.shares_of(sums[:, :1], sums[:, 1:])
        return np.array([shares.low[0], shares.high[0]])

    return {
        "studentized, few by patients": by_library,
        "Jeffreys": jeffreys,
        "percentile": lambda sums, cohort: percentile(sums, intervals.mean_of, cohort.times),
    }


# The measures


def number(name: str, population: str, sums: Array, measure: agreement.Measure) -> Case:
    value = measure.of(sums.sum(axis=0)[None])
    return Case(name, population, sums, lambda _: value, of_number(measure))


def share(name: str, population: str, sums: Array) -> Case:
    value = intervals.mean_of(sums.sum(axis=0)[None])
    return Case(name, population, sums, lambda _: value, of_share())


def balanced(name: str, population: str, sums: Array, within: int) -> Case:
    recall = recalls.class_recalls(sums, within)["recall"].to_numpy()

    def truth(cohort: Array) -> Array:
        return recall[cohort.sum(axis=(0, 2)) > 0].mean(keepdims=True)

    return Case(name, population, sums, truth, of_balanced_accuracy(within))


def recall_of_class(population: str, sums: Array, within: int) -> Case:
    recall = recalls.class_recalls(sums, within)["recall"].to_numpy()
    names = ["recall_low", "recall_high"]
    methods = {"Jeffreys": lambda cohort, _: recalls.class_recalls(cohort, within)[names]}
    name = "recall_within_one" if within else "recall"
    return Case(name, population, sums, lambda _: recall, methods)


def joint_cases(scores: Mapping[str, Array], rng: np.random.Generator) -> Iterator[Case]:
    for model, true in scores.items():
        damage, body_part = MODELS[model]
        classes = n_classes(body_part, damage)
        sums = confusions(true, predict_joints(true, classes, rng), classes)
        yield balanced("balanced_accuracy", model, sums, 0)
        yield balanced("balanced_accuracy_within_one", model, sums, 1)
        yield recall_of_class(model, sums, 0)
        yield recall_of_class(model, sums, 1)
        place = np.divmod(np.arange(classes**2), classes)
        pairs = sums.reshape(len(sums), -1) @ agreement.pair_sums(*place)
        if damage is Damage.EROSION:
            yield number("kappa", model, pairs, agreement.KAPPA)
            yield number("mae", model, pairs, agreement.MAE)


def total_cases(true: Array, rng: np.random.Generator) -> Iterator[Case]:
    errors = rng.standard_t(5, len(true))
    predicted = [
        predict_totals(true, errors, 0.85, (4, 0.15), rng),
        predict_totals(true, errors, 0.9, (5, 0.2), rng),
    ]
    sums = [agreement.pair_sums(true, side) for side in predicted]
    measures = {
        "pcc": agreement.PCC,
        "mae": agreement.MAE,
        "rmse": agreement.RMSE,
        "icc": agreement.ICC,
    }
    for name, measure in measures.items():
        yield number(name, "totals", sums[0], measure)
    yield number("bias", "totals", sums[0], agreement.BIAS)
    yield number("lower_limit", "totals", sums[0], agreement.LOWER_LIMIT)
    yield number("upper_limit", "totals", sums[0], agreement.UPPER_LIMIT)
    both = np.stack(sums, axis=1)
    for name, measure in measures.items():
        yield number(f"{name}_difference", "totals", both, agreement.difference_of(measure))


def class_cases(true: Array, rng: np.random.Generator) -> Iterator[Case]:
    classes = len(CLASS_EDGES) + 1
    place = np.digitize(true, CLASS_EDGES)[:, None]
    shared = rng.normal(0, 0.7, len(true))
    sides = []
    for spread in (0.7, 0.9):
        guess = np.maximum(np.sqrt(true) + shared + rng.normal(0, spread, len(true)), 0) ** 2
        sides.append(confusions(place, np.digitize(guess, CLASS_EDGES)[:, None], classes))
    cells = agreement.pair_sums(*np.divmod(np.arange(classes**2), classes))
    right, n = (np.trace(sides[0], axis1=1, axis2=2), np.ones(len(true)))
    yield share("accuracy", "classes", np.stack([right, n], axis=1))
    yield balanced("balanced_accuracy", "classes", sides[0], 0)
    pairs = [side.reshape(len(true), -1) @ cells for side in sides]
    measures = {
        "pcc": agreement.PCC,
        "mae": agreement.MAE,
        "rmse": agreement.RMSE,
        "kappa": agreement.KAPPA,
        "icc": agreement.ICC,
    }
    for name, measure in measures.items():
        yield number(name, "classes", pairs[0], measure)
    measure = agreement.difference_of(agreement.KAPPA)
    yield number("kappa_difference", "classes", np.stack(pairs, axis=1), measure)
    yield from accuracy_differences(*sides)


def accuracy_differences(first: Array, second: Array) -> Iterator[Case]:
    both = np.stack([first, second], axis=1)
    recall = [recalls.class_recalls(side)["recall"].to_numpy() for side in (first, second)]
    apart = recall[0] - recall[1]

    def of_cohort(cohort: Array) -> Array:
        return apart[cohort[:, 0].sum(axis=(0, 2)) > 0].mean(keepdims=True)

    def combined(cohort: Array, _: Cohort) -> object:
        return recalls.balanced_accuracy_difference(cohort[:, 0], cohort[:, 1])

    def resampled(totals: Array) -> Array:
        return balanced_accuracy_of(totals[:, 0]) - balanced_accuracy_of(totals[:, 1])

    methods = {
        "recalls combined": combined,
        "percentile": lambda sums, cohort: percentile(sums, resampled, cohort.times),
    }
    yield Case("balanced_accuracy_difference", "classes", both, of_cohort, methods)
    right = np.trace(both, axis1=2, axis2=3)
    value = (right[:, 0] - right[:, 1]).mean(keepdims=True)
    mean = agreement.Measure(intervals.mean_of, intervals.PLAIN)

    def of_accuracies(cohort: Array, _: Cohort) -> object:
        return proportions.share_difference(cohort, np.ones_like(cohort))

    def as_number(cohort: Array, drawn: Cohort) -> object:
        sums = np.stack([cohort[:, 0] - cohort[:, 1], np.ones(len(cohort))], axis=1)
        return intervals.interval_of(sums, mean.of, mean.scale, drawn.times)

    methods = {"shares combined": of_accuracies, "studentized, symmetric": as_number}
    yield Case("accuracy_difference", "classes", right, lambda _: value, methods)


def other_cases(patients: int, rng: np.random.Generator) -> Iterator[Case]:
    yield share("found", "joints", missed_joints(patients, 0.003, 0.001, 0.03, rng))
    yield share("named_right", "joints", missed_joints(patients, 0.02, 0.01, 0.1, rng))
    dice = overlaps(patients, rng)
    mean = agreement.Measure(intervals.mean_of, intervals.LOGIT)
    for name, values in (("dice", dice), ("iou", dice / (2 - dice))):
        sums = np.stack([values.sum(axis=1), np.full(patients, 2.0)], axis=1)
        yield number(name, "masks", sums, mean)
    ratio = agreement.Measure(intervals.mean_of, intervals.LOG)
    area = rng.normal(0.2, 0.03, patients).clip(0.1, 0.3)
    heat = 0.5 * rng.beta(2, 5, patients)
    yield number("ratio", "heat on joints", np.stack([heat, area], axis=1), ratio)
    damaged = np.where(rng.random(patients) < 0.3, 0, rng.gamma(0.6, 0.02, patients))
    heat = damaged * rng.lognormal(0, 0.8, patients)
    yield number("ratio", "heat on damage", np.stack([heat, damaged], axis=1), ratio)


# The simulation


def simulate(cases: list[Case], size: int, cohorts: int, resamples: int) -> pd.DataFrame:
    rng = np.random.default_rng([SEED, size])
    population = len(cases[0].sums)
    found: dict[tuple[int, str], list[Array]] = {}
    for number_of in range(cohorts):
        patients = rng.integers(0, population, size)
        drawn = Cohort(patients, intervals.resample_patients(size, resamples, number_of), number_of)
        for place, case in enumerate(cases):
            sums = case.sums[patients]
            truth = np.atleast_1d(case.truth(sums))
            for name, method in case.methods.items():
                bounds = np.asarray(method(sums, drawn), float).reshape(-1, 2)
                rows = np.column_stack([truth, bounds])
                found.setdefault((place, name), []).append(rows)
    lines = []
    for (place, name), rows in found.items():
        truth, low, high = np.concatenate(rows).T
        there = ~np.isnan(low)
        below, above = (np.mean(side[there]) for side in (truth < low, truth > high))
        case = cases[place]
        lines.append(
            {
                "measure": case.measure,
                "population": case.population,
                "patients": size,
                "method": name,
                "used": name == next(iter(case.methods)),
                "cohorts": cohorts,
                "coverage": round(1 - below - above, 4),
                "truth_below": round(below, 4),
                "truth_above": round(above, 4),
                "no_interval": round(np.mean(~there), 4),
                "median_width": float(f"{np.median((high - low)[there]):.4g}"),
            }
        )
    return pd.DataFrame(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=300)
    parser.add_argument("--population", type=int, default=20_000)
    parser.add_argument("--table", type=Path, default=COVERAGE)
    options = parser.parse_args()
    start = time.process_time()
    rng = np.random.default_rng(SEED)
    scores, totals = make_population(options.population, rng)
    cases = [
        *joint_cases(scores, rng),
        *total_cases(totals, rng),
        *class_cases(totals, rng),
        *other_cases(options.population, rng),
    ]
    table = pd.concat(
        [simulate(cases, size, options.cohorts, options.resamples) for size in SIZES],
        ignore_index=True,
    )
    table.to_csv(options.table, index=False, lineterminator="\n")
    print(table.to_string(index=False))
    print(f"{options.cohorts} cohorts of each size, {time.process_time() - start:.0f} s")


if __name__ == "__main__":
    main()
