"""Intervals of totals from whole radiographs.

Large totals are predicted with larger errors than small ones. Square roots of totals, as of counts,
have errors of nearly one size, so intervals are of one width there.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def root_errors(true: npt.ArrayLike, predicted: npt.ArrayLike) -> Floats:
    """How far the square roots of totals are apart; negative ones count as 0."""
    return np.asarray(np.abs(_root(true) - _root(predicted)))


def total_bounds(predicted: npt.ArrayLike, error: float) -> tuple[Floats, Floats]:
    """Totals whose square roots are at most `error` from that of the predicted one: low, high."""
    root = _root(predicted)
    return np.asarray(np.maximum(root - error, 0) ** 2), np.asarray((root + error) ** 2)


def _root(totals: npt.ArrayLike) -> Floats:
    return np.asarray(np.sqrt(np.maximum(np.asarray(totals, np.float64), 0)))
