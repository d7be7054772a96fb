"""Probabilities that mean what they say, and intervals of sums from them.

What is fitted (see `calibration_fit`) is applied here, to new joints as to those it is fitted on.
"""

from collections.abc import Iterable, Sequence

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


def calibrate_bits(bits: npt.ArrayLike, slope: float = 1.0, bias: float = 0.0) -> Floats:
    """Bits with their logits stretched and shifted; none is surer than one before it.

    A bit cannot be surer than one before it (see `score_probabilities`), and stays so, since all
    bits of a head have one slope and one bias.

    Args:
        bits: (n, classes - 1) in [0, 1], without the first bit.
        slope: above 0; 1 over the temperature.
        bias: added to the logits, in logits.

    Returns:
        (n, classes - 1) in (0, 1).
    """
    falling = np.minimum.accumulate(np.asarray(bits, np.float64), axis=1)
    known = np.clip(falling, NEAREST, 1 - NEAREST)
    logits = slope * np.log(known / (1 - known)) + bias
    return np.asarray(1 / (1 + np.exp(-logits)))


def score_moments(bits: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Mean and variance of each joint's score, (n,), from calibrated bits (n, classes - 1)."""
    or_more = np.asarray(bits, np.float64)
    mean = or_more.sum(axis=1)
    squares = or_more @ (2 * np.arange(1, or_more.shape[1] + 1) - 1.0)
    return mean, squares - mean**2


def moments_table(
    bits: pd.DataFrame, damage: Damage, slope: float = 1.0, bias: float = 0.0
) -> pd.DataFrame:
    """Mean and variance of the scores of one damage, as `sum_moments` sums them up.

    Args:
        bits: image_id, joint and bit_1, bit_2, ... of each joint.
        damage: of the bits.
        slope: see `calibrate_bits`.
        bias: likewise.

    Returns:
        image_id, joint, erosion_mean and erosion_variance, or those of narrowing.
    """
    calibrated = calibrate_bits(bits.filter(regex=r"^bit_\d+$").to_numpy(), slope, bias)
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
    mean: npt.ArrayLike, variance: npt.ArrayLike, factor: float, largest: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The least and the largest whole number of an interval of sums, both within it.

    Args:
        mean: of the sum.
        variance: of the sum, as of independent joints.
        factor: half the interval, in SDs of `predicted_sd`.
        largest: that the sum can be.
    """
    half = factor * predicted_sd(variance)
    low, high = np.ceil(np.asarray(mean) - half), np.floor(np.asarray(mean) + half)
    most = np.asarray(largest)
    bounds = (np.clip(bound, 0, most).astype(np.int64) for bound in (low, high))
    low_bound, high_bound = bounds
    return low_bound, high_bound
