"""Agreement of two lists of numbers, with intervals by patient.

Every measure here depends on the data only through eight sums (`pair_sums`), so that a bootstrap
over patients adds up patients' sums.

Sources: Bo et al., equations 3 to 5 (PCC, MAE, RMSE); McGraw and Wong, Psychol Methods 1996;1:30-46
(the intraclass correlation); Bland and Altman, Lancet 1986;327:307-310 (bias and limits of
agreement); Lin, Biometrics 1989;45:255-268 (whose concordance the quadratic kappa is).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sharpflow.evaluation.intervals import (
    BETWEEN_CORRELATIONS,
    FISHER,
    LOG,
    PLAIN,
    SKEWED,
    Scale,
    Statistic,
    interval_of,
    patient_sums,
    resample_patients,
)

Array = npt.NDArray[np.float64]

N_SUMS = 8  # 1, x, y, x^2, y^2, xy, |y - x|, (y - x)^2
_ROUNDING = 1e-12  # a variance below this part of the mean square is a constant's
_NORMAL_95 = 1.96


def pair_sums(true: npt.ArrayLike, predicted: npt.ArrayLike) -> Array:
    """Each pair's terms of the eight sums, to be added up over any set of pairs.

    The mean of the true values is subtracted from both lists, which changes no measure of this
    module and keeps their squares small.

    Args:
        true: values, (pairs,).
        predicted: values, (pairs,).

    Returns:
        (pairs, 8).

    Raises:
        ValueError: the lists differ in length, or a value is not finite.
    """
    x, y = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"need two lists of one length, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("true and predicted values must be finite")
    error = y - x
    centre = x.mean() if len(x) else 0.0
    x, y = x - centre, y - centre
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y, abs(error), error**2], axis=1)


def pcc_of(sums: Array) -> Array:
    """Pearson's correlation from sums (..., 8); NaN where a list is constant."""
    variance_x, variance_y, covariance, _ = _moments(sums)
    return _ratio(covariance, np.sqrt(variance_x * variance_y))


def mae_of(sums: Array) -> Array:
    """Mean absolute error from sums (..., 8), in the unit of the values."""
    return _ratio(sums[..., 6], sums[..., 0])


def rmse_of(sums: Array) -> Array:
    """Root mean squared error from sums (..., 8), in the unit of the values."""
    return np.sqrt(_ratio(sums[..., 7], sums[..., 0]))


def icc_of(sums: Array) -> Array:
    """ICC(A,1) from sums (..., 8): two-way random, absolute agreement, single measurement.

    The truth is one rater and the prediction the other (Shrout and Fleiss's ICC(2,1)). For two
    raters the mean squares reduce to sample variances and the bias:
    2 cov / (var x + var y + bias^2 - var(y - x) / n). NaN with fewer than two pairs.
    """
    n = sums[..., 0]
    variance_x, variance_y, covariance, bias = _moments(sums)
    unbiased = _ratio(n, n - 1)
    spread = unbiased * (variance_x + variance_y)
    shared = unbiased * 2 * covariance
    return _ratio(shared, spread + bias**2 - _ratio(spread - shared, n))


def kappa_of(sums: Array) -> Array:
    """Cohen's kappa with quadratic weights from sums (..., 8) of class numbers.

    1 - observed / expected squared distance, the expected one from the two margins; 0 for a
    constant guess, NaN if both lists are the same constant.
    """
    variance_x, variance_y, _, bias = _moments(sums)
    observed = _ratio(sums[..., 7], sums[..., 0])
    return 1 - _ratio(observed, variance_x + variance_y + bias**2)


def bias_of(sums: Array) -> Array:
    """Mean of predicted - true from sums (..., 8)."""
    return _moments(sums)[3]


def limit_of(sums: Array, side: int) -> Array:
    """A limit of agreement: bias + side * 1.96 SD of the differences; `side` is -1 or 1."""
    n = sums[..., 0]
    bias = bias_of(sums)
    variance = _ratio(sums[..., 7] - n * bias**2, n - 1)
    return bias + side * _NORMAL_95 * np.sqrt(np.maximum(variance, 0))


def lower_limit_of(sums: Array) -> Array:
    """Bland and Altman's lower limit from sums (..., 8)."""
    return limit_of(sums, -1)


def upper_limit_of(sums: Array) -> Array:
    """Bland and Altman's upper limit from sums (..., 8)."""
    return limit_of(sums, 1)


@dataclass(frozen=True)
class Measure:
    """A measure of sums (..., 8), and the scale of its interval."""

    of: Statistic
    scale: Scale

    def __call__(self, sums: Array) -> Array:
        """The measure's values, (...,)."""
        return self.of(sums)


PCC = Measure(pcc_of, FISHER)
MAE = Measure(mae_of, LOG)
RMSE = Measure(rmse_of, LOG)
ICC = Measure(icc_of, FISHER)
KAPPA = Measure(kappa_of, FISHER)
BIAS = Measure(bias_of, PLAIN)
LOWER_LIMIT = Measure(lower_limit_of, SKEWED)
UPPER_LIMIT = Measure(upper_limit_of, SKEWED)


def difference_of(measure: Measure) -> Measure:
    """A measure's difference, first - second, from sums (..., 2, 8) of two predictions."""

    def difference(sums: Array) -> Array:
        return np.asarray(measure(sums[..., 0, :]) - measure(sums[..., 1, :]))

    return Measure(difference, BETWEEN_CORRELATIONS if measure.scale is FISHER else PLAIN)


def with_intervals(
    patients: Sequence[str],
    terms: Array,
    measures: Mapping[str, Measure],
    *,
    seed: int,
    resamples: int = 2000,
) -> dict[str, float]:
    """Measures with their 95% intervals by patient.

    As `intervals.patient_interval`, but the patients are resampled once for all measures.

    Args:
        patients: the patient of each row.
        terms: each row's terms of the sums, (rows, ...), as from `pair_sums`.
        measures: name -> measure of sums (..., shaped as a row of terms).
        seed: of the resamples.
        resamples: number of resamples.

    Returns:
        name, name_low and name_high of each measure: its value and the bounds of its interval.
    """
    _, by_patient = patient_sums(patients, terms)
    times, overall = resample_patients(len(by_patient), resamples, seed), by_patient.sum(axis=0)
    measured: dict[str, float] = {}
    for name, measure in measures.items():
        low, high = interval_of(by_patient, measure.of, measure.scale, times)
        measured |= {name: float(measure(overall)), f"{name}_low": low, f"{name}_high": high}
    return measured


def _moments(sums: Array) -> tuple[Array, Array, Array, Array]:
    """Variances of x and y, covariance (all over n), mean of y - x."""
    n = sums[..., 0]
    mean_x, mean_y = _ratio(sums[..., 1], n), _ratio(sums[..., 2], n)
    square_x, square_y = _ratio(sums[..., 3], n), _ratio(sums[..., 4], n)
    covariance = _ratio(sums[..., 5], n) - mean_x * mean_y
    variance_x = _no_rounding(square_x - mean_x**2, square_x)
    variance_y = _no_rounding(square_y - mean_y**2, square_y)
    covariance = np.where((variance_x > 0) & (variance_y > 0), covariance, 0.0)
    return variance_x, variance_y, covariance, mean_y - mean_x


def _no_rounding(variance: Array, square: Array) -> Array:
    return np.asarray(np.where(variance > _ROUNDING * square, variance, 0.0))


def _ratio(above: Array, below: Array) -> Array:
    """above / below, NaN where below is 0."""
    result = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=result, where=np.asarray(below) != 0)
    return result
