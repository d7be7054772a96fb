"""Both pipelines to a score of the hands on the same patients: sums of joints, and the whole image.

The two do not measure one thing: the joint pipeline scores fingers only (0 to 172 for both hands),
the whole-image pipeline the total with the wrists (0 to 280). They are compared on one scale by a
line from sums of finger scores to totals, fitted on the true values of training patients. Only
patients who are test patients of both pipelines are compared. How to compare is ours; neither paper
does.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sharpflow.anatomy import LIMBS, MAX_SCORE, BodyPart, Damage, scored_joints
from sharpflow.errors import UserError
from sharpflow.evaluation.agreement import (
    BIAS,
    ICC,
    LOWER_LIMIT,
    MAE,
    PCC,
    RMSE,
    UPPER_LIMIT,
    Measure,
    pair_sums,
    pcc_of,
    with_intervals,
)
from sharpflow.evaluation.intervals import PLAIN, mean_of
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

Missing = Literal["scaled", "zero"]

HANDS = tuple(limb.code for limb in LIMBS.values() if limb.body_part is BodyPart.HAND)
# A finger site: limb, joint, damage -> the most it can score.
FINGER_SITES: Mapping[tuple[str, str, str], int] = {
    (limb, joint.name, damage.value): MAX_SCORE[BodyPart.HAND, damage]
    for limb in HANDS
    for damage in Damage
    for joint in scored_joints(BodyPart.HAND, damage)
}
MOST_FINGERS = sum(FINGER_SITES.values())  # 172

_LOWEST_PCC = 0.7  # fingers make up most of a total; less, and the names may not match

# Pipeline -> (truth, prediction), columns of `ComparedPatients.table`.
PIPELINES: Mapping[str, tuple[str, str]] = {
    "joint-sum": ("true_joints", "predicted_joints"),
    "joint-total": ("true_total", "joint_total"),
    "whole-image": ("true_total", "whole_total"),
    "true-joint-total": ("true_total", "true_joint_total"),
    "constant": ("true_total", "constant_total"),
}
THIRDS = ("all", "lower", "middle", "upper")
MEASURES: Mapping[str, Measure] = {
    "pcc": PCC,
    "mae": MAE,
    "rmse": RMSE,
    "icc": ICC,
    "bias": BIAS,
    "lower_limit": LOWER_LIMIT,
    "upper_limit": UPPER_LIMIT,
}


@dataclass(frozen=True)
class ComparedPatients:
    """The compared patients, and how their numbers came about.

    Attributes: table: a row a patient: patient, true_joints (true finger scores, both hands, 0 to
        172), predicted_joints (the joint pipeline's), share_scored (share of the 172 points whose
        sites were scored), true_total (0 to 280), joint_total (the line of predicted_joints),
        whole_total (the whole-image pipeline's), true_joint_total (the line of true_joints: what
        perfect finger scores would give), constant_total (training patients' median total), third
        ("lower", "middle", "upper" of the true totals). slope: of the line total = intercept +
        slope * finger sum. intercept: of the line, in points. n_fitted: training patients it was
        fitted on. fitted_pcc: correlation of their true finger sums and totals. missing: how sites
        without a predicted score were counted. left_out: why test patients of both are not compared
        -> how many.
    """

    table: "pd.DataFrame"
    slope: float
    intercept: float
    n_fitted: int
    fitted_pcc: float
    missing: Missing
    left_out: Mapping[str, int]


def compare_patients(
    joints: "pd.DataFrame",
    whole: "pd.DataFrame",
    scores: "pd.DataFrame",
    joint_split: "pd.DataFrame",
    *,
    missing: Missing = "scaled",
) -> ComparedPatients:
    """Put both pipelines' numbers side by side for the patients that are test patients of both.

    Args:
        joints: the joint pipeline's scores as `joints.scoring.scores.score_joints` gives them:
            patient, limb, joint, erosion_predicted, narrowing_predicted; feet are left alone.
        whole: a whole-image row's predictions of totals, all splits: image_id, patient, split,
            true, predicted.
        scores: true scores: patient, limb, joint, damage, score.
        joint_split: the joint pipeline's split: patient, split.
        missing: sites without a predicted score: "scaled", the sum is divided by the share of the
            172 points that the scored sites could hold (a patient without any scored site gets the
            training patients' mean sum); "zero", they count as undamaged.

    Returns:
        The compared patients, sorted; none when no patient is in both tests.

    Raises:
        UserError: there are patients to compare but the line has no training patients to be
            fitted on, or all of these have one finger sum.
    """
    true_joints = _true_finger_sums(scores)
    split = joint_split.drop_duplicates("patient").set_index("patient")["split"]
    training = _training(whole, split, true_joints)
    tested, left_out = _tested(whole, split, true_joints)
    if not len(tested):
        log.warning("no patient is a test patient of both pipelines: nothing to compare")
    slope, intercept = _line(training) if len(tested) else (float("nan"), float("nan"))
    pairs = pair_sums(training["true_joints"], training["true_total"])
    fitted_pcc = float(pcc_of(pairs.sum(axis=0)))
    if fitted_pcc < _LOWEST_PCC:
        log.warning(
            "true finger sums and true totals of the training patients correlate by only %.2f: "
            "do the joint and the whole-image cohort mean the same persons by the same name?",
            fitted_pcc,
        )
    predicted, share = _predicted_finger_sums(joints, list(tested.index))
    if missing == "scaled":
        known = share > 0
        predicted = (predicted / share.where(known)).where(known, training["true_joints"].mean())
    table = tested.assign(predicted_joints=predicted, share_scored=share)
    table["joint_total"] = intercept + slope * table["predicted_joints"]
    table["true_joint_total"] = intercept + slope * table["true_joints"]
    table["constant_total"] = float(training["true_total"].median())
    table["third"] = _thirds(table["true_total"])
    for reason, count in left_out.items():
        if count:
            log.warning("%d test patients of both pipelines not compared: %s", count, reason)
    return ComparedPatients(
        table.sort_index().rename_axis("patient").reset_index(),
        slope,
        intercept,
        len(training),
        fitted_pcc,
        missing,
        left_out,
    )


def pipelines_table(
    compared: ComparedPatients, *, data: str, seed: int, resamples: int = 2000
) -> "pd.DataFrame":
    """tables/pipelines.csv: how far each pipeline agrees with the truth, in all and by third.

    Args:
        compared: what `compare_patients` gave.
        data: "phantom" or the cohort's name.
        seed: the study's.
        resamples: number of resamples.

    Returns: A row for each third ("all", "lower", "middle", "upper" of the true totals) and
        pipeline: "joint-sum" (finger sums against true finger sums), "joint-total" (their line
        against the total), "whole-image", "true-joint-total" (what perfect finger scores would
        give), "constant" (always the training patients' median). Columns third, pipeline, data, n,
        total_from and total_to (the third's true totals), pcc, mae, rmse, icc, bias (predicted -
        true), lower_limit, upper_limit (Bland and Altman's 95% limits of agreement), each with _low
        and _high; and in the rows of "whole-image" mae_difference (its mean absolute error less
        that of "joint-total", on the same patients), _low, _high, better ("whole-image",
        "joint-total" or "not told apart", when the interval holds 0).
    """
    import pandas as pd

    stream = seed_for(seed, "intervals", "routes")  # seeds keep their old names
    rows = []
    for third in THIRDS:
        table = compared.table
        part = table if third == "all" else table[table["third"] == third]
        patients = part["patient"].tolist()
        common = {
            "data": data,
            "n": len(part),
            "total_from": part["true_total"].min(),
            "total_to": part["true_total"].max(),
        }
        for pipeline, (truth, prediction) in PIPELINES.items():
            parts = pair_sums(part[truth], part[prediction])
            found = with_intervals(patients, parts, MEASURES, seed=stream, resamples=resamples)
            row = {"third": third, "pipeline": pipeline} | common | found
            if pipeline == "whole-image":
                row |= _difference(part, stream, resamples)
            rows.append(row)
    return pd.DataFrame(rows)


def _difference(part: "pd.DataFrame", seed: int, resamples: int) -> dict[str, float | str]:
    """The whole-image pipeline's mean absolute error less the joint pipeline's."""
    errors = [
        (part[prediction] - part[truth]).abs().to_numpy(float)
        for truth, prediction in (PIPELINES["whole-image"], PIPELINES["joint-total"])
    ]
    parts = np.stack([errors[0] - errors[1], np.ones(len(part))], axis=1)
    name = "mae_difference"
    patients = part["patient"].tolist()
    measure = Measure(mean_of, PLAIN)
    found = with_intervals(patients, parts, {name: measure}, seed=seed, resamples=resamples)
    if found[f"{name}_high"] < 0:
        better = "whole-image"
    elif found[f"{name}_low"] > 0:
        better = "joint-total"
    else:
        better = "not told apart"
    return {**found, "better": better}


def _true_finger_sums(scores: "pd.DataFrame") -> "pd.Series[float]":
    """Sum of the true finger scores of both hands; only patients with all 38 of them."""
    keys = zip(scores["limb"], scores["joint"], scores["damage"], strict=True)
    due = scores[np.array([key in FINGER_SITES for key in keys], bool) & scores["score"].notna()]
    due = due.drop_duplicates(["patient", "limb", "joint", "damage"])
    groups = due.groupby("patient")["score"]
    return groups.sum()[groups.size() == len(FINGER_SITES)].astype(float)


def _predicted_finger_sums(
    joints: "pd.DataFrame", patients: list[str]
) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Sum of the predicted finger scores, and the share of the 172 points they could hold."""
    import pandas as pd

    sums = pd.Series(0.0, index=patients)
    possible = pd.Series(0.0, index=patients)
    for damage in Damage:
        predicted = joints[f"{damage.value}_predicted"]
        keys = zip(joints["limb"], joints["joint"], strict=True)
        sites = np.array([(*key, damage.value) in FINGER_SITES for key in keys], bool)
        rows = joints[sites & predicted.notna()]
        groups = rows.groupby("patient")[f"{damage.value}_predicted"]
        most = MAX_SCORE[BodyPart.HAND, damage]
        sums += groups.sum().reindex(patients, fill_value=0).astype(float)
        possible += groups.size().reindex(patients, fill_value=0).astype(float) * most
    return sums, possible / MOST_FINGERS


def _totals(whole: "pd.DataFrame", split: str) -> "pd.DataFrame":
    """true_total and whole_total by patient, of patients with one radiograph in the split."""
    rows = whole[whole["split"] == split]
    rows = rows[~rows["patient"].duplicated(keep=False)].set_index("patient")
    names = {"true": "true_total", "predicted": "whole_total"}
    return rows[list(names)].rename(columns=names).astype(float)


def _training(
    whole: "pd.DataFrame", split: "pd.Series[str]", true_joints: "pd.Series[float]"
) -> "pd.DataFrame":
    """True finger sums and totals of patients who train both pipelines."""
    table = _totals(whole, "train").assign(true_joints=true_joints)
    shared = table.index.isin(split.index[split == "train"])
    return table[shared & table["true_joints"].notna()]


def _tested(
    whole: "pd.DataFrame", split: "pd.Series[str]", true_joints: "pd.Series[float]"
) -> tuple["pd.DataFrame", dict[str, int]]:
    """True values and the whole-image pipeline's of the test patients of both; who is left out."""
    both = set(split.index[split == "test"]) & set(whole.loc[whole["split"] == "test", "patient"])
    table = _totals(whole, "test").assign(true_joints=true_joints)
    table = table[table.index.isin(both)]
    complete = table[table["true_joints"].notna()]
    left_out = {
        "more than one whole-image radiograph": len(both) - len(table),
        "a true finger score lacks": len(table) - len(complete),
    }
    return complete, left_out


def _line(training: "pd.DataFrame") -> tuple[float, float]:
    """Slope and intercept of the least-squares line from finger sums to totals."""
    sums = training["true_joints"].to_numpy(float)
    if len(sums) < 2 or np.ptp(sums) == 0:
        raise UserError(
            f"{len(sums)} patients with complete finger scores and one image train both pipelines; "
            "expected at least two, with unlike sums, to fit the line from finger sums to totals. "
            "Give the whole-image cohort the joint cohort's split."
        )
    slope, intercept = np.polyfit(sums, training["true_total"].to_numpy(float), 1)
    return float(slope), float(intercept)


def _thirds(totals: "pd.Series[float]") -> list[str]:
    """The third each total falls into; equal totals fall together, so sizes may differ."""
    if not len(totals):
        return []
    first, second = np.quantile(totals, [1 / 3, 2 / 3])
    return ["lower" if x <= first else "middle" if x <= second else "upper" for x in totals]
