"""Recall of each class and balanced accuracy, with 95% intervals by patient.

Balanced accuracy estimates the mean recall, in the population, of the classes that occur among the
test joints. A bootstrap over patients loses rare classes, and treats classes of one or two patients
as certain. Here each class has an interval of its own, and these are combined (`proportions`).
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sharpflow.evaluation.proportions import FEW_PATIENTS, combined_interval, shares_of

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]


def class_recalls(confusions: Array, within: int = 0) -> "pd.DataFrame":
    """The recall of each class, with its numbers of joints and patients.

    Args:
        confusions: (patients, classes, classes), each patient's counts, rows true.
        within: a prediction at most so many classes off counts as right.

    Returns:
        A row a class, in order: class, n (true joints), n_patients (patients with one), recall,
        recall_low, recall_high (fractions, a 95% interval; NaN without a joint), few_patients
        (whether it has joints, but of fewer than 5 patients).
    """
    import pandas as pd

    right, n = _right_and_n(confusions, within)
    recalls = shares_of(right, n)
    patients = (n > 0).sum(axis=0)
    return pd.DataFrame(
        {
            "class": np.arange(n.shape[1]),
            "n": n.sum(axis=0).astype(int),
            "n_patients": patients,
            "recall": recalls.value,
            "recall_low": recalls.low,
            "recall_high": recalls.high,
            "few_patients": (patients > 0) & (patients < FEW_PATIENTS),
        }
    )


def balanced_accuracy_interval(confusions: Array, within: int = 0) -> tuple[float, float]:
    """A 95% interval of balanced accuracy.

    Args:
        confusions: (patients, classes, classes), each patient's counts, rows true.
        within: a prediction at most so many classes off counts as right.

    Returns:
        (low, high), fractions; NaN without a joint.
    """
    right, n = _right_and_n(confusions, within)
    weights = _mean_over_observed(n)
    if not weights.any():
        return float("nan"), float("nan")
    low, high = combined_interval(shares_of(right, n), weights)
    return max(low, 0.0), min(high, 1.0)


def balanced_accuracy_difference(
    first: Array, second: Array, within: int = 0
) -> tuple[float, float]:
    """A 95% interval of the difference of two balanced accuracies, first - second.

    The two recalls of a class are correlated, since both predictions are of the same patients.

    Args:
        first: confusions of one prediction, (patients, classes, classes), rows true.
        second: those of another prediction of the same joints.
        within: a prediction at most so many classes off counts as right.

    Returns:
        (low, high); NaN without a joint.
    """
    sides = [_right_and_n(confusions, within) for confusions in (first, second)]
    right, n = (np.concatenate(part, axis=1) for part in zip(*sides, strict=True))
    weights = _mean_over_observed(sides[0][1])
    if not weights.any():
        return float("nan"), float("nan")
    low, high = combined_interval(shares_of(right, n), np.concatenate([weights, -weights]))
    return max(low, -1.0), min(high, 1.0)


def _right_and_n(confusions: Array, within: int) -> tuple[Array, Array]:
    """Each patient's right and all true joints of each class, (patients, classes)."""
    place = np.arange(confusions.shape[-1])
    near = abs(place[:, None] - place) <= within
    counts = confusions.astype(float)
    return (counts * near).sum(axis=-1), counts.sum(axis=-1)


def _mean_over_observed(n: Array) -> Array:
    seen = n.sum(axis=0) > 0
    return np.asarray(seen / max(seen.sum(), 1))
