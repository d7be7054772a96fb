"""How well whole images are scored: metrics of an experiment's test images.

95% intervals are by patient: of numbers by studentized bootstrap (`intervals`; all experiments of a
task share the resamples), of accuracies as `proportions` and `recalls` tell.

Classes that the test images lack: as in `metrics`, balanced accuracy is the mean over the classes
that occur among the true ones.
"""

from collections.abc import Mapping
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
    pair_sums,
    with_intervals,
)
from sharpflow.evaluation.intervals import Statistic, patient_sums
from sharpflow.evaluation.metrics import balanced_accuracy_of
from sharpflow.evaluation.proportions import share_interval
from sharpflow.evaluation.recalls import balanced_accuracy_interval, class_recalls
from sharpflow.seeds import seed_for
from sharpflow.whole_image.experiment_types import Task

if TYPE_CHECKING:
    import pandas as pd

N_CLASSES = 10  # Bo et al., figure 1 (B)

_COLUMNS = ("image_id", "patient", "split", "true", "predicted")


_TRUE, _PREDICTED = np.divmod(np.arange(N_CLASSES**2), N_CLASSES)
_CELLS = pair_sums(_TRUE, _PREDICTED)  # of a pair in each cell of a confusion


def pairs_of(counts: Array) -> Array:
    """The eight sums (..., 8) of confusions (..., classes, classes)."""
    return np.asarray(counts.reshape(*counts.shape[:-2], -1) @ _CELLS)


def _of_classes(measure: Measure) -> Statistic:
    """A measure of pairs as one of confusions (..., classes, classes)."""
    return lambda counts: measure(pairs_of(counts))


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
    predictions: "pd.DataFrame", *, seed: int, resamples: int = 2000
) -> dict[str, float]:
    """PCC, MAE, RMSE (Bo et al., equations 3 to 5) and ICC(A,1) of one experiment's predictions.

    Args:
        predictions: image_id, patient, split, true, predicted, in the target's unit; other columns
            are left alone.
        seed: the study's; the resamples do not depend on the experiment.
        resamples: number of resamples.

    Returns:
        n (images), patients, then pcc, mae, rmse, icc, each also with _low and _high. PCC is NaN
        where all predictions are one number.

    Raises:
        UserError: a column or a value is missing, there is no test image, or one is there
            twice.
    """
    return _metrics(predictions, "total", seed, resamples)


def severity_metrics(
    predictions: "pd.DataFrame", *, seed: int, resamples: int = 2000
) -> dict[str, Any]:
    """Metrics of class numbers: those of `regression_metrics`, accuracies and kappa.

    Args:
        predictions: as for `regression_metrics`; true and predicted are class numbers 0 to 9.
        seed: the study's.
        resamples: number of resamples.

    Returns:
        As `regression_metrics`, with accuracy and balanced_accuracy (fractions), kappa (Cohen's,
        with quadratic weights), classes_absent, how many classes have no true image, and
        classes_few_patients, those that fewer than 5 patients have ("8 (n = 2), 9 (n = 4)"; None
        without).

    Raises:
        UserError: as `regression_metrics`, or a value that is no class number.
    """
    return _metrics(predictions, "severity", seed, resamples)


def point_metrics(predictions: "pd.DataFrame", task: Task) -> dict[str, float]:
    """The values of `regression_metrics` or `severity_metrics`, without intervals."""
    totals = image_parts(split_rows(predictions, task), task).sum(axis=0)
    return {name: float(measure(totals)) for name, measure in statistics_of(task).items()}


def _metrics(predictions: "pd.DataFrame", task: Task, seed: int, resamples: int) -> dict[str, Any]:
    rows = split_rows(predictions, task)
    patients = rows["patient"].tolist()
    parts = image_parts(rows, task)
    found: dict[str, Any] = {"n": len(rows), "patients": len(set(patients))}
    numbers = parts
    if task == "severity":
        numbers = pairs_of(parts)
        found["classes_absent"] = int((parts.sum(axis=(0, 2)) == 0).sum())
        found["classes_few_patients"] = _few_patients(patients, parts)
        found |= _accuracies(patients, parts, seed, resamples)
    return found | with_intervals(
        patients, numbers, number_measures(task), seed=interval_seed(seed), resamples=resamples
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
        "accuracy": share_interval(right, n, seed=interval_seed(seed), resamples=resamples),
        "balanced_accuracy": balanced_accuracy_interval(sums),
    }
    found: dict[str, float] = {}
    for name, (low, high) in bounds.items():
        value = float(SEVERITY[name](sums.sum(axis=0)))
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return found


def number_measures(task: Task) -> Mapping[str, Measure]:
    """What is measured of pairs of numbers: scores, or class numbers."""
    return CLASS_NUMBERS if task == "severity" else REGRESSION


def interval_seed(seed: int) -> int:
    """The seed of the resamples, which all experiments share."""
    return seed_for(seed, "intervals", "whole")


def image_parts(rows: "pd.DataFrame", task: Task) -> Array:
    """Each image's part of the sums: (n, 8), or for classes its confusion (n, 10, 10)."""
    if task != "severity":
        return pair_sums(rows["true"], rows["predicted"])
    parts = np.zeros((len(rows), N_CLASSES, N_CLASSES))
    true, predicted = (rows[name].to_numpy(np.int64) for name in ("true", "predicted"))
    parts[np.arange(len(rows)), true, predicted] = 1
    return parts


def split_rows(predictions: "pd.DataFrame", task: Task, split: str = "test") -> "pd.DataFrame":
    """The rows of one split: image_id, patient, split, true, predicted.

    Raises: UserError: a column is missing, no image is of this split, an image is there twice, or a
        value is not finite or, for severity, no class number.
    """
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


def statistics_of(task: Task) -> Mapping[str, Statistic]:
    """What is measured of a task's images, from the totals of `image_parts`."""
    return SEVERITY if task == "severity" else dict(REGRESSION)
