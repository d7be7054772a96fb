"""How far two lists of numbers agree, with intervals by patient.

Every measure here depends on the data through eight sums (`pair_sums`), so that a bootstrap over
patients adds up patients' sums and never goes back to the images.

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
    """Each pair's part of the eight sums: (pairs, 8), to be added up over any set of pairs.

    Both lists are taken from the mean of the true values, which changes no measure of this module
    and keeps their squares small.

    Raises:
        ValueError: not two lists of one length, or a value that is not finite.
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


def pcc_of(totals: Array) -> Array:
    """Pearson's correlation from sums (..., 8); NaN where a list is constant."""
    variance_x, variance_y, covariance, _ = _moments(totals)
    return _ratio(covariance, np.sqrt(variance_x * variance_y))


def mae_of(totals: Array) -> Array:
    """Mean absolute error from sums (..., 8), in the unit of the values."""
    return _ratio(totals[..., 6], totals[..., 0])


def rmse_of(totals: Array) -> Array:
    """Root mean squared error from sums (..., 8), in the unit of the values."""
    return np.sqrt(_ratio(totals[..., 7], totals[..., 0]))


def icc_of(totals: Array) -> Array:
    """ICC(A,1) from sums (..., 8): two-way random, absolute agreement, single measurement.

    The truth is one rater and the prediction the other (Shrout and Fleiss's ICC(2,1)). For two
    raters their mean squares come down to sample variances and the bias:
    2 cov / (var x + var y + bias^2 - var(y - x) / n). NaN with fewer than two pairs.
    """
    n = totals[..., 0]
    variance_x, variance_y, covariance, bias = _moments(totals)
    unbiased = _ratio(n, n - 1)
    spread = unbiased * (variance_x + variance_y)
    shared = unbiased * 2 * covariance
    return _ratio(shared, spread + bias**2 - _ratio(spread - shared, n))


def kappa_of(totals: Array) -> Array:
    """Cohen's kappa with quadratic weights from sums (..., 8) of class numbers.

    1 - observed / expected squared distance, the expected one from the two margins; 0 for a
    constant guess, NaN where both lists are the same constant.
    """
    variance_x, variance_y, _, bias = _moments(totals)
    observed = _ratio(totals[..., 7], totals[..., 0])
    return 1 - _ratio(observed, variance_x + variance_y + bias**2)


def bias_of(totals: Array) -> Array:
    """Mean of predicted - true from sums (..., 8)."""
    return _moments(totals)[3]


def limit_of(totals: Array, side: int) -> Array:
    """A limit of agreement: bias + side * 1.96 SD of the differences; `side` is -1 or 1."""
    n = totals[..., 0]
    bias = bias_of(totals)
    variance = _ratio(totals[..., 7] - n * bias**2, n - 1)
    return bias + side * _NORMAL_95 * np.sqrt(np.maximum(variance, 0))


def lower_limit_of(totals: Array) -> Array:
    """Bland and Altman's lower limit from sums (..., 8)."""
    return limit_of(totals, -1)


def upper_limit_of(totals: Array) -> Array:
    """Bland and Altman's upper limit from sums (..., 8)."""
    return limit_of(totals, 1)


@dataclass(frozen=True)
class Measure:
    """A measure of sums (..., 8), and the scale of its interval."""

    of: Statistic
    scale: Scale

    def __call__(self, totals: Array) -> Array:
        """The measure's values, (...,)."""
        return self.of(totals)


PCC = Measure(pcc_of, FISHER)
MAE = Measure(mae_of, LOG)
RMSE = Measure(rmse_of, LOG)
ICC = Measure(icc_of, FISHER)
KAPPA = Measure(kappa_of, FISHER)
BIAS = Measure(bias_of, PLAIN)
LOWER_LIMIT = Measure(lower_limit_of, SKEWED)
UPPER_LIMIT = Measure(upper_limit_of, SKEWED)


def difference_of(measure: Measure) -> Measure:
    """A measure's difference, first less second, from sums (..., 2, 8) of two predictions."""

    def difference(totals: Array) -> Array:
        return np.asarray(measure(totals[..., 0, :]) - measure(totals[..., 1, :]))

    return Measure(difference, BETWEEN_CORRELATIONS if measure.scale is FISHER else PLAIN)


def bland_altman(true: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[float, float, float]:
    """Bias (mean of predicted - true), lower and upper 95% limit of agreement."""
    totals = pair_sums(true, predicted).sum(axis=0)
    return float(bias_of(totals)), float(lower_limit_of(totals)), float(upper_limit_of(totals))


def with_intervals(
    patients: Sequence[str],
    parts: Array,
    measures: Mapping[str, Measure],
    *,
    seed: int,
    resamples: int = 2000,
) -> dict[str, float]:
    """Each measure as name, name_low, name_high: the value and its 95% interval by patient.

    As `intervals.patient_interval`, but the patients are resampled once for all measures.

    Args:
        patients: the patient of each row.
        parts: each row's part of the sums, (rows, ...).
        measures: name -> measure of sums (..., as parts).
        seed: of the resamples.
        resamples: number of resamples.
    """
    _, sums = patient_sums(patients, parts)
    times, totals = resample_patients(len(sums), resamples, seed), sums.sum(axis=0)
    found: dict[str, float] = {}
    for name, measure in measures.items():
        low, high = interval_of(sums, measure.of, measure.scale, times)
        found |= {name: float(measure(totals)), f"{name}_low": low, f"{name}_high": high}
    return found


def _moments(totals: Array) -> tuple[Array, Array, Array, Array]:
    """Variances of x and y, covariance (all over n), mean of y - x."""
    n = totals[..., 0]
    mean_x, mean_y = _ratio(totals[..., 1], n), _ratio(totals[..., 2], n)
    square_x, square_y = _ratio(totals[..., 3], n), _ratio(totals[..., 4], n)
    covariance = _ratio(totals[..., 5], n) - mean_x * mean_y
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
