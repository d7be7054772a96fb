"""Scores of each joint and sums of each patient, from predictions (Tan et al., section 2.5).

The paper's last step gives "the individual joint scores and overall scores". Its models score
fingers and toes only, so neither its sums nor ours contain wrist sites, and the tables say so.
A joint that was not found stays in the table, without a prediction.
"""

from collections.abc import Mapping

import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, LIMBS, MODELS, Damage, scored_joints
from sharpflow.cohorts.scores import LONG_COLUMNS
from sharpflow.errors import UserError

SCORED, NOT_FOUND, NOT_SCORED = "scored", "not found", "not scored"
NO_SCORES = pd.DataFrame(columns=LONG_COLUMNS)
_KEY = ["image_id", "joint"]
_VISIT = ["patient", "visit"]
_JOINT_COLUMNS = [
    *("image_id", *_VISIT, "limb", "joint"),
    *("erosion_true", "erosion_predicted", "narrowing_true", "narrowing_predicted"),
    *("confidence", *BOX_COLUMNS, "state"),
]
_DAMAGES = [damage.value for damage in Damage]


def score_test_joints(
    joints: pd.DataFrame,
    named: pd.DataFrame,
    predictions: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame,
    *,
    rule: str,
) -> pd.DataFrame:
    """scores/joints.csv: `score_joints` of the test joints, so that no training joint is reported.

    Args:
        joints: every finger and toe joint: image_id, patient, visit, limb, joint, split.
        named: named boxes of all rules: rule and the columns of `score_joints`' `joints`.
        predictions: for each model split and the columns of `score_joints`' `predictions`.
        scores: as for `score_joints`.
        rule: the rule of joint identification whose names are used.

    Returns:
        What `score_joints` returns.
    """
    return score_joints(
        joints[joints["split"] == "test"],
        named[named["rule"] == rule],
        {model: table[table["split"] == "test"] for model, table in predictions.items()},
        scores,
    )


