"""Ways to take a 95% interval: the library's first, then others for comparison."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from sharpflow.evaluation import agreement, intervals, proportions, recalls
from sharpflow.evaluation.metrics import balanced_accuracy_of

Array = np.ndarray


@dataclass(frozen=True)
class Cohort:
    """A synthetic cohort: its patients' rows in the population, and resamples of them."""

    patients: Array  # (n,)
    times: Array  # (resamples, n)
    seed: int


# An interval (2,), or several (k, 2), from a cohort's sums.
Method = Callable[[Array, Cohort], object]
Methods = dict[str, Method]


def of_number(measure: agreement.Measure) -> Methods:
    """The library's interval of a number, and others for comparison."""

    def studentized(scale: intervals.Scale) -> Method:
        return lambda sums, cohort: intervals.interval_of(sums, measure.of, scale, cohort.times)

    other = replace(measure.scale, symmetric=not measure.scale.symmetric)
    tails = {True: "symmetric", False: "two tails"}
    return {
        f"studentized, {tails[measure.scale.symmetric]}": studentized(measure.scale),
        f"studentized, {tails[other.symmetric]}": studentized(other),
        "percentile": lambda sums, cohort: percentile(sums, measure.of, cohort.times),
        "BCa": lambda sums, cohort: bias_corrected(sums, measure.of, cohort.times),
    }


def percentile(sums: Array, statistic: intervals.Statistic, times: Array) -> Array:
    """Efron and Tibshirani, 13.3; resamples without a value are left out."""
    with np.errstate(all="ignore"):
        return np.nanpercentile(statistic(np.tensordot(times, sums, axes=1)), [2.5, 97.5])


def bias_corrected(sums: Array, statistic: intervals.Statistic, times: Array) -> Array:
    """Bias-corrected and accelerated; Efron and Tibshirani, 14.3."""
    with np.errstate(all="ignore"):
        value = statistic(sums.sum(axis=0)[None])[0]
        resampled = statistic(np.tensordot(times, sums, axes=1))
        resampled = resampled[~np.isnan(resampled)]
        left_out = statistic(sums.sum(axis=0) - sums)
        influence = np.nanmean(left_out) - left_out
        speed = np.nansum(influence**3) / (6 * np.nansum(influence**2) ** 1.5)
        below = np.mean(resampled < value) + np.mean(resampled == value) / 2
        shift = ndtri(np.clip(below, 1e-3, 1 - 1e-3))
        z = shift + ndtri([0.025, 0.975])
        return np.quantile(resampled, ndtr(shift + z / (1 - speed * z)))


def of_balanced_accuracy(within: int) -> Methods:
    def statistic(sums: Array) -> Array:
        return balanced_accuracy_of(sums, within)

    def bayesian(sums: Array, cohort: Cohort) -> Array:
        rng = np.random.default_rng(cohort.seed)
        return percentile(sums, statistic, rng.exponential(size=cohort.times.shape))

    return {
        "recalls combined": lambda sums, _: recalls.balanced_accuracy_interval(sums, within),
        "percentile": lambda sums, cohort: percentile(sums, statistic, cohort.times),
        "Bayesian bootstrap": bayesian,
    }


def of_share() -> Methods:
    def by_library(sums: Array, cohort: Cohort) -> object:
        resamples = len(cohort.times)
        return proportions.share_interval(*sums.T, seed=cohort.seed, resamples=resamples)

    def jeffreys(sums: Array, _: Cohort) -> Array:
        shares = proportions.shares_of(sums[:, :1], sums[:, 1:])
        return np.array([shares.low[0], shares.high[0]])

    return {
        "studentized, few by patients": by_library,
        "Jeffreys": jeffreys,
        "percentile": lambda sums, cohort: percentile(sums, intervals.mean_of, cohort.times),
    }
