"""How well whole images are scored: metrics of test images, and differences of two experiments.

95% intervals are by patient: of numbers by studentized bootstrap (`intervals`; all experiments of a
task share the resamples), of accuracies as `proportions` and `recalls` tell.

Classes that the test images lack: as in `metrics`, balanced accuracy is the mean over the classes
that occur among the true ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sharpflow.errors import UserError
from sharpflow.evaluation.agreement import (
    ICC,
    KAPPA,
    MAE,
    PCC,
    RMSE,
    Array,
    Measure,
    difference_of,
    pair_sums,
    with_intervals,
)
from sharpflow.evaluation.intervals import Statistic, patient_sums
from sharpflow.evaluation.metrics import balanced_accuracy_of
from sharpflow.evaluation.proportions import share_difference, share_interval
from sharpflow.evaluation.recalls import (
    balanced_accuracy_difference,
    balanced_accuracy_interval,
    class_recalls,
)
from sharpflow.evaluation.seeds import over_seeds
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

N_CLASSES = 10  # Bo et al., figure 1 (B)
TASKS = ("bone_age", "total", "severity")

_COLUMNS = ("image_id", "patient", "split", "true", "predicted")


_TRUE, _PREDICTED = np.divmod(np.arange(N_CLASSES**2), N_CLASSES)
_CELLS = pair_sums(_TRUE, _PREDICTED)  # of a pair in each cell of a confusion


def _pairs_of(counts: Array) -> Array:
    """The eight sums (..., 8) of confusions (..., classes, classes)."""
    return np.asarray(counts.reshape(*counts.shape[:-2], -1) @ _CELLS)


def _of_classes(measure: Measure) -> Statistic:
    """A measure of pairs as one of confusions (..., classes, classes)."""
    return lambda counts: measure(_pairs_of(counts))


def _accuracy_of(counts: Array) -> Array:
    right, total = np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1))
    share = np.full(np.shape(total), np.nan)
    return np.asarray(np.divide(right, total, out=share, where=total > 0))


REGRESSION: Mapping[str, Measure] = {"pcc": PCC, "mae": MAE, "rmse": RMSE, "icc": ICC}
CLASS_NUMBERS: Mapping[str, Measure] = {
    "pcc": PCC,
    "mae": MAE,
    "rmse": RMSE,
    "kappa": KAPPA,
    "icc": ICC,
}
SEVERITY: Mapping[str, Statistic] = {
    "accuracy": _accuracy_of,
    "balanced_accuracy": balanced_accuracy_of,
    **{name: _of_classes(measure) for name, measure in CLASS_NUMBERS.items()},
}


def regression_metrics(
    predictions: "pd.DataFrame", *, seed: int, resamples: int = 2000, split: str = "test"
) -> dict[str, float]:
    """PCC, MAE, RMSE (Bo et al., equations 3 to 5) and ICC(A,1) of one experiment's predictions.

    Args:
        predictions: image_id, patient, split, true, predicted, in the target's unit; other columns
            are left alone.
        seed: the study's; the resamples do not depend on the experiment.
        resamples: number of resamples.
        split: whose images count.

    Returns:
        n (images), patients, then pcc, mae, rmse, icc, each also with _low and _high. PCC is NaN
        where all predictions are one number.

    Raises:
        UserError: a column lacks, no image is of this split, an image is there twice, or a value
            lacks.
    """
    return _metrics(predictions, "total", seed, resamples, split)


def severity_metrics(
    predictions: "pd.DataFrame", *, seed: int, resamples: int = 2000, split: str = "test"
) -> dict[str, Any]:
    """Metrics of class numbers: those of `regression_metrics`, accuracies and kappa.

    As `regression_metrics`, with accuracy and balanced_accuracy (fractions), kappa (Cohen's, with
    quadratic weights), classes_absent, how many classes have no true image, and
    classes_few_patients, those that fewer than 5 patients have ("8 (n = 2), 9 (n = 4)"; None
    without). `true` and `predicted` are class numbers 0 to 9; UserError for others.
    """
    return _metrics(predictions, "severity", seed, resamples, split)


def point_metrics(
    predictions: "pd.DataFrame", task: str, *, split: str = "test"
) -> dict[str, float]:
    """The values of `regression_metrics` or `severity_metrics`, without intervals."""
    totals = _parts(_rows_of(predictions, task, split), task).sum(axis=0)
    return {name: float(measure(totals)) for name, measure in _statistics(task).items()}


def paired_difference(
    first: "pd.DataFrame",
    second: "pd.DataFrame",
    *,
    task: str,
    seed: int,
    resamples: int = 2000,
    split: str = "test",
) -> "pd.DataFrame":
    """How two experiments' metrics differ on the same images, with 95% intervals by patient.

    Args:
        first: predictions as for `regression_metrics`.
        second: predictions of the same images, of one target.
        task: "total", "bone_age" or "severity": which metrics.
        seed: the study's.
        resamples: number of resamples.
        split: whose images count.

    Returns:
        metric, n, patients, first, second, difference (first - second), low, high; a row a metric.
        An interval without 0 in it says that the two differ by more than the choice of patients.

    Raises:
        UserError: the two are not of the same images and true values.
    """
    import pandas as pd

    tables = [_rows_of(table, task, split) for table in (first, second)]
    one, other = (table.sort_values("image_id", ignore_index=True) for table in tables)
    keys = ["image_id", "patient"]
    if not (one[keys].equals(other[keys]) and np.allclose(one["true"], other["true"])):
        raise UserError(
            f"two experiments have other {split} images or true values than each other "
            f"({len(one)} and {len(other)} images): they can only be compared on the same ones. "
            "Run both again with the study's one split."
        )
    sides = [_parts(table, task) for table in (one, other)]
    patients = one["patient"].tolist()
    numbers = sides if task != "severity" else [_pairs_of(side) for side in sides]
    found = with_intervals(
        patients,
        np.stack(numbers, axis=1),
        {name: difference_of(measure) for name, measure in _numbers(task).items()},
        seed=_stream(seed),
        resamples=resamples,
    )
    if task == "severity":
        found |= _accuracy_differences(patients, sides)
    rows = []
    for name, measure in _statistics(task).items():
        values = [float(measure(side.sum(axis=0))) for side in sides]
        rows.append(
            {
                "metric": name,
                "n": len(one),
                "patients": len(set(patients)),
                "first": values[0],
                "second": values[1],
                "difference": values[0] - values[1],
                "low": found[f"{name}_low"],
                "high": found[f"{name}_high"],
            }
        )
    return pd.DataFrame(rows)


def _accuracy_differences(patients: list[str], sides: list[Array]) -> dict[str, float]:
    """Intervals of the differences of both accuracies, as name_low and name_high."""
    first, second = (patient_sums(patients, side)[1] for side in sides)
    right = np.stack([np.trace(side, axis1=1, axis2=2) for side in (first, second)], axis=1)
    n = np.stack([side.sum(axis=(1, 2)) for side in (first, second)], axis=1)
    low, high = share_difference(right, n)
    balanced = balanced_accuracy_difference(first, second)
    return {
        "accuracy_low": low,
        "accuracy_high": high,
        "balanced_accuracy_low": balanced[0],
        "balanced_accuracy_high": balanced[1],
    }


def difference_table(
    predictions: Mapping[str, "pd.DataFrame"],
    pairs: Iterable[tuple[str, str, str]],
    *,
    repeated: Sequence[Mapping[str, "pd.DataFrame"]] = (),
    data: str,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """tables/whole_differences.csv: `paired_difference` of pairs of experiments.

    Args: predictions: experiment name -> its predictions.csv. pairs: (experiment, compared_with,
        question), for instance ("total-resnet50-finetuned", "total-resnet50-mse-batch4",
        "transfer"); pairs of which an experiment was not run are left out. The task is read from
        the experiment's name. repeated: the same experiments' predictions of each further seed.
        data: "phantom" or the cohort's name. seed: the study's. resamples: number of resamples.

    Returns:
        question, row, compared_with, metric, data, n, patients, value, compared_value, difference
        (value - compared_value), low, high, difference_seed_mean, difference_seed_sd (over all
        seeds; both experiments of a difference have the same), n_seeds.
    """
    import pandas as pd

    columns = [
        *("question", "row", "compared_with", "metric", "data", "n", "patients"),
        *("value", "compared_value", "difference", "low", "high"),
        *("difference_seed_mean", "difference_seed_sd", "n_seeds"),
    ]
    tables = [
        paired_difference(
            predictions[experiment],
            predictions[other],
            task=experiment.split("-", 1)[0],
            seed=seed,
            resamples=resamples,
        ).assign(
            question=question,
            row=experiment,
            compared_with=other,
            data=data,
            **_difference_over_seeds([predictions, *repeated], experiment, other),
        )
        for experiment, other, question in pairs
        if experiment in predictions and other in predictions
    ]
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    return table.rename(columns={"first": "value", "second": "compared_value"})[columns]


def _difference_over_seeds(
    trainings: Sequence[Mapping[str, "pd.DataFrame"]], experiment: str, other: str
) -> dict[str, list[float]]:
    """The columns of `difference_table` over seeds, in the order of the metrics."""
    task = experiment.split("-", 1)[0]
    differences = []
    for predictions in trainings:
        one, two = (point_metrics(predictions[name], task) for name in (experiment, other))
        differences.append({name: one[name] - two[name] for name in one})
    found, names = over_seeds(differences), list(differences[0])
    columns = {
        f"difference_seed_{part}": [found[f"{name}_seed_{part}"] for name in names]
        for part in ("mean", "sd")
    }
    return columns | {"n_seeds": [found["n_seeds"]] * len(names)}


def constant_totals(
    predictions: "pd.DataFrame", *, split: str = "test"
) -> dict[str, "pd.DataFrame"]:
    """What always giving the training images' mean, or their median, would predict.

    `predictions` is any experiment's predictions.csv of a task with numbers; gives "mean" and
    "median", each the rows of `split` with that constant for `predicted`.
    """
    training = _rows_of(predictions, "total", "train")["true"]
    tested = _rows_of(predictions, "total", split)
    return {
        "mean": tested.assign(predicted=float(training.mean())),
        "median": tested.assign(predicted=float(training.median())),
    }


def best_constant_class(predictions: "pd.DataFrame", *, split: str = "test") -> dict[str, float]:
    """The best each severity metric could be if all images got one class; PCC has none.

    The class is chosen for each metric on the very images it is measured on, so this is no rule
    to score by but a mark that an experiment should pass.
    """
    true = _rows_of(predictions, "severity", split)["true"].to_numpy(np.int64)
    guesses = np.zeros((N_CLASSES, N_CLASSES, N_CLASSES))
    place = np.arange(N_CLASSES)
    guesses[place, :, place] = np.bincount(true, minlength=N_CLASSES)
    best = {}
    for name, measure in SEVERITY.items():
        values = measure(guesses)
        lower_is_better = name in ("mae", "rmse")
        best[name] = float(values.min() if lower_is_better else values.max())
    return best | {"n": len(true)}


def _metrics(
    predictions: "pd.DataFrame", task: str, seed: int, resamples: int, split: str
) -> dict[str, Any]:
    rows = _rows_of(predictions, task, split)
    patients = rows["patient"].tolist()
    parts = _parts(rows, task)
    found: dict[str, Any] = {"n": len(rows), "patients": len(set(patients))}
    numbers = parts
    if task == "severity":
        numbers = _pairs_of(parts)
        found["classes_absent"] = int((parts.sum(axis=(0, 2)) == 0).sum())
        found["classes_few_patients"] = _few_patients(patients, parts)
        found |= _accuracies(patients, parts, seed, resamples)
    return found | with_intervals(
        patients, numbers, _numbers(task), seed=_stream(seed), resamples=resamples
    )


def _few_patients(patients: list[str], confusions: Array) -> str | None:
    recalls = class_recalls(patient_sums(patients, confusions)[1])
    few = recalls[recalls["few_patients"]]
    named = zip(few["class"], few["n_patients"], strict=True)
    return ", ".join(f"{place} (n = {count})" for place, count in named) or None


def _accuracies(
    patients: list[str], confusions: Array, seed: int, resamples: int
) -> dict[str, float]:
    """Accuracy and balanced accuracy, each also with _low and _high."""
    _, sums = patient_sums(patients, confusions)
    right, n = np.trace(sums, axis1=1, axis2=2), sums.sum(axis=(1, 2))
    bounds = {
        "accuracy": share_interval(right, n, seed=_stream(seed), resamples=resamples),
        "balanced_accuracy": balanced_accuracy_interval(sums),
    }
    found: dict[str, float] = {}
    for name, (low, high) in bounds.items():
        value = float(SEVERITY[name](sums.sum(axis=0)))
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return found


def _numbers(task: str) -> Mapping[str, Measure]:
    return CLASS_NUMBERS if task == "severity" else REGRESSION


def _stream(seed: int) -> int:
    return seed_for(seed, "intervals", "whole")


def _parts(rows: "pd.DataFrame", task: str) -> Array:
    """Each image's part of the sums: (n, 8), or for classes its confusion (n, 10, 10)."""
    if task != "severity":
        return pair_sums(rows["true"], rows["predicted"])
    parts = np.zeros((len(rows), N_CLASSES, N_CLASSES))
    true, predicted = (rows[name].to_numpy(np.int64) for name in ("true", "predicted"))
    parts[np.arange(len(rows)), true, predicted] = 1
    return parts


