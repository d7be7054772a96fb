"""95% intervals by patient of shares of right answers, and of means and differences of shares.

The answers of one patient are not independent. The variance of a share between patients gives its
effective sample size, the number of independent answers with the same variance (Korn and Graubard,
Surv Methodol 1998;24:193-201), and the interval is Jeffreys' for that many answers. If fewer than
three patients have a wrong answer, or a right one, that variance is unknown and patients are the
units: no more answers are counted than there are patients. If all or none are right, the bound is
the exact one for patients (Clopper and Pearson), as in Brown, Cai and DasGupta (Stat Sci
2001;16:101-133).

A single share with enough patients of both kinds has a studentized interval instead (`intervals`),
since rare patients with many wrong answers make its distribution skewed.

Means and differences of shares combine the shares' intervals by recovering a variance from each
bound (MOVER: Zou and Donner, Stat Med 2008;27:1693-1702). A share that rests on one patient keeps
its wide interval, where a bootstrap would treat it as certain.
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
    """Shares of right answers.

    Attributes:
        value: (shares,), fractions; NaN without an answer.
        low: (shares,), lower bounds.
        high: (shares,), upper bounds.
        residual: (patients, shares), each patient's influence on a share: right answers above the
            number expected from the share, divided by all answers to that share.
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
        fewest: patients are the units if fewer than so many have a wrong answer, or a right one.

    Returns:
        The shares.
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
    """The 95% interval of one share from each patient's right and all answers.

    Studentized on the logit scale; Jeffreys' with patients as the units if fewer than five patients
    have a wrong answer, or a right one.

    Args:
        right: (patients,), right answers.
        n: (patients,), all answers.
        seed: of the resamples.
        resamples: number of resamples.

    Returns:
        (low, high), fractions; NaN without an answer.
    """
    sums = np.stack([right, n], axis=1).astype(float)
    if _patients_of_both_kinds(sums[:, 0], sums[:, 1]) >= FEW_PATIENTS:
        bounds = patient_interval(sums, mean_of, LOGIT, resamples=resamples, seed=seed)
        if not np.isnan(bounds[0]):  # NaN if no patient differs from another
            return bounds
    found = shares_of(sums[:, :1], sums[:, 1:], fewest=FEW_PATIENTS)
    return float(found.low[0]), float(found.high[0])


def share_difference(right: Array, n: Array) -> tuple[float, float]:
    """The 95% interval of the difference of two shares, first - second, by MOVER.

    Args:
        right: (patients, 2), right answers.
        n: (patients, 2), all answers.

    Returns:
        (low, high).
    """
    return combined_interval(shares_of(right, n), np.array([1.0, -1.0]))


def combined_interval(shares: Shares, weights: Array) -> tuple[float, float]:
    """The 95% interval of a weighted sum of shares, by MOVER.

    The correlation of two shares is that of their residuals; a share whose residuals are all 0
    counts as uncorrelated.

    Args:
        shares: the shares; those with a weight must have answers.
        weights: (shares,), negative for differences.

    Returns:
        (low, high).
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
    """The number of independent answers with the same variance, for each share: (shares,)."""
    patients, answers = (n > 0).sum(axis=0), n.sum(axis=0)
    variance = variance * patients / np.maximum(patients - 1, 1)
    # Scaled so that with one answer a patient the size is the number of answers.
    alone = share * (1 - share) * answers / np.maximum(answers - 1, 1)
    size = np.divide(alone, variance, out=answers.copy(), where=(variance > 0) & (alone > 0))
    return np.asarray(np.clip(size, np.minimum(answers, 1), answers))


def _patients_of_both_kinds(right: Array, n: Array) -> npt.NDArray[np.intp]:
    """Patients with a wrong answer or patients with a right one, whichever are fewer."""
    return np.asarray(np.minimum((right < n).sum(axis=0), (right > 0).sum(axis=0)))


def _jeffreys(right: Array, n: Array) -> tuple[Array, Array]:
    """Jeffreys' interval; Clopper and Pearson's if all or none are right."""
    wrong = n - right
    low = betaincinv(right + 0.5, wrong + 0.5, _TAIL)
    high = betaincinv(right + 0.5, wrong + 0.5, 1 - _TAIL)
    exact: Array = _TAIL ** (1 / np.maximum(n, np.finfo(float).tiny))
    low = np.where(right <= 0, 0, np.where(wrong <= 0, exact, low))
    high = np.where(wrong <= 0, 1, np.where(right <= 0, 1 - exact, high))
    return low, high
