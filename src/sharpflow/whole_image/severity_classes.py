"""Severity classes of totals (Bo et al., 2.2): ten, narrower at the low end."""

import numpy as np
import numpy.typing as npt

# The paper gives 5-wide classes up to 20 and a figure; the bounds above 20 are ours.
LOWER_BOUNDS = (0, 5, 10, 15, 20, 30, 45, 70, 100, 140)
CLASSES = len(LOWER_BOUNDS)


def class_of(total: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Class numbers 0-9 of totals in score points, of any shape; halves are legal.

    A class holds its lower bound and not the next one's: 4.5 is in class 0, 5 in class 1. A
    predicted total below 0 is in class 0. ValueError for a total that is not a number.
    """
    totals = np.asarray(total, dtype=np.float64)
    if np.isnan(totals).any():
        raise ValueError("a total is not a number")
    return np.maximum(np.searchsorted(LOWER_BOUNDS, totals, side="right") - 1, 0).astype(np.int64)
