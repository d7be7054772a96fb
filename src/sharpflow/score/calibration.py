"""How sure scores of new radiographs are, by what a bundle's study measured."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from sharpflow.anatomy import MODELS, Damage
from sharpflow.bundle.manifest import Calibration, SumCalibration, TotalCalibration
from sharpflow.cohorts.whole_images import MOST
from sharpflow.conformal import LEVEL, patients_needed
from sharpflow.joints.scoring.calibration import (
    MEAN,
    SUMS,
    VARIANCE,
    BitCalibration,
    Floats,
    calibrate_bits,
    largest_sum,
    limb_counts,
    moments_table,
    sum_bounds,
    sum_moments,
)
from sharpflow.score.known import BOTH_HANDS
from sharpflow.whole_image.total_intervals import total_bounds

WHOLE_TOTAL = "whole_image_total"
NO_INTERVAL = "no_interval"  # the column that says why there is none
WHOLE_INTERVAL = [f"{WHOLE_TOTAL}_{end}" for end in ("low", "high")]
INTERVAL_COLUMNS = [*(f"{name}_{end}" for name in SUMS for end in ("low", "high")), *WHOLE_INTERVAL]
UNCALIBRATED = "the bundle has no calibration"
NO_SUMS = "the study had no patient with all joints to calibrate sums on"
OTHER_LIMBS = "the bundle is calibrated for other limbs"
_KEY = ["image_id", "joint"]


class Calibrator:
    """Applies a bundle's calibration; without one, probabilities stay and intervals are blank."""

    def __init__(self, calibration: Calibration | None) -> None:
        """Take the manifest's `calibration`."""
        heads = calibration.heads if calibration else {}
        self._heads = {name: BitCalibration(**asdict(own)) for name, own in heads.items()}
        self._sums = calibration.sums if calibration else {}
        self._whole = calibration.whole_image if calibration else None

    def has(self, model: str) -> bool:
        """Whether a head, "erosion-hand" and so on, is calibrated."""
        return model in self._heads

    def bits(self, model: str, bits: Floats) -> Floats:
        """Calibrated bits of a head, (n, classes - 1); as they are where it is not calibrated."""
        if model not in self._heads:
            return bits
        return calibrate_bits(bits, self._heads[model])

    def with_moments(self, joints: pd.DataFrame, bits_of: dict[str, pd.DataFrame]) -> pd.DataFrame:
        """Joints with what `sum_intervals` sums up: means and variances of their scores.

        Args:
            joints: rows of `ScoredJoints.joints`.
            bits_of: `ScoredJoints.bits`.
        """
        for damage in Damage:
            parts = [
                moments_table(bits, damage, self._heads[model])
                for model, bits in bits_of.items()
                if model in self._heads and MODELS[model][0] is damage and len(bits)
            ]
            columns = [f"{damage}_{MEAN}", f"{damage}_{VARIANCE}"]
            moments = pd.concat(parts) if parts else pd.DataFrame(columns=[*_KEY, *columns])
            joints = joints.merge(moments, how="left", on=_KEY)
            joints[columns] = joints[columns].astype(float)
        return joints

    def error_sd(self, limbs: str) -> float | None:
        """The SD of the errors of totals over limbs, "LH RH" or BH, in points, where known."""
        own = self._whole if limbs == BOTH_HANDS else self._sums.get(limb_counts(limbs.split()))
        return own.error_sd if own else None

    def sum_intervals(
        self, totals: pd.DataFrame, joints: pd.DataFrame, key: Sequence[str]
    ) -> pd.DataFrame:
        """Totals with the 95% intervals of their sums, as whole numbers that hold the sum itself.

        Args:
            totals: the key, limbs (as "LH RH LF RF"), erosion, narrowing, total.
            joints: what `with_moments` returned, of all that is summed up.
            key: the columns that say what is summed up.

        Returns:
            With INTERVAL_COLUMNS, blank where a sum is, and no_interval: why others are blank.
        """
        sums = sum_moments(joints, key).reset_index()
        moments = totals[list(key)].merge(sums, how="left", on=list(key))
        limbs = [text.split() for text in totals["limbs"]]
        own = [self._sums.get(limb_counts(of)) for of in limbs]
        none = OTHER_LIMBS if self._sums else NO_SUMS if self._heads else UNCALIBRATED
        table = totals.assign(**{NO_INTERVAL: [_reason(one, none) for one in own]})
        for name in SUMS:
            factors = np.array([_factor(one, name) for one in own], np.float64)
            is_known = totals[name].notna() & ~np.isnan(factors)
            low, high = sum_bounds(
                moments[f"{name}_{MEAN}"].to_numpy(),
                moments[f"{name}_{VARIANCE}"].to_numpy(),
                np.nan_to_num(factors),
                [largest_sum(of, name) for of in limbs],
            )
            predicted = totals[name].fillna(0)
            table[f"{name}_low"] = predicted.clip(upper=low).where(is_known)
            table[f"{name}_high"] = predicted.clip(lower=high).where(is_known)
        return table

    def total_intervals(self, totals: pd.DataFrame) -> pd.DataFrame:
        """Totals with the 95% intervals of whole_image_total, of 0 to 280."""
        error = self._whole.root_error if self._whole else None
        table = totals.assign(**{NO_INTERVAL: _reason(self._whole, UNCALIBRATED)})
        if error is not None:
            bounds = total_bounds(totals[WHOLE_TOTAL].to_numpy(np.float64), error)
            for name, bound in zip(WHOLE_INTERVAL, bounds, strict=True):
                table[name] = np.clip(bound, 0, MOST)
        return table


def _reason(own: SumCalibration | TotalCalibration | None, none: str) -> str:
    """Why there is no interval, `none` where nothing was measured; empty where there is one."""
    if own is None:
        return none
    if own.patients >= (needed := patients_needed()):
        return ""
    return f"calibrated on {own.patients} patients; {LEVEL:.0%} needs {needed}"


def _factor(own: SumCalibration | None, name: str) -> float | None:
    factor: float | None = getattr(own, name) if own else None
    return factor
