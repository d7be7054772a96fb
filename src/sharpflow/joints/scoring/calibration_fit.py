"""What makes probabilities and intervals of sums true, from predictions out of fold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import LIMBS, MODELS, Damage, scored_joints
from sharpflow.conformal import conformal_size, error_sd
from sharpflow.joints.scoring.calibration import (
    MEAN,
    NEAREST,
    SUMS,
    VARIANCE,
    BitCalibration,
    bit_columns,
    calibrate_bits,
    limb_counts,
    moments_table,
    predicted_sd,
    sum_moments,
)
from sharpflow.joints.scoring.ordinal import decode_bits, score_probabilities

# SDs of a normal prior of the slope's logarithm, the bias and the spread's logarithm. So a head of
# few joints, or of joints that all score 0, still has finite ones.
PRIOR_SD = np.array([1.0, 3.0, 1.0])
_LIMB = ["patient", "visit", "limb"]
_KINDS = ("true", "predicted")  # of scores


@dataclass(frozen=True)
class SumErrors:
    """How far sums of limbs are off, in predicted SDs.

    Attributes:
        patients: how many have such limbs with all their joints.
        error_sd: SD of predicted - true totals, in points; None where there are too few patients.
        factors: "erosion", "narrowing", "total" -> what 95% of new patients' errors are within;
            None likewise.
    """

    patients: int
    error_sd: float | None
    factors: dict[str, float | None]


def fit_bits(bits: npt.ArrayLike, true: npt.ArrayLike) -> BitCalibration:
    """The calibration by which the true scores are likeliest.

    Args:
        bits: (n, classes - 1) in [0, 1], of joints that did not train the head.
        true: their scores, (n,).
    """
    from scipy.optimize import minimize

    raw, scores = np.asarray(bits, np.float64), np.asarray(true, np.int64)
    usual = usual_bits(scores, raw.shape[1] + 1)

    def calibration(parameters: npt.NDArray[np.float64]) -> BitCalibration:
        slope, bias, spread = (float(parameter) for parameter in parameters)
        return BitCalibration(float(np.exp(slope)), bias, float(np.exp(spread)), usual)

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        calibrated = calibrate_bits(raw, calibration(parameters))
        penalty = ((parameters / PRIOR_SD) ** 2).sum() / 2
        return float(log_loss(score_probabilities(calibrated), scores).sum() + penalty)

    exact = {"xatol": 1e-4, "fatol": 1e-4}
    found = minimize(loss, np.zeros(3), method="Nelder-Mead", options=exact)
    return calibration(found.x)


def usual_bits(scores: npt.NDArray[np.int64], classes: int) -> tuple[float, ...]:
    """How often joints reach each score above 0, as if one joint more had each score."""
    counts = np.bincount(scores, minlength=classes) + 1
    reached = counts[::-1].cumsum()[::-1] / counts.sum()
    return tuple(reached[1:].tolist())


def log_loss(
    probabilities: npt.NDArray[np.float64], scores: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Negative logarithm of the probability that each joint's true score was given, (n,).

    Args:
        probabilities: of each score, (n, classes).
        scores: the true ones, (n,).
    """
    given = probabilities[np.arange(len(scores)), scores]
    return np.asarray(-np.log(np.maximum(given, NEAREST)))


def fit_heads(out_of_fold: Mapping[str, pd.DataFrame]) -> dict[str, BitCalibration]:
    """The calibration of each head that has predictions.

    Args:
        out_of_fold: name of `anatomy.MODELS` -> what `predict_out_of_fold` returned.
    """
    return {
        name: fit_bits(table.filter(regex=r"^bit_\d+$"), table["true"])
        for name, table in out_of_fold.items()
        if len(table)
    }


def fit_sums(
    out_of_fold: Mapping[str, pd.DataFrame], heads: Mapping[str, BitCalibration]
) -> dict[str, SumErrors]:
    """How far sums are off, by how many hands and feet are summed up ("2h2f").

    Sums of all the limbs of a visit, and of any of them, are each compared with the true ones.

    Args:
        out_of_fold: as for `fit_heads`.
        heads: what that returned.
    """
    limbs = limb_sums(out_of_fold, heads)
    errors = pd.DataFrame(_errors(limbs), columns=["patient", "limbs", "points", *SUMS])
    return {
        str(counts): SumErrors(
            own["patient"].nunique(),
            error_sd(own["points"], own["patient"].tolist()),
            {name: conformal_size(own[name], own["patient"].tolist()) for name in SUMS},
        )
        for counts, own in errors.groupby("limbs")
    }


def limb_sums(
    out_of_fold: Mapping[str, pd.DataFrame], heads: Mapping[str, BitCalibration]
) -> pd.DataFrame:
    """Sums of each radiograph all whose joints have true scores and predictions.

    Returns:
        By patient, visit and limb: the columns of `sum_moments`, erosion_true, narrowing_true,
        total_true, and likewise erosion_predicted and so on: the sums of the predicted scores.
    """
    parts = []
    for name, calibration in heads.items():
        damage, table = MODELS[name][0], out_of_fold[name]
        moments = moments_table(table, damage, calibration)
        known = table[[*_LIMB, "image_id", "joint"]].copy()
        known[f"{damage}_true"] = table["true"]
        bits = table[bit_columns(len(calibration.usual) + 1)]
        known[f"{damage}_predicted"] = decode_bits(bits.to_numpy())
        parts.append(known.merge(moments, on=["image_id", "joint"]))
    columns = [f"{damage}_{kind}" for damage in Damage for kind in (*_KINDS, MEAN, VARIANCE)]
    joints = pd.concat([pd.DataFrame(columns=[*_LIMB, *columns]), *parts])
    joints[columns] = joints[columns].astype(float)
    groups = joints.groupby(_LIMB, sort=False)
    of_scores = [f"{damage}_{kind}" for damage in Damage for kind in _KINDS]
    sums = sum_moments(joints, _LIMB).join(groups[of_scores].sum())
    for kind in _KINDS:
        sums[f"total_{kind}"] = sum(sums[f"{damage}_{kind}"] for damage in Damage)
    true = groups[[f"{damage}_true" for damage in Damage]]
    due = pd.DataFrame(
        [_joints_due(limb) for limb in sums.index.get_level_values("limb")],
        index=sums.index,
        columns=true.count().columns,
    )
    return sums[(true.count() == due).all(axis=1)]


def _joints_due(limb: str) -> list[int]:
    return [len(scored_joints(LIMBS[limb].body_part, damage)) for damage in Damage]


def _errors(limbs: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Patient, which limbs, by how many points their total and how far their sums are off.

    Of any limbs of a visit.
    """
    for (patient, _), visit in limbs.groupby(_LIMB[:2], sort=False):
        own = visit.droplevel([*_LIMB[:2]])
        for number in range(1, len(own) + 1):
            for chosen in combinations(own.index, number):
                sums = own.loc[list(chosen)].sum()
                errors = [
                    abs(sums[f"{name}_true"] - sums[f"{name}_{MEAN}"])
                    / float(predicted_sd(sums[f"{name}_{VARIANCE}"]))
                    for name in SUMS
                ]
                points = sums["total_predicted"] - sums["total_true"]
                yield (patient, limb_counts(chosen), points, *errors)
