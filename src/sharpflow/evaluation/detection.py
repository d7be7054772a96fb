"""How many joints the detector found, and how many got their right name."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.evaluation.intervals import patient_sums
from sharpflow.evaluation.proportions import share_interval
from sharpflow.joints.identification.rules import RULES

Boxes = NDArray[np.float64]
MIN_IOU = 0.5  # of a true box and a box that found it


def box_iou(first: Boxes, second: Boxes) -> Boxes:
    """Intersection over union of each box of (n, 4) with each of (m, 4): (n, m), 0 to 1."""
    first, second = first.reshape(-1, 1, 4), second.reshape(1, -1, 4)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clip(0).prod(axis=2)
    union = _area(first) + _area(second) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def _area(boxes: Boxes) -> Boxes:
    return np.asarray((boxes[..., 2:] - boxes[..., :2]).clip(0).prod(axis=-1))


def match_boxes(true: Boxes, found: Boxes) -> NDArray[np.intp]:
    """Pair true and found boxes one to one, by an IoU of at least 0.5, as many as possible.

    Args:
        true: (n, 4): x_min, y_min, x_max, y_max.
        found: (m, 4), likewise.

    Returns:
        (pairs, 2): row of `true` and row of `found`, sorted by `true`.
    """
    overlap = box_iou(true, found)
    # A pair counts 1 and its overlap far less: first as many pairs as possible, then the closest.
    gain = np.where(overlap >= MIN_IOU, 1.0 + overlap / (1 + overlap.size), 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    paired = gain[rows, columns] > 0
    return np.stack([rows[paired], columns[paired]], axis=1)


def judge_joints(truth: pd.DataFrame, boxes: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """Whether each true joint was found, and rightly named by each rule.

    Args:
        truth: image_id, joint, x_min, y_min, x_max, y_max.
        boxes: the detector's boxes: image_id, x_min, y_min, x_max, y_max.
        named: those of them that got a name: image_id, rule, joint and the same coordinates.

    Returns:
        image_id, joint, found (bool), box (row number in `boxes`, -1 if not found) and for each
        rule a bool column named_<rule>: found, and this box has the right name.
    """
    judged = _matched_boxes(truth, boxes)
    judged["found"] = judged["box"] >= 0
    keys = _keys(boxes)
    for rule in RULES:
        given = named[named["rule"] == rule]
        names = dict(zip(_keys(given), given["joint"], strict=True))
        judged[f"named_{rule}"] = [
            box >= 0 and names.get(keys[box]) == joint
            for box, joint in zip(judged["box"], judged["joint"], strict=True)
        ]
    return judged


def _matched_boxes(truth: pd.DataFrame, boxes: pd.DataFrame) -> pd.DataFrame:
    """image_id, joint, box: the row number in `boxes` of the box matched to it, or -1."""
    boxes_of = dict(tuple(boxes.reset_index(drop=True).groupby("image_id")))
    parts = []
    for image_id, joints in truth.groupby("image_id", sort=True):
        part = joints[["image_id", "joint"]].assign(box=-1)
        if image_id in boxes_of:
            found = boxes_of[image_id]
            pairs = match_boxes(_corners(joints), _corners(found))
            matched = part["box"].to_numpy().copy()
            matched[pairs[:, 0]] = found.index.to_numpy()[pairs[:, 1]]
            part["box"] = matched
        parts.append(part)
    if not parts:
        return truth[["image_id", "joint"]].assign(box=-1)
    return pd.concat(parts, ignore_index=True)


def detection_table(
    truth: pd.DataFrame,
    boxes: pd.DataFrame,
    named: pd.DataFrame,
    radiographs: pd.DataFrame,
    split: pd.DataFrame,
    *,
    boxed: Collection[str],
    data: str,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """tables/detection.csv: a row for each body part and rule, on test patients' radiographs.

    Args:
        truth: as for `judge_joints`, also with names (the source of the joints' names).
        boxes: as for `judge_joints`.
        named: as for `judge_joints`.
        radiographs: image_id, patient, body_part.
        split: patient, split.
        boxed: image_ids with hand-drawn boxes, whether or not their joints have true names.
        data: "phantom" or the cohort's name.
        resamples: of the bootstrap by patient.
        seed: of the bootstrap by patient.

    Returns:
        limb (body part), rule, data, truth (source of the true names: "phantom", "given",
        "template", "given and template" or "none"), n_patients, n_radiographs,
        n_radiographs_left_out (with boxes, but without true names), n_joints; found and named_right
        as fractions of all true joints, also of radiographs left unnamed, with _low and _high of
        their 95% intervals; radiographs_complete: fraction of radiographs whose joints are all
        rightly named. Where no test radiograph of a body part has true names, n_joints is 0 and the
        fractions are missing.
    """
    body_parts = sorted(radiographs["body_part"].unique(), reverse=True)  # hand, then foot
    tested = radiographs.merge(split, on="patient")
    tested = tested[tested["split"] == "test"]
    has_truth = tested["image_id"].isin(truth["image_id"])
    left_out = tested[tested["image_id"].isin(list(boxed)) & ~has_truth]["body_part"].value_counts()
    tested = tested[has_truth]
    names_of = truth.groupby("image_id")["names"].first()
    judged = judge_joints(truth[truth["image_id"].isin(tested["image_id"])], boxes, named)
    judged = judged.merge(tested[["image_id", "patient", "body_part"]], on="image_id")
    rows = []
    for body_part in body_parts:
        joints = judged[judged["body_part"] == body_part]
        for rule in RULES:
            names = sorted(joints["image_id"].map(names_of).unique())
            truth_of = " and ".join(names) or "none"
            row = {"limb": body_part, "rule": rule, "data": data, "truth": truth_of}
            row |= {
                "n_patients": joints["patient"].nunique(),
                "n_radiographs": joints["image_id"].nunique(),
                "n_radiographs_left_out": int(left_out.get(body_part, 0)),
                "n_joints": len(joints),
            }
            right = joints[f"named_{rule}"]
            for name, hits in (("found", joints["found"]), ("named_right", right)):
                row[name] = hits.mean()
                row[f"{name}_low"], row[f"{name}_high"] = _interval(
                    joints["patient"].tolist(), hits.to_numpy(), resamples, seed
                )
            row["radiographs_complete"] = right.groupby(joints["image_id"]).all().mean()
            rows.append(row)
    return pd.DataFrame(rows)


def _corners(table: pd.DataFrame) -> Boxes:
    return table[BOX_COLUMNS].to_numpy(dtype=float)


def _keys(boxes: pd.DataFrame) -> list[tuple[str, float, float, float, float]]:
    """What tells a box from all others: its radiograph and its corners."""
    return list(boxes[["image_id", *BOX_COLUMNS]].itertuples(index=False, name=None))


def _interval(
    patients: Sequence[str], hits: NDArray[np.bool_], resamples: int, seed: int
) -> tuple[float, float]:
    values = np.stack([hits.astype(float), np.ones(len(hits))], axis=1)
    _, sums = patient_sums(patients, values)
    return share_interval(sums[:, 0], sums[:, 1], resamples=resamples, seed=seed)