def score_joints(
    due: pd.DataFrame,
    joints: pd.DataFrame,
    predictions: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each joint that is to be scored, found or not.

    Args:
        due: the finger and toe joints to score: image_id, patient, visit, limb, joint.
        joints: named boxes of a single rule: image_id, joint, confidence, x_min, y_min, x_max,
            y_max in pixels of the standardized radiograph.
        predictions: for each model ("erosion-hand" and so on) image_id, joint, predicted, of joints
            that were found; a model may be missing if its body part is.
        scores: true scores: patient, visit, limb, joint, damage, score; may lack joints.

    Returns:
        image_id, patient, visit, limb, joint, erosion_true, erosion_predicted, narrowing_true,
        narrowing_predicted (whole numbers, blank if unknown), confidence (0 to 1), x_min..y_max,
        state: "scored", "not found" (no box has this name), or "not scored" (a box, but not all its
        predictions). In the order of `due`.

    Raises:
        UserError: a radiograph has two boxes or two predictions for a joint.
    """
    table = due[["image_id", *_VISIT, "limb", "joint"]]
    _refuse_twice(joints, "named boxes")
    table = table.merge(joints[[*_KEY, "confidence", *BOX_COLUMNS]], how="left", on=_KEY)
    found = table["confidence"].notna()
    for damage in Damage:
        table = _add_true(table, scores, damage)
        parts = [
            predictions[model][[*_KEY, "predicted"]]
            for model, (model_damage, _) in MODELS.items()
            if model_damage is damage and model in predictions
        ]
        predicted = pd.concat(parts) if parts else pd.DataFrame(columns=[*_KEY, "predicted"])
        _refuse_twice(predicted, f"{damage.value} predictions")
        name = f"{damage.value}_predicted"
        table = table.merge(predicted.rename(columns={"predicted": name}), how="left", on=_KEY)
        table[name] = table[name].where(found).astype("Int64")
    table["state"] = [
        NOT_FOUND if not is_found else SCORED if is_scored else NOT_SCORED
        for is_found, is_scored in zip(found, _all_predicted(table), strict=True)
    ]
    return table[_JOINT_COLUMNS]


def total_scores(joints: pd.DataFrame) -> pd.DataFrame:
    """scores/totals.csv: sums over fingers and toes for each visit of a patient.

    Args:
        joints: what `score_joints` returned.

    Returns:
        patient, visit; limbs (of the visit's radiographs, as "LH RH LF RF"); the columns of
        `sum_joint_scores`; joints_expected is 32 with four radiographs; wrist_sites: "not
        included".
    """
    limbs = joints.groupby(_VISIT, sort=False)["limb"].agg(
        lambda own: " ".join(limb for limb in LIMBS if limb in set(own))
    )
    totals = sum_joint_scores(joints, _VISIT)
    totals.insert(2, "limbs", limbs.to_numpy())
    return totals.assign(wrist_sites="not included")


def radiograph_scores(joints: pd.DataFrame) -> pd.DataFrame:
    """scores/radiographs.csv: image_id, patient, visit, limb and the columns of `sum_joint_scores`.

    `joints` is what `score_joints` returned.
    """
    return sum_joint_scores(joints, ["image_id", *_VISIT, "limb"])


def sum_joint_scores(joints: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Sums of joint scores, for what has all its joints scored.

    A sum over some of the joints would look like a low total, so it is blank.

    Args:
        joints: what `score_joints` returned.
        key: the columns that say what is summed up, as patient and visit.

    Returns:
        The key; erosion_true, erosion_predicted, narrowing_true, narrowing_predicted, total_true,
        total_predicted: blank if a joint is missing; erosion_true_all_joints,
        narrowing_true_all_joints, total_true_all_joints: true sums, whether the joints were found
        or not; joints_scored (in state "scored"), joints_expected (of the radiographs that there
        are), joints_missing. A true sum is also blank if a joint has no true score. In the order of
        `joints`.
    """
    groups = joints.groupby(key, sort=False, dropna=False)
    expected = groups.size()
    scored = (joints["state"] == SCORED).groupby([joints[name] for name in key], dropna=False)
    missing = expected - scored.sum().reindex(expected.index)
    sums = pd.DataFrame(index=expected.index)
    for damage in _DAMAGES:
        for kind in ("true", "predicted"):
            whole = _sum(joints, f"{damage}_{kind}", Damage(damage), key, expected.index)
            sums[f"{damage}_{kind}"] = whole.mask(missing > 0)
    for kind in ("true", "predicted"):
        sums[f"total_{kind}"] = sums[f"erosion_{kind}"] + sums[f"narrowing_{kind}"]
    for damage in _DAMAGES:
        whole = _sum(joints, f"{damage}_true", Damage(damage), key, expected.index)
        sums[f"{damage}_true_all_joints"] = whole
    sums["total_true_all_joints"] = (
        sums["erosion_true_all_joints"] + sums["narrowing_true_all_joints"]
    )
    sums["joints_scored"] = expected - missing
    sums["joints_expected"] = expected
    sums["joints_missing"] = missing
    return sums.reset_index()


def _add_true(table: pd.DataFrame, scores: pd.DataFrame, damage: Damage) -> pd.DataFrame:
    name = f"{damage.value}_true"
    key = [*_VISIT, "limb", "joint"]
    true = scores[scores["damage"] == damage.value][[*key, "score"]]
    table = table.merge(true.rename(columns={"score": name}), how="left", on=key)
    return table.astype({name: "Int64"})


def has_score(table: pd.DataFrame, damage: Damage) -> "pd.Series[bool]":
    """Whether the scoring method scores this damage at the row's joint (not the thumb's IP)."""
    sites = {
        (limb.code, joint.name)
        for limb in LIMBS.values()
        for joint in scored_joints(limb.body_part, damage)
    }
    pairs = zip(table["limb"], table["joint"], strict=True)
    return pd.Series([pair in sites for pair in pairs], index=table.index, dtype=bool)


def _all_predicted(table: pd.DataFrame) -> "pd.Series[bool]":
    complete = pd.Series(True, index=table.index)
    for damage in Damage:
        predicted = table[f"{damage.value}_predicted"].notna()
        complete &= predicted | ~has_score(table, damage)
    return complete


def _sum(
    joints: pd.DataFrame, column: str, damage: Damage, key: list[str], index: pd.Index
) -> "pd.Series[int]":
    """Sum of a column over the joints that have this damage; blank if one of them is blank."""
    due = joints[has_score(joints, damage)]
    groups = due.groupby(key, dropna=False)[column]
    sums = groups.sum().where(groups.count() == groups.size()).reindex(index)
    return sums.mask(~index.isin(groups.size().index), 0).astype("Int64")


def _refuse_twice(table: pd.DataFrame, what: str) -> None:
    twice = table[table.duplicated(_KEY)]
    if len(twice):
        image_id, joint = twice.iloc[0][_KEY]
        raise UserError(
            f"{what}: {image_id} has joint {joint} more than once ({len(twice)} such rows); "
            "expected one row a joint: give the rows of one naming rule, of detected crops only"
        )
