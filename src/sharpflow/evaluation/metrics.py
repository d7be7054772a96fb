"""What the tables measure: balanced accuracies of scores, overlaps of masks.

The rule for classes that a split lacks: balanced accuracy is the mean over the classes that occur
among the true scores; a class without a true joint is left out of the mean (it has no accuracy),
and the tables count the joints of each class so that this is seen.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def confusion(true: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """Counts (classes, classes), rows true, columns predicted; ValueError for other scores."""
    true, predicted = np.asarray(true, np.int64), np.asarray(predicted, np.int64)
    if true.shape != predicted.shape or true.ndim != 1:
        raise ValueError(f"need two lists of one length, not {true.shape} and {predicted.shape}")
    both = np.concatenate([true, predicted])
    if both.size and (both.min() < 0 or both.max() >= classes):
        raise ValueError(f"scores must be from 0 to {classes - 1}")
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def balanced_accuracy_of(counts: Array, within: int = 0) -> Array:
    """Mean recall over the classes with a true joint, from confusions (..., classes, classes).

    A prediction at most `within` classes off counts as right. NaN where there is no joint at all.
    """
    classes = counts.shape[-1]
    place = np.arange(classes)
    right = (counts * (abs(place[:, None] - place) <= within)).sum(axis=-1)
    total = counts.sum(axis=-1)
    recall = np.divide(right, total, out=np.zeros(total.shape), where=total > 0)
    present = (total > 0).sum(axis=-1)
    mean = np.full(np.shape(present), np.nan)
    return np.asarray(np.divide(recall.sum(axis=-1), present, out=mean, where=present > 0))


def balanced_accuracy(true: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> float:
    """Balanced accuracy in [0, 1] (Tan et al., equation 4)."""
    return float(balanced_accuracy_of(confusion(true, predicted, classes)))


def balanced_accuracy_within_one(
    true: npt.ArrayLike, predicted: npt.ArrayLike, classes: int
) -> float:
    """±1 balanced accuracy in [0, 1]: a neighbour counts as right, class by class (2.4.2)."""
    return float(balanced_accuracy_of(confusion(true, predicted, classes), within=1))


def constant_guess(true: npt.ArrayLike, classes: int, within: int = 0) -> float:
    """The best that one score for all joints could reach, in [0, 1]; NaN without joints.

    For balanced accuracy 1 over the classes that occur; within one, up to 3 over them.
    """
    counts = np.bincount(np.asarray(true, np.int64), minlength=classes)
    guesses = np.zeros((classes, classes, classes), np.int64)
    place = np.arange(classes)
    guesses[place, :, place] = counts
    return float(balanced_accuracy_of(guesses, within).max())


def constant_error(true: npt.ArrayLike) -> float:
    """The least mean absolute error that one score for all joints could have; NaN without joints.

    It is that of the median, in score points.
    """
    scores = np.asarray(true, np.float64)
    return float(abs(scores - np.median(scores)).mean()) if scores.size else float("nan")


def overlap_counts(predicted: Array, true: Array) -> tuple[int, int, int]:
    """Pixels in both masks, in `predicted`, in `true`; masks of one shape, anything but 0 is in."""
    if predicted.shape != true.shape:
        raise ValueError(f"masks of two shapes: {predicted.shape} and {true.shape}")
    predicted, true = predicted != 0, true != 0
    return (
        int(np.count_nonzero(predicted & true)),
        int(np.count_nonzero(predicted)),
        int(np.count_nonzero(true)),
    )


def dice(predicted: Array, true: Array) -> float:
    """Dice overlap of two masks in [0, 1]; 1 when both are empty."""
    both, first, second = overlap_counts(predicted, true)
    return 2 * both / (first + second) if first + second else 1.0


def iou(predicted: Array, true: Array) -> float:
    """Intersection over union of two masks in [0, 1]; 1 when both are empty."""
    both, first, second = overlap_counts(predicted, true)
    union = first + second - both
    return both / union if union else 1.0
