"""Both pipelines' scores of the hands, side by side for the visits of patients whom both test.

The pipelines do not measure the same thing: the joint pipeline scores the fingers only (0 to 172
for both hands), the whole-image pipeline the total of both hands with the wrists (0 to 280). A line
from sums of finger scores to totals, fitted on the true values of training patients, brings them to
one scale. This way of comparing is ours; neither paper compares the two.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sharpflow.anatomy import LIMBS, MAX_SCORE, BodyPart, Damage, scored_joints
from sharpflow.errors import UserError
from sharpflow.evaluation.agreement import pair_sums, pcc_of

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

HANDS = tuple(limb.code for limb in LIMBS.values() if limb.body_part is BodyPart.HAND)
# A finger site: limb, joint, damage -> the most it can score.
FINGER_SITES: Mapping[tuple[str, str, str], int] = {
    (limb, joint.name, damage.value): MAX_SCORE[BodyPart.HAND, damage]
    for limb in HANDS
    for damage in Damage
    for joint in scored_joints(BodyPart.HAND, damage)
}
MAX_FINGER_SUM = sum(FINGER_SITES.values())  # 172

# Finger scores make up most of a total. If the two correlate less than this, the same name may
# stand for different persons in the two cohorts.
_LOWEST_PCC = 0.7
_VISIT = ["patient", "visit"]


@dataclass(frozen=True)
class ComparedPatients:
    """The compared patients, and how their values were obtained.

    Attributes:
        table: a row a visit of a patient:
            patient, visit;
            true_joints: sum of the true finger scores of both hands, 0 to 172;
            predicted_joints: the joint pipeline's sum;
            share_scored: share of the 172 points whose sites were scored;
            true_total: 0 to 280;
            joint_total: predicted_joints on the scale of totals, by the line;
            whole_image_total: the whole-image pipeline's total;
            true_joint_total: true_joints on the scale of totals, as from perfect finger scores;
            constant_total: the training patients' median total;
            third: "lower", "middle" or "upper" third of the true totals.
        slope: of the line total = intercept + slope * finger sum.
        intercept: of the line, in points.
        n_fitted: training patients' visits on which the line was fitted.
        fitted_pcc: correlation of their true finger sums and totals.
        left_out: why visits of test patients of both pipelines are not compared -> how many.
    """

    table: "pd.DataFrame"
    slope: float
    intercept: float
    n_fitted: int
    fitted_pcc: float
    left_out: Mapping[str, int]

    @property
    def mean_share_scored(self) -> float:
        """Mean over patients of the share of points whose sites were scored; NaN without any."""
        return float(self.table["share_scored"].mean())


def compare_patients(
    joints: "pd.DataFrame",
    whole_image_predictions: "pd.DataFrame",
    scores: "pd.DataFrame",
    joint_split: "pd.DataFrame",
) -> ComparedPatients:
    """Put both pipelines' scores side by side for the test patients of both.

    A finger sum is divided by the share of the 172 points that its scored sites can hold; a visit
    without a scored site gets the training patients' mean sum.

    Args:
        joints: the joint pipeline's scores, from `joints.scoring.scores.score_joints`: patient,
            visit, limb, joint, erosion_predicted, narrowing_predicted; feet are ignored.
        whole_image_predictions: an experiment's predicted totals, all splits: image_id, patient,
            visit, split, true, predicted.
        scores: true scores: patient, visit, limb, joint, damage, score.
        joint_split: the joint pipeline's split: patient, split.

    Returns:
        The compared visits, sorted by patient; none if no patient is in both test sets.

    Raises:
        UserError: there are patients to compare, but fewer than two training patients to fit the
            line on, or all of these have the same finger sum.
    """
    true_joints = _true_finger_sums(scores)
    split = joint_split.drop_duplicates("patient").set_index("patient")["split"]
    training = _training(whole_image_predictions, split, true_joints)
    tested, left_out = _tested(whole_image_predictions, split, true_joints)
    if not len(tested):
        log.warning("no patient is a test patient of both pipelines: nothing to compare")
    slope, intercept = _fit_line(training) if len(tested) else (float("nan"), float("nan"))
    table = tested.assign(**_predicted_finger_sums(joints, tested.index, training["true_joints"]))
    table["joint_total"] = intercept + slope * table["predicted_joints"]
    table["true_joint_total"] = intercept + slope * table["true_joints"]
    table["constant_total"] = float(training["true_total"].median())
    table["third"] = _thirds(table["true_total"])
    for reason, count in left_out.items():
        if count:
            log.warning("%d visits of test patients not compared: %s", count, reason)
    return ComparedPatients(
        table.sort_index().rename_axis(_VISIT).reset_index(),
        slope,
        intercept,
        len(training),
        _checked_correlation(training),
        left_out,
    )


def finger_line(
    whole_image_predictions: "pd.DataFrame", scores: "pd.DataFrame", joint_split: "pd.DataFrame"
) -> tuple[float, float] | None:
    """Slope and intercept of the line from finger sums to totals.

    Arguments as for `compare_patients`. None where there are too few patients to fit it on.
    """
    split = joint_split.drop_duplicates("patient").set_index("patient")["split"]
    training = _training(whole_image_predictions, split, _true_finger_sums(scores))
    can_fit = len(training) > 1 and np.ptp(training["true_joints"]) > 0
    return _fit_line(training) if can_fit else None


def _true_finger_sums(scores: "pd.DataFrame") -> "pd.Series[float]":
    """Sum of the true finger scores of both hands by visit; only visits with all 38 of them."""
    keys = zip(scores["limb"], scores["joint"], scores["damage"], strict=True)
    due = scores[np.array([key in FINGER_SITES for key in keys], bool) & scores["score"].notna()]
    due = due.drop_duplicates([*_VISIT, "limb", "joint", "damage"])
    groups = due.groupby(_VISIT)["score"]
    return groups.sum()[groups.size() == len(FINGER_SITES)].astype(float)


def _predicted_finger_sums(
    joints: "pd.DataFrame", visits: "pd.Index[Any]", training_sums: "pd.Series[float]"
) -> dict[str, "pd.Series[float]"]:
    """predicted_joints and share_scored of `visits`, which are their index."""
    import pandas as pd

    sums = pd.Series(0.0, index=visits)
    possible = pd.Series(0.0, index=visits)
    for damage in Damage:
        predicted = joints[f"{damage.value}_predicted"]
        keys = zip(joints["limb"], joints["joint"], strict=True)
        sites = np.array([(*key, damage.value) in FINGER_SITES for key in keys], bool)
        rows = joints[sites & predicted.notna()]
        groups = rows.groupby(_VISIT)[f"{damage.value}_predicted"]
        most = MAX_SCORE[BodyPart.HAND, damage]
        sums += groups.sum().reindex(sums.index, fill_value=0).astype(float)
        possible += groups.size().reindex(sums.index, fill_value=0).astype(float) * most
    share = possible / MAX_FINGER_SUM
    has_score = share > 0
    scaled = (sums / share.where(has_score)).where(has_score, training_sums.mean())
    return {"predicted_joints": scaled, "share_scored": share}


def _true_and_predicted_totals(
    whole_image_predictions: "pd.DataFrame", split: str
) -> "pd.DataFrame":
    """true_total and whole_image_total by visit, of visits with one radiograph in the split."""
    rows = whole_image_predictions[whole_image_predictions["split"] == split]
    rows = rows[~rows.duplicated(_VISIT, keep=False)].set_index(_VISIT)
    names = {"true": "true_total", "predicted": "whole_image_total"}
    return rows[list(names)].rename(columns=names).astype(float)


def _training(
    whole_image_predictions: "pd.DataFrame",
    split: "pd.Series[str]",
    true_joints: "pd.Series[float]",
) -> "pd.DataFrame":
    """True finger sums and totals of the training patients of both pipelines."""
    table = _true_and_predicted_totals(whole_image_predictions, "train")
    table = table.assign(true_joints=true_joints.reindex(table.index))
    shared = table.index.get_level_values("patient").isin(split.index[split == "train"])
    return table[shared & table["true_joints"].notna()]


def _tested(
    whole_image_predictions: "pd.DataFrame",
    split: "pd.Series[str]",
    true_joints: "pd.Series[float]",
) -> tuple["pd.DataFrame", dict[str, int]]:
    """True values and whole-image totals of the test patients of both, and who is left out."""
    tested = whole_image_predictions[whole_image_predictions["split"] == "test"]
    tested = tested[tested["patient"].isin(split.index[split == "test"])]
    visits = len(tested.drop_duplicates(_VISIT))
    table = _true_and_predicted_totals(tested, "test")
    table = table.assign(true_joints=true_joints.reindex(table.index))
    complete = table[table["true_joints"].notna()]
    left_out = {
        "more than one whole-image radiograph": visits - len(table),
        "a true finger score is missing": len(table) - len(complete),
    }
    return complete, left_out


def _fit_line(training: "pd.DataFrame") -> tuple[float, float]:
    """Slope and intercept of the least-squares line from finger sums to totals."""
    sums = training["true_joints"].to_numpy(float)
    if len(sums) < 2 or np.ptp(sums) == 0:
        raise UserError(
            f"{len(sums)} visits with complete finger scores and one radiograph train both "
            "pipelines; expected at least two, with different finger sums, to fit the line from "
            "finger sums to totals. Give the whole-image cohort the joint cohort's split."
        )
    slope, intercept = np.polyfit(sums, training["true_total"].to_numpy(float), 1)
    return float(slope), float(intercept)


def _checked_correlation(training: "pd.DataFrame") -> float:
    """Correlation of the training patients' finger sums and totals; warns if it is too low."""
    pairs = pair_sums(training["true_joints"], training["true_total"])
    pcc = float(pcc_of(pairs.sum(axis=0)))
    if pcc < _LOWEST_PCC:
        log.warning(
            "true finger sums and true totals of the training patients correlate by only %.2f: "
            "does a name mean the same person in the joint and the whole-image cohort?",
            pcc,
        )
    return pcc


def _thirds(totals: "pd.Series[float]") -> list[str]:
    """The third of each total; equal totals are in the same third, so sizes may differ."""
    if not len(totals):
        return []
    first, second = np.quantile(totals, [1 / 3, 2 / 3])
    return ["lower" if x <= first else "middle" if x <= second else "upper" for x in totals]
