"""Scores for radiographs: each joint's scores and each patient's sums (Tan et al., section 2.5).

The paper's last step gives "the individual joint scores and overall scores". Its models score
fingers and toes only, so its sums hold no wrist sites; ours neither, and the tables say so.
A joint that was not found stays in the table, without a prediction.
"""

from collections.abc import Mapping

import pandas as pd

from sharpflow.anatomy import LIMBS, MODELS, Damage, scored_joints
from sharpflow.errors import UserError

BOX = ["x_min", "y_min", "x_max", "y_max"]
SCORED, NOT_FOUND, NOT_SCORED = "scored", "not found", "not scored"
_KEY = ["image_id", "joint"]
_JOINT_COLUMNS = [
    *("image_id", "patient", "limb", "joint"),
    *("erosion_true", "erosion_predicted", "narrowing_true", "narrowing_predicted"),
    *("confidence", *BOX, "state"),
]
_DAMAGES = [damage.value for damage in Damage]


def score_joints(
    due: pd.DataFrame,
    joints: pd.DataFrame,
    predictions: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame | None,
    placements: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row for each joint that is to be scored, found or not.

    Args: due: the finger and toe joints to score: image_id, patient, limb, joint. joints: named
        boxes, one naming rule only: image_id, joint, confidence, x_min, y_min, x_max, y_max in
        pixels of the standardized radiograph. predictions: for each model ("erosion-hand" and so
        on) image_id, joint, predicted, on found joints; a model may lack when its body part does.
        scores: true scores: patient, limb, joint, damage, score; None for radiographs without
        scores. placements: image_id, scale, x_offset, y_offset (standard_x = radiograph_x * scale +
        x_offset). Given, the boxes become pixels of the radiograph as it came; else they stay as
        they are.

    Returns:
        image_id, patient, limb, joint, erosion_true, erosion_predicted, narrowing_true,
        narrowing_predicted (whole numbers, blank where there is none), confidence (0 to 1),
        x_min..y_max, state: "scored", "not found" (no box has this name), or "not scored" (a box
        but not all its predictions). In the order of `due`.

    Raises:
        UserError: a radiograph has two boxes or two predictions for a joint.
    """
    table = due[["image_id", "patient", "limb", "joint"]]
    _refuse_twice(joints, "named boxes")
    table = table.merge(joints[[*_KEY, "confidence", *BOX]], how="left", on=_KEY)
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
    if placements is not None:
        table = to_radiograph_pixels(table, placements)
    return table[_JOINT_COLUMNS]


def total_scores(joints: pd.DataFrame) -> pd.DataFrame:
    """Sums over fingers and toes for each patient, from what `score_joints` gave.

    Returns: patient; erosion_true, erosion_predicted, narrowing_true, narrowing_predicted,
        total_true, total_predicted: sums over the joints in state "scored";
        erosion_true_all_joints, narrowing_true_all_joints, total_true_all_joints: over all finger
        and toe joints of the patient's radiographs, found or not; joints_scored; joints_expected
        (32 with four radiographs); wrist_sites: "not included". True sums are blank where a joint
        of the sum has no true score.
    """
    scored = joints[joints["state"] == SCORED]
    patients = list(dict.fromkeys(joints["patient"]))
    totals = pd.DataFrame(index=pd.Index(patients, name="patient"))
    for damage in _DAMAGES:
        totals[f"{damage}_true"] = _true_sum(scored, damage, patients)
        predicted = scored.groupby("patient")[f"{damage}_predicted"].sum()
        totals[f"{damage}_predicted"] = predicted.reindex(patients, fill_value=0)
    for kind in ("true", "predicted"):
        totals[f"total_{kind}"] = totals[f"erosion_{kind}"] + totals[f"narrowing_{kind}"]
    for damage in _DAMAGES:
        totals[f"{damage}_true_all_joints"] = _true_sum(joints, damage, patients)
    totals["total_true_all_joints"] = (
        totals["erosion_true_all_joints"] + totals["narrowing_true_all_joints"]
    )
    totals["joints_scored"] = scored.groupby("patient").size().reindex(patients, fill_value=0)
    totals["joints_expected"] = joints.groupby("patient").size().reindex(patients)
    totals["wrist_sites"] = "not included"
    return totals.reset_index()


def to_radiograph_pixels(boxes: pd.DataFrame, placements: pd.DataFrame) -> pd.DataFrame:
    """Take boxes from pixels of the standardized radiograph to pixels of the radiograph as it came.

    Args:
        boxes: image_id, x_min, y_min, x_max, y_max.
        placements: image_id, scale, x_offset, y_offset, once for each radiograph.

    Raises:
        UserError: a boxed radiograph has no placement.
    """
    place = placements.drop_duplicates("image_id").set_index("image_id")
    boxed = boxes["x_min"].notna()
    unknown = sorted(set(boxes.loc[boxed, "image_id"]) - set(place.index))
    if unknown:
        raise UserError(
            f"no scale and offset for {', '.join(unknown[:5])}: expected a row for each image in "
            "the tables of the standardized shards; standardize these radiographs again"
        )
    place = place.reindex(boxes["image_id"])
    boxes = boxes.copy()
    for name in BOX:
        offset = place[f"{name[0]}_offset"].to_numpy()
        boxes[name] = (boxes[name].to_numpy() - offset) / place["scale"].to_numpy()
    return boxes


def _add_true(table: pd.DataFrame, scores: pd.DataFrame | None, damage: Damage) -> pd.DataFrame:
    name = f"{damage.value}_true"
    if scores is None:
        return table.assign(**{name: pd.array([None] * len(table), dtype="Int64")})
    key = ["patient", "limb", "joint"]
    true = scores[scores["damage"] == damage.value][[*key, "score"]]
    table = table.merge(true.rename(columns={"score": name}), how="left", on=key)
    return table.astype({name: "Int64"})


def _has_score(table: pd.DataFrame, damage: Damage) -> "pd.Series[bool]":
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
        complete &= predicted | ~_has_score(table, damage)
    return complete


def _true_sum(joints: pd.DataFrame, damage: str, patients: list[str]) -> "pd.Series[int]":
    """Sum of true scores for each patient; blank where one that should be there lacks."""
    due = joints[_has_score(joints, Damage(damage))]
    groups = due.groupby("patient")[f"{damage}_true"]
    sums = groups.sum().where(groups.count() == groups.size())
    known = sums.reindex(patients)
    none_due = ~known.index.isin(due["patient"])
    return known.mask(none_due, 0).astype("Int64")


def _refuse_twice(table: pd.DataFrame, what: str) -> None:
    twice = table[table.duplicated(_KEY)]
    if len(twice):
        image_id, joint = twice.iloc[0][_KEY]
        raise UserError(
            f"{what}: {image_id} has joint {joint} more than once ({len(twice)} such rows); "
            "expected one row a joint: give the rows of one naming rule, of detected crops only"
        )
