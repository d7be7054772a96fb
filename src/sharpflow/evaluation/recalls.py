"""Recall of each class and balanced accuracy, with 95% intervals by patient.

The estimand of balanced accuracy is the mean, over the classes that the test joints have, of the
recalls that these classes have in the population. A class seen in one or two patients is all right
or all wrong in most resamples, so a bootstrap takes its recall for certain; here each class has an
interval of its own, and these are combined.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

FEW_PATIENTS = 5  # a class seen in fewer patients is marked
_Z = 1.959963984540054


def class_recalls(confusions: npt.NDArray[np.floating], within: int = 0) -> "pd.DataFrame":
    """The recall of each class, with what it rests on.

    Args:
        confusions: (patients, classes, classes), each patient's counts, rows true.
        within: a prediction at most so many classes off counts as right.

    Returns:
        A row a class, in order: class, n (true joints), n_patients (patients with one), recall,
        recall_low, recall_high (fractions, a 95% interval; NaN without a joint), few_patients (a
        joint, but in fewer than 5 patients).
    """
    import pandas as pd

    right, n = _right_and_n(confusions, within)
    recall, low, high, _ = _recall_intervals(right, n)
    patients = (n > 0).sum(axis=0)
    return pd.DataFrame(
        {
            "class": np.arange(n.shape[1]),
            "n": n.sum(axis=0).astype(int),
            "n_patients": patients,
            "recall": recall,
            "recall_low": low,
            "recall_high": high,
            "few_patients": (patients > 0) & (patients < FEW_PATIENTS),
        }
    )


def balanced_accuracy_interval(
    confusions: npt.NDArray[np.floating], within: int = 0
) -> tuple[float, float]:
    """A 95% interval (low, high), fractions, of balanced accuracy; NaN without a joint.

    Args:
        confusions: (patients, classes, classes), each patient's counts, rows true.
        within: a prediction at most so many classes off counts as right.
    """
    right, n = _right_and_n(confusions, within)
    recall, low, high, correlation = _recall_intervals(right, n)
    seen = ~np.isnan(recall)
    if not seen.any():
        return float("nan"), float("nan")
    recall, low, high = recall[seen], low[seen], high[seen]
    correlation = correlation[np.ix_(seen, seen)]
    below, above = recall - low, high - recall
    down = np.sqrt(max(below @ correlation @ below, 0)) / len(recall)
    up = np.sqrt(max(above @ correlation @ above, 0)) / len(recall)
    mean = recall.mean()
    return float(max(mean - down, 0)), float(min(mean + up, 1))


def _right_and_n(confusions: npt.NDArray[np.floating], within: int) -> tuple[Array, Array]:
    """Each patient's right and all true joints of each class, (patients, classes)."""
    place = np.arange(confusions.shape[-1])
    near = abs(place[:, None] - place) <= within
    return (confusions * near).sum(axis=-1), confusions.sum(axis=-1).astype(float)


def _recall_intervals(right: Array, n: Array) -> tuple[Array, Array, Array, Array]:
    """Recall, low, high (classes,) and the recalls' correlation (classes, classes)."""
    total, patients = n.sum(axis=0), (n > 0).sum(axis=0)
    recall = np.divide(right.sum(axis=0), total, out=np.full(total.shape, np.nan), where=total > 0)
    residual = np.nan_to_num(right - n * recall)
    covariance = residual.T @ residual
    spread = np.sqrt(np.diag(covariance))
    scale = np.outer(spread, spread)
    correlation = np.divide(covariance, scale, out=np.eye(len(total)), where=scale > 0)
    np.fill_diagonal(correlation, 1)
    size = _effective_size(recall, total, patients, spread)
    centre = (recall * size + _Z**2 / 2) / (size + _Z**2)
    half = _Z * np.sqrt(size * recall * (1 - recall) + _Z**2 / 4) / (size + _Z**2)
    return recall, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1), correlation


def _effective_size(recall: Array, total: Array, patients: Array, spread: Array) -> Array:
    """As many independent joints as would tell as much; patients where all are right or wrong."""
    variance = (spread / np.maximum(total, 1)) ** 2 * patients / np.maximum(patients - 1, 1)
    binomial = recall * (1 - recall)
    known = (variance > 0) & (binomial > 0)
    size = np.divide(binomial, variance, out=patients.astype(float), where=known)
    return np.clip(size, np.minimum(patients, 1), total)
