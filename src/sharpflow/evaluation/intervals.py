"""95% intervals by patient of measures that are smooth in sums over patients.

Joints and radiographs of one patient are not independent, so patients are resampled. Each resample
is compared with the data in standard errors of its own (the studentized bootstrap), on a scale on
which the measure varies evenly. What an interval covers is measured by
`benchmarks/interval_coverage.py`; shares of right answers and recalls are in `proportions`.

Sources: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 11 (jackknife), 12.5 and 12.6
(studentized, on a transformed scale), 21.5 (infinitesimal jackknife); Hall, Biometrika
1988;75:675-684 (symmetric intervals).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array], Array]

_STEP = 1e-5  # of numeric slopes, relative to the sum of a part's absolute values
_NO_SPREAD = 1e-9  # a standard error below this part of the data's own is none


@dataclass(frozen=True)
class Scale:
    """Where a measure is compared with its resamples.

    Attributes:
        to: from the measure to the scale.
        back: the inverse.
        symmetric: whether the interval reaches equally far to both sides on the scale, by the 95%
            point of the absolute difference; else by the 2.5% and 97.5% points of the signed one.
    """

    to: Statistic
    back: Statistic
    symmetric: bool


def _itself(values: Array) -> Array:
    return values


PLAIN = Scale(_itself, _itself, symmetric=True)
SKEWED = Scale(_itself, _itself, symmetric=False)
LOG = Scale(np.log, np.exp, symmetric=False)
LOGIT = Scale(logit, expit, symmetric=True)
FISHER = Scale(np.arctanh, np.tanh, symmetric=True)  # Fisher's z of a correlation
BETWEEN_CORRELATIONS = Scale(_itself, lambda values: np.clip(values, -2, 2), symmetric=True)


def patient_sums(patients: Sequence[str], values: npt.NDArray[Any]) -> tuple[list[str], Array]:
    """Sum the rows of `values` (rows, ...) by patient: patients sorted, sums (patients, ...)."""
    names, place = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, place, values)
    return [str(name) for name in names], sums


def resample_patients(patients: int, resamples: int, seed: int) -> Array:
    """How often each resample has each patient, (resamples, patients); as many as there are."""
    if not patients:
        return np.zeros((resamples, 0))
    generator = np.random.default_rng(seed)
    shares = np.full(patients, 1 / patients)
    return generator.multinomial(patients, shares, size=resamples).astype(float)


def patient_interval(
    sums: Array,
    statistic: Statistic,
    scale: Scale,
    *,
    resamples: int = 2000,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """Studentized bootstrap interval of a statistic of sums over patients.

    Args:
        sums: (patients, ...), each patient's part (a sum and a count; a row of `pair_sums`).
        statistic: of totals (n, ...) to values (n,); it must vary smoothly with them.
        scale: on which values are compared.
        resamples: number of resamples.
        seed: of the resamples.
        level: the interval's coverage.

    Returns:
        (low, high), which hold the statistic itself. NaN where nothing can be said: no or one
        patient, patients that do not differ, or so few that too many resamples do not.
    """
    return interval_of(sums, statistic, scale, resample_patients(len(sums), resamples, seed), level)


@np.errstate(all="ignore")  # a resample may have no value: NaN and infinity are dealt with
def interval_of(
    sums: Array,
    statistic: Statistic,
    scale: Scale,
    times: Array,
    level: float = 0.95,
) -> tuple[float, float]:
    """As `patient_interval`, of given resamples: `times` (resamples, patients)."""
    nothing = (float("nan"), float("nan"))
    patients = len(sums)

    def scaled(totals: Array) -> Array:
        return scale.to(statistic(totals.reshape(-1, *sums.shape[1:])))

    if patients < 2:
        return nothing
    parts = sums.reshape(patients, -1)
    total, resampled_parts = parts.sum(axis=0), times @ parts
    value, resampled = scaled(total[None])[0], scaled(resampled_parts)
    left_out = scaled(total - parts)
    error = np.sqrt(np.sum((left_out - left_out.mean()) ** 2) * (patients - 1) / patients)
    if not (np.isfinite(value) and np.isfinite(error) and error > 0):
        return nothing
    errors = _standard_errors(scaled, parts, resampled_parts, times)
    apart = resampled - value
    known = np.isfinite(apart) & (errors > _NO_SPREAD * error)
    distance = np.divide(apart, errors, out=np.full(len(apart), np.nan), where=known)
    down, up = _reach(distance, scale.symmetric, level)
    ends = scale.back(np.array([value - down * error, value + up * error]))
    estimate = scale.back(value)
    low, high = min(ends[0], estimate), max(ends[1], estimate)
    return (float(low), float(high)) if np.isfinite([low, high, down, up]).all() else nothing


def _standard_errors(
    scaled: Statistic, parts: Array, resampled_parts: Array, times: Array
) -> Array:
    """Each resample's standard error, by the infinitesimal jackknife: (resamples,)."""
    patients = len(parts)
    step = _STEP * np.maximum(abs(parts).sum(axis=0), np.finfo(float).tiny)
    moved = np.stack(
        [resampled_parts + np.diag(step)[:, None], resampled_parts - np.diag(step)[:, None]]
    )
    ahead, behind = scaled(moved).reshape(2, len(step), -1)  # each (parts, resamples)
    slopes = (ahead - behind) / (2 * step[:, None])
    influence = parts @ slopes  # (patients, resamples)
    mean = np.einsum("ri,ir->r", times, influence) / patients
    square = np.einsum("ri,ir->r", times, influence**2) / patients
    variance = np.maximum(square - mean**2, 0) * patients**2 / (patients - 1)
    return np.asarray(np.sqrt(variance))


def _reach(distance: Array, symmetric: bool, level: float) -> tuple[float, float]:
    """How many standard errors the interval reaches down and up.

    A resample without a value or a standard error (NaN) counts as infinitely far.
    """
    far = np.nan_to_num(distance, nan=np.inf)
    if symmetric:
        both = float(np.quantile(abs(far), level, method="higher"))
        return both, both
    tail = (1 - level) / 2
    near = np.nan_to_num(distance, nan=-np.inf)
    return (
        float(np.quantile(far, 1 - tail, method="higher")),
        -float(np.quantile(near, tail, method="lower")),
    )


def mean_of(totals: Array) -> Array:
    """The statistic "mean", or "ratio of two means": totals (..., 2), the first over the second."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals[..., 0] / totals[..., 1])
