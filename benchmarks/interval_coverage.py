"""How often the 95% intervals hold the true value, in simulated cohorts of 37 and 360 patients.

One population of patients is made: scores as the phantom samples them (most joints 0, few high,
one severity a patient), predictions with errors by patient and by joint, totals whose errors grow
with the total and have heavy tails, joints that are missed on some radiographs. Its measures are
the true values. Cohorts are sampled from it, and each interval of the tables is taken by the
library's own functions, and by a few others for comparison. `used` marks the library's. Cohorts in
which a method gives no interval are left out of its coverage and counted.

    PYTHONPATH=src python benchmarks/interval_coverage.py [--cohorts 2000] [--table FILE]

Without --table the table goes where the notes under the study's tables read it. The run takes about
a quarter of an hour on one core. It uses fewer resamples than a study (--resamples), which makes
single intervals less exact but does not change their coverage.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from interval_methods import (
    Cohort,
    Methods,
    of_balanced_accuracy,
    of_number,
    of_share,
    percentile,
)
from interval_population import (
    SEED,
    confusions,
    make_population,
    missed_joints,
    overlaps,
    predict_joints,
    predict_totals,
)

from sharpflow.anatomy import MODELS, Damage, n_classes
from sharpflow.evaluation import agreement, intervals, proportions, recalls
from sharpflow.evaluation.coverage import COVERAGE
from sharpflow.evaluation.metrics import balanced_accuracy_of

Array = np.ndarray
SIZES = (37, 360)
CLASS_EDGES = (5, 10, 15, 20, 30, 45, 70, 100, 140)  # Bo et al., figure 1 (B)


@dataclass(frozen=True)
class Case:
    """One measure: the population's sums, the true values, and the methods to take an interval.

    `truth` gives one value, or k where a method gives intervals (k, 2).
    """

    measure: str
    population: str
    sums: Array
    truth: Callable[[Array], Array]
    methods: Methods


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

    def resampled(sums: Array) -> Array:
        return balanced_accuracy_of(sums[:, 0]) - balanced_accuracy_of(sums[:, 1])

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

    def as_number(cohort: Array, given: Cohort) -> object:
        sums = np.stack([cohort[:, 0] - cohort[:, 1], np.ones(len(cohort))], axis=1)
        return intervals.interval_of(sums, mean.of, mean.scale, given.times)

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


def simulate(cases: list[Case], size: int, cohorts: int, resamples: int) -> pd.DataFrame:
    rng = np.random.default_rng([SEED, size])
    population = len(cases[0].sums)
    found: dict[tuple[int, str], list[Array]] = {}
    for number_of in range(cohorts):
        patients = rng.integers(0, population, size)
        cohort = Cohort(
            patients, intervals.resample_patients(size, resamples, number_of), number_of
        )
        for place, case in enumerate(cases):
            sums = case.sums[patients]
            truth = np.atleast_1d(case.truth(sums))
            for name, method in case.methods.items():
                bounds = np.asarray(method(sums, cohort), float).reshape(-1, 2)
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
    scores, totals = make_population(options.population)
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
