"""Probabilities that mean what they say, and intervals of sums from them.

What is fitted (see `calibration_fit`) is applied here, to new joints as to those it is fitted on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import LIMBS, MAX_SCORE, BodyPart, Damage, scored_joints

Floats = npt.NDArray[np.float64]
NEAREST = 1e-6  # of a probability to 0 and 1, which no network can know
LEAST_SD = 0.5  # score points of a sum: scores are whole numbers
SUMS = [*map(str, Damage), "total"]
MEAN, VARIANCE = "mean", "variance"


def bit_columns(classes: int) -> list[str]:
    """The columns of a head's bits but the first: "1 or more", "2 or more" and so on."""
    return [f"bit_{place}" for place in range(1, classes)]


@dataclass(frozen=True)
class BitCalibration:
    """How a head's bits become true probabilities.

    Attributes:
        slope: by which the mean of a joint's logits is multiplied, above 0; 1 over the temperature.
        bias: added to that.
        spread: by which the logits of `usual` are multiplied, above 0.
        usual: how often joints of training and validation patients reach each score above 0, each
            less often than the one before; above 0, below 1.
    """

    slope: float
    bias: float
    spread: float
    usual: tuple[float, ...]


def calibrate_bits(bits: npt.ArrayLike, calibration: BitCalibration) -> Floats:
    """The probability of each score above 0, or of more, by a proportional odds model.

    Bits of one joint may contradict each other, and heads learn with fewer zeros than there are. So
    a joint counts with the mean of its bits' logits, and how much of it a score takes follows from
    how often the score occurs: with three numbers a head, whatever the number of scores, a score
    that few joints have fits nothing by chance. No score is impossible.

    Args:
        bits: (n, classes - 1) in [0, 1], without the first bit.
        calibration: of their head.

    Returns:
        (n, classes - 1) in [0, 1], none higher than the one before.

    Source: McCullagh, "Regression models for ordinal data", 1980; thresholds and logits are ours.
    """
    damage = _logits(np.asarray(bits, np.float64)).mean(axis=1, keepdims=True)
    usual = _logits(np.asarray(calibration.usual))
    logits = calibration.slope * damage + calibration.bias + calibration.spread * usual
    return np.asarray((1 + np.tanh(logits / 2)) / 2)  # the logistic function, of any size


def _logits(probabilities: Floats) -> Floats:
    known = np.clip(probabilities, NEAREST, 1 - NEAREST)
    return np.asarray(np.log(known / (1 - known)))


def score_moments(bits: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Mean and variance of each joint's score, (n,), from calibrated bits (n, classes - 1)."""
    or_more = np.asarray(bits, np.float64)
    mean = or_more.sum(axis=1)
    squares = or_more @ (2 * np.arange(1, or_more.shape[1] + 1) - 1.0)
    return mean, squares - mean**2


def moments_table(bits: pd.DataFrame, damage: Damage, calibration: BitCalibration) -> pd.DataFrame:
    """Mean and variance of the scores of one damage, as `sum_moments` sums them up.

    Args:
        bits: image_id, joint and bit_1, bit_2, ... of each joint.
        damage: of the bits.
        calibration: of their head.

    Returns:
        image_id, joint, erosion_mean and erosion_variance, or those of narrowing.
    """
    calibrated = calibrate_bits(bits[bit_columns(len(calibration.usual) + 1)], calibration)
    mean, variance = score_moments(calibrated)
    named = {f"{damage}_{MEAN}": mean, f"{damage}_{VARIANCE}": variance}
    return bits[["image_id", "joint"]].assign(**named)


def sum_moments(joints: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Means and variances of sums, the latter as if joints were independent.

    Args:
        joints: the key and, of each joint, what `moments_table` returns of both damages; blank
            where a joint has none.
        key: the columns that say what is summed up.

    Returns:
        By the key: erosion_mean, erosion_variance, narrowing_mean, ..., total_variance; 0 of no
        joint.
    """
    columns = [f"{damage}_{moment}" for damage in Damage for moment in (MEAN, VARIANCE)]
    sums = joints.groupby(list(key), sort=False, dropna=False)[columns].sum()
    for moment in (MEAN, VARIANCE):
        sums[f"total_{moment}"] = sum(sums[f"{damage}_{moment}"] for damage in Damage)
    return sums


def predicted_sd(variances: npt.ArrayLike) -> Floats:
    """The SD by which errors of sums are divided, from variances as of independent joints.

    Errors of one patient's joints are correlated; how much wider that makes an interval is what is
    fitted, as a factor of this.
    """
    return np.asarray(np.sqrt(np.asarray(variances, np.float64) + LEAST_SD**2))


def limb_counts(limbs: Iterable[str]) -> str:
    """How many hands and feet are summed up, as "2h2f"; limbs are "LH" and so on."""
    parts = [LIMBS[limb].body_part for limb in limbs]
    return f"{parts.count(BodyPart.HAND)}h{parts.count(BodyPart.FOOT)}f"


def largest_sum(limbs: Iterable[str], name: str) -> int:
    """The largest sum of "erosion", "narrowing" or "total" that these limbs' joints can have."""
    return sum(
        MAX_SCORE[part, damage] * len(scored_joints(part, damage))
        for part in (LIMBS[limb].body_part for limb in limbs)
        for damage in Damage
        if name in ("total", damage.value)
    )


def sum_bounds(
    mean: npt.ArrayLike, variance: npt.ArrayLike, factor: npt.ArrayLike, largest: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The least and the largest whole number of an interval of sums, both within it.

    Args:
        mean: of the sum.
        variance: of the sum, as of independent joints.
        factor: half the interval, in SDs of `predicted_sd`.
        largest: that the sum can be.
    """
    half = np.asarray(factor) * predicted_sd(variance)
    low, high = np.ceil(np.asarray(mean) - half), np.floor(np.asarray(mean) + half)
    most = np.asarray(largest)
    return np.clip(low, 0, most).astype(np.int64), np.clip(high, 0, most).astype(np.int64)
