"""95% intervals by patient of measures that are smooth in sums over patients.

Joints and radiographs of one patient are not independent, so patients are resampled. The difference
of each resample from the data is divided by the resample's own standard error (the studentized
bootstrap), on a scale on which the measure's variance is stable. `benchmarks/interval_coverage.py`
measures the coverage of the intervals. Intervals of shares and recalls are in `proportions` and
`recalls`.

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
_NO_SPREAD = 1e-9  # a standard error below this part of the data's own counts as 0
_LEVEL = 0.95


@dataclass(frozen=True)
class Scale:
    """The scale on which a measure is compared with its resamples.

    Attributes:
        to: from the measure to the scale.
        back: the inverse.
        symmetric: whether the interval is symmetric on the scale, by the 95% point of the absolute
            difference; else by the 2.5% and 97.5% points of the signed difference.
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
    """Sum rows by patient.

    Args:
        patients: the patient of each row.
        values: (rows, ...).

    Returns:
        The patients, sorted, and their sums (patients, ...).
    """
    names, place = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, place, values)
    return [str(name) for name in names], sums


def resample_patients(patients: int, resamples: int, seed: int) -> Array:
    """How often each resample holds each patient: (resamples, patients)."""
    if not patients:
        return np.zeros((resamples, 0))
    generator = np.random.default_rng(seed)
    shares = np.full(patients, 1 / patients)
    return generator.multinomial(patients, shares, size=resamples).astype(float)


def patient_interval(
    by_patient: Array,
    statistic: Statistic,
    scale: Scale,
    *,
    resamples: int = 2000,
    seed: int,
) -> tuple[float, float]:
    """Studentized bootstrap interval (95%) of a statistic of sums over patients.

    Args:
        by_patient: (patients, ...), each patient's sums (a sum and a count; sums of `pair_sums`).
        statistic: of sums (n, ...) to values (n,); it must vary smoothly with them.
        scale: on which values are compared.
        resamples: number of resamples.
        seed: of the resamples.

    Returns:
        (low, high), with the statistic itself between them. NaN if no interval can be given: no or
        one patient, no difference between patients, or too many resamples without a value.
    """
    times = resample_patients(len(by_patient), resamples, seed)
    return interval_of(by_patient, statistic, scale, times)


@np.errstate(all="ignore")  # a resample may have no value: NaN and infinity are dealt with
def interval_of(
    by_patient: Array, statistic: Statistic, scale: Scale, times: Array
) -> tuple[float, float]:
    """As `patient_interval`, of given resamples: `times` (resamples, patients)."""
    nothing = (float("nan"), float("nan"))
    patients = len(by_patient)

    def scaled(sums: Array) -> Array:
        return scale.to(statistic(sums.reshape(-1, *by_patient.shape[1:])))

    if patients < 2:
        return nothing
    parts = by_patient.reshape(patients, -1)
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
    down, up = _reach(distance, scale.symmetric)
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


def _reach(distance: Array, symmetric: bool) -> tuple[float, float]:
    """How many standard errors the interval reaches down and up.

    A resample without a value or a standard error (NaN) counts as infinitely far.
    """
    far = np.nan_to_num(distance, nan=np.inf)
    if symmetric:
        both = float(np.quantile(abs(far), _LEVEL, method="higher"))
        return both, both
    tail = (1 - _LEVEL) / 2
    near = np.nan_to_num(distance, nan=-np.inf)
    return (
        float(np.quantile(far, 1 - tail, method="higher")),
        -float(np.quantile(near, tail, method="lower")),
    )


def mean_of(sums: Array) -> Array:
    """The statistic "mean" or "ratio of two means": of sums (..., 2), the first / the second."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])
