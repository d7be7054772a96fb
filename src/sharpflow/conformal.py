"""The size that errors of a new patient rarely exceed, from errors of other patients."""

from collections.abc import Hashable, Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

LEVEL = 0.95


def patients_needed(level: float = LEVEL) -> int:
    """The fewest patients from whom `conformal_size` can tell anything: 19 for 95%."""
    return ceil(level / (1 - level) - 1e-9)


def conformal_size(
    errors: npt.ArrayLike, patients: Sequence[Hashable], level: float = LEVEL
) -> float | None:
    """The size that an error of another patient is within, with a probability of `level` or more.

    It holds whatever the errors' distribution and however those of one patient are correlated, if
    the other patient is one of the same population: the new patient counts as one whose errors may
    be of any size, and each patient weighs the same, however many errors he has.

    Args:
        errors: sizes of errors, (n,), none negative.
        patients: whose each is, (n,).
        level: above 0, below 1.

    Returns:
        The size; None where there are too few patients (see `patients_needed`).

    Source: Lee, Barber and Willett, "Distribution-free inference with hierarchical data", 2023; of
    one error a patient it is the usual split conformal quantile.
    """
    sizes = np.asarray(errors, np.float64)
    _, place, counts = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    if len(counts) < patients_needed(level):
        return None
    order = np.argsort(sizes, kind="stable")
    share = np.cumsum(1 / counts[place][order]) / (len(counts) + 1)
    reached = int(np.searchsorted(share, level - 1e-9))
    return float(sizes[order][reached])


def error_sd(errors: npt.ArrayLike, patients: Sequence[Hashable]) -> float | None:
    """The standard deviation of errors, by n - 1; None where `conformal_size` has none, either.

    Args:
        errors: predicted - true, (n,).
        patients: whose each is, (n,).
    """
    enough = len(set(patients)) >= patients_needed()
    return float(np.std(np.asarray(errors, np.float64), ddof=1)) if enough else None
