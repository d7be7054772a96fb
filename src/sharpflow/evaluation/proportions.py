"""95% intervals of shares of right answers, by patient, and of means and differences of shares.

The answers of one patient are not independent. A share's variance between patients says how many
independent answers would tell as much (Korn and Graubard, Surv Methodol 1998;24:193-201), and its
interval is Jeffreys' for so many. Where hardly a patient has a wrong answer, or a right one, that
variance is not known, and patients are the units: no more answers are counted than there are
patients. Where all or none are right the bound is exact for patients (Clopper and Pearson), as
Brown, Cai and DasGupta have it (Stat Sci 2001;16:101-133).

A share that stands alone, with enough patients of both kinds, has a studentized interval instead
(`intervals`), since rare patients with many wrong answers make it skewed.

Means and differences of shares take their interval from those of the shares, recovering a variance
from each (MOVER: Zou and Donner, Stat Med 2008;27:1693-1702): so a share that only one patient
tells of stays as uncertain as it is, where a resample would take it for certain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from sharpflow.evaluation.intervals import LOGIT, mean_of, patient_interval

Array = npt.NDArray[np.float64]

FEW_PATIENTS = 5  # with a wrong answer (or a right one): too few to resample
_FEWEST_PATIENTS = 3  # likewise: too few for a variance
_TAIL = 0.025


@dataclass(frozen=True)
class Shares:
    """Shares of right answers: value, low, high, each (shares,), NaN without an answer.

    `residual` (patients, shares) is how many more right answers a patient has than the share
    says, over all answers to that share: the patient's influence on it.
    """

    value: Array
    low: Array
    high: Array
    residual: Array


def shares_of(right: Array, n: Array, *, fewest: int = _FEWEST_PATIENTS) -> Shares:
    """Shares and their 95% intervals from each patient's right and all answers.

    Args:
        right: (patients, shares), right answers.
        n: (patients, shares), all answers.
        fewest: patients are the units where fewer have a wrong answer, or a right one.
    """
    answers = n.sum(axis=0)
    there = answers > 0
    value = np.divide(right.sum(axis=0), answers, out=np.full(len(answers), np.nan), where=there)
    share = np.where(there, value, 0)
    residual = (right - n * share) / np.maximum(answers, 1)
    variance = (residual**2).sum(axis=0)
    size = _effective_size(n, share, variance)
    units = _patients_of_both_kinds(right, n) < fewest
    size = np.where(units, np.minimum(size, (n > 0).sum(axis=0)), size)
    low, high = _jeffreys(share * size, size)
    low, high = np.minimum(low, value), np.maximum(high, value)  # NaN without an answer
    return Shares(value, low, high, residual)


def share_interval(
    right: Array, n: Array, *, seed: int, resamples: int = 2000
) -> tuple[float, float]:
    """The 95% interval (low, high) of one share from each patient's right and all answers.

    Studentized on the logit scale; with fewer than five patients that have a wrong answer, or a
    right one, Jeffreys' with patients as the units.

    Args:
        right: (patients,), right answers.
        n: (patients,), all answers.
        seed: of the resamples.
        resamples: number of resamples.

    Returns:
        Fractions; NaN without an answer.
    """
    sums = np.stack([right, n], axis=1).astype(float)
    if _patients_of_both_kinds(sums[:, 0], sums[:, 1]) >= FEW_PATIENTS:
        bounds = patient_interval(sums, mean_of, LOGIT, resamples=resamples, seed=seed)
        if not np.isnan(bounds[0]):  # as it is where no patient differs from another
            return bounds
    found = shares_of(sums[:, :1], sums[:, 1:], fewest=FEW_PATIENTS)
    return float(found.low[0]), float(found.high[0])


def share_difference(right: Array, n: Array) -> tuple[float, float]:
    """The 95% interval (low, high) of one share less another, both (patients, 2), by MOVER."""
    return combined_interval(shares_of(right, n), np.array([1.0, -1.0]))


def combined_interval(shares: Shares, weights: Array) -> tuple[float, float]:
    """The 95% interval (low, high) of a weighted sum of shares, by MOVER.

    `weights` (shares,) may be negative (differences); where a weight is not 0 there must be
    answers. Shares that patients answer together are correlated as their residuals are; a share
    without spread counts as uncorrelated.
    """
    used = weights != 0
    weights, residual = weights[used], shares.residual[:, used]
    value, low, high = (side[used] for side in (shares.value, shares.low, shares.high))
    covariance = residual.T @ residual
    spread = np.sqrt(np.diag(covariance))
    scale = np.outer(spread, spread)
    correlation = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
    np.fill_diagonal(correlation, 1)
    down = weights * np.where(weights > 0, value - low, high - value)
    up = weights * np.where(weights > 0, high - value, value - low)
    middle = weights @ value
    below, above = (np.sqrt(max(side @ correlation @ side, 0)) for side in (down, up))
    return float(middle - below), float(middle + above)


def _effective_size(n: Array, share: Array, variance: Array) -> Array:
    """How many independent answers would tell as much of each share: (shares,)."""
    patients, answers = (n > 0).sum(axis=0), n.sum(axis=0)
    variance = variance * patients / np.maximum(patients - 1, 1)
    alone = share * (1 - share) * answers / np.maximum(answers - 1, 1)  # one a patient: answers
    size = np.divide(alone, variance, out=answers.copy(), where=(variance > 0) & (alone > 0))
    return np.asarray(np.clip(size, np.minimum(answers, 1), answers))


def _patients_of_both_kinds(right: Array, n: Array) -> npt.NDArray[np.intp]:
    """Patients with a wrong answer or patients with a right one, whichever are fewer."""
    return np.asarray(np.minimum((right < n).sum(axis=0), (right > 0).sum(axis=0)))


def _jeffreys(right: Array, n: Array) -> tuple[Array, Array]:
    """Jeffreys' interval; where all or none are right, Clopper and Pearson's."""
    wrong = n - right
    low = betaincinv(right + 0.5, wrong + 0.5, _TAIL)
    high = betaincinv(right + 0.5, wrong + 0.5, 1 - _TAIL)
    exact: Array = _TAIL ** (1 / np.maximum(n, np.finfo(float).tiny))
    low = np.where(right <= 0, 0, np.where(wrong <= 0, exact, low))
    high = np.where(wrong <= 0, 1, np.where(right <= 0, 1 - exact, high))
    return low, high
