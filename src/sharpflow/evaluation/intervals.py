"""Confidence intervals by patient: joints and films of one patient are not independent."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def patient_sums(
    patients: Sequence[str], values: npt.NDArray[Any]
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Sum the rows of `values` (rows, ...) by patient: patients sorted, sums (patients, ...)."""
    names, place = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, place, values)
    return [str(name) for name in names], sums


def patient_bootstrap(
    sums: npt.NDArray[np.floating],
    statistic: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.floating]],
    *,
    resamples: int = 2000,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic that depends on the data through sums over patients.

    `sums` (patients, ...) holds each patient's part (a confusion matrix; a sum and a count).
    Patients are drawn with replacement, as many as there are; `statistic` takes the drawn totals
    (resamples, ...) and gives (resamples,). Resamples where it is NaN are left out. Gives (low,
    high), NaN without patients. Efron and Tibshirani, An Introduction to the Bootstrap, 13.3.
    """
    return percentile_interval(statistic(drawn_totals(sums, resamples, seed)), level)


def drawn_totals(
    sums: npt.NDArray[np.floating], resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    """Totals (resamples, ...) of patients' sums (patients, ...), drawn with replacement.

    Without patients there are no resamples: (0, ...).
    """
    patients = len(sums)
    if not patients:
        return np.zeros((0, *sums.shape[1:]))
    generator = np.random.default_rng(seed)
    times = generator.multinomial(patients, np.full(patients, 1 / patients), size=resamples)
    return np.tensordot(times.astype(np.float64), sums, axes=1)


def percentile_interval(
    values: npt.NDArray[np.floating], level: float = 0.95
) -> tuple[float, float]:
    """(low, high) between which this share of the values lies; without NaN, NaN where none is."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def mean_of(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The statistic "mean": totals (resamples, 2) of a sum and a count -> (resamples,)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(totals[:, 0] / totals[:, 1])