def _rows_of(predictions: "pd.DataFrame", task: str, split: str) -> "pd.DataFrame":
    """The rows of one split, checked."""
    lacking = [name for name in _COLUMNS if name not in predictions]
    if lacking:
        raise UserError(
            f"predictions lack the column(s) {', '.join(lacking)}; expected {', '.join(_COLUMNS)}"
        )
    rows = predictions.loc[predictions["split"] == split, list(_COLUMNS)].reset_index(drop=True)
    if not len(rows):
        raise UserError(f"predictions have no image of split {split!r}; expected at least one")
    twice = rows.loc[rows["image_id"].duplicated(), "image_id"]
    if len(twice):
        raise UserError(
            f"predictions have {twice.iloc[0]} more than once; expected each image once"
        )
    values = rows[["true", "predicted"]].to_numpy(np.float64)
    wrong = ~np.isfinite(values).all(axis=1)
    expected = "a finite number"
    if task == "severity":
        wrong |= ~np.isin(values, np.arange(N_CLASSES)).all(axis=1)
        expected = f"a class number of 0 to {N_CLASSES - 1}"
    if wrong.any():
        row = rows[wrong].iloc[0]
        raise UserError(
            f"predictions of {row['image_id']}: found true {row['true']}, predicted "
            f"{row['predicted']}; expected {expected} for each of the {split} images"
        )
    return rows


def _statistics(task: str) -> Mapping[str, Statistic]:
    """What is measured of a task's images, from the totals of `_parts`."""
    return SEVERITY if task == "severity" else dict(REGRESSION)
