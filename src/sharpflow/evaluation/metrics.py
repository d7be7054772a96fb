"""Balanced accuracies of scores and overlaps of masks.

Balanced accuracy is the mean recall over the classes that occur among the true scores; a class
without a true joint has no recall and is left out. The tables give the number of joints of each
class.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def confusion(true: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """Counts of true and predicted scores.

    Args:
        true: scores, (joints,), 0 to classes - 1.
        predicted: scores of the same joints.
        classes: number of classes.

    Returns:
        (classes, classes), rows true, columns predicted.

    Raises:
        ValueError: the lists differ in length, or a score is out of range.
    """
    true, predicted = np.asarray(true, np.int64), np.asarray(predicted, np.int64)
    if true.shape != predicted.shape or true.ndim != 1:
        raise ValueError(f"need two lists of one length, not {true.shape} and {predicted.shape}")
    both = np.concatenate([true, predicted])
    if both.size and (both.min() < 0 or both.max() >= classes):
        raise ValueError(f"scores must be from 0 to {classes - 1}")
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def balanced_accuracy_of(counts: Array, within: int = 0) -> Array:
    """Balanced accuracy (Tan et al., equation 4), or ±1 balanced accuracy (section 2.4.2).

    Args:
        counts: confusions, (..., classes, classes), rows true.
        within: a prediction at most so many classes off counts as right.

    Returns:
        Mean recall over the classes with a true joint, (...), 0 to 1; NaN without any joint.
    """
    classes = counts.shape[-1]
    place = np.arange(classes)
    right = (counts * (abs(place[:, None] - place) <= within)).sum(axis=-1)
    total = counts.sum(axis=-1)
    recall = np.divide(right, total, out=np.zeros(total.shape), where=total > 0)
    present = (total > 0).sum(axis=-1)
    mean = np.full(np.shape(present), np.nan)
    return np.asarray(np.divide(recall.sum(axis=-1), present, out=mean, where=present > 0))


def constant_guess(true: npt.ArrayLike, classes: int, within: int = 0) -> float:
    """The best balanced accuracy that one score for all joints can reach.

    With k classes among the true scores it is 1 / k; within one class, up to 3 / k.

    Args:
        true: scores, (joints,), 0 to classes - 1.
        classes: number of classes.
        within: a guess at most so many classes off counts as right.

    Returns:
        0 to 1; NaN without joints.
    """
    counts = np.bincount(np.asarray(true, np.int64), minlength=classes)
    guesses = np.zeros((classes, classes, classes), np.int64)
    place = np.arange(classes)
    guesses[place, :, place] = counts
    return float(balanced_accuracy_of(guesses, within).max())


def constant_error(true: npt.ArrayLike) -> float:
    """The least mean absolute error that one score for all joints can have: that of the median.

    In score points; NaN without joints.
    """
    scores = np.asarray(true, np.float64)
    return float(abs(scores - np.median(scores)).mean()) if scores.size else float("nan")


def dice_and_iou(predicted: Array, true: Array) -> tuple[float, float]:
    """Overlap of two masks.

    Args:
        predicted: (height, width); anything but 0 is inside.
        true: the same shape.

    Returns:
        Dice and intersection over union, 0 to 1; both 1 if both masks are empty.

    Raises:
        ValueError: the masks differ in shape.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"masks of two shapes: {predicted.shape} and {true.shape}")
    predicted, true = predicted != 0, true != 0
    both = int(np.count_nonzero(predicted & true))
    first, second = int(np.count_nonzero(predicted)), int(np.count_nonzero(true))
    union = first + second - both
    return (2 * both / (first + second), both / union) if union else (1.0, 1.0)
