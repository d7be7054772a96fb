"""How many joints the detector found, and how many got their right name."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sharpflow.evaluation.intervals import patient_sums
from sharpflow.evaluation.proportions import share_interval
from sharpflow.joints.identification.rules import RULES

Boxes = NDArray[np.float64]
BOX_COLUMNS = ["x_min", "y_min", "x_max", "y_max"]


def box_iou(first: Boxes, second: Boxes) -> Boxes:
    """Intersection over union of each box of (n, 4) with each of (m, 4): (n, m), 0-1."""
    first, second = first.reshape(-1, 1, 4), second.reshape(1, -1, 4)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clip(0).prod(axis=2)
    union = _area(first) + _area(second) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def _area(boxes: Boxes) -> Boxes:
    return np.asarray((boxes[..., 2:] - boxes[..., :2]).clip(0).prod(axis=-1))


def match_boxes(true: Boxes, found: Boxes, iou: float = 0.5) -> NDArray[np.intp]:
    """Pairs of true and found boxes, one to one, of at least this IoU: as many as can be.

    Args:
        true: (n, 4) x_min, y_min, x_max, y_max.
        found: (m, 4), likewise.
        iou: least overlap of a pair.

    Returns:
        (pairs, 2) rows of true and of found, sorted by true.
    """
    overlap = box_iou(true, found)
    # A pair counts 1 and its overlap far less: first as many pairs as possible, then the closest.
    worth = np.where(overlap >= iou, 1.0 + overlap / (1 + overlap.size), 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    paired = worth[rows, columns] > 0
    return np.stack([rows[paired], columns[paired]], axis=1)


def judge_joints(
    truth: pd.DataFrame, boxes: pd.DataFrame, named: pd.DataFrame, *, iou: float = 0.5
) -> pd.DataFrame:
    """Whether each true joint was found, and named right by each rule.

    Args:
        truth: image_id, joint, x_min, y_min, x_max, y_max.
        boxes: the detector's boxes: image_id, x_min, y_min, x_max, y_max.
        named: those of them that got a name: image_id, rule, joint and the same coordinates.
        iou: least overlap of a joint and a box that found it, one to one.

    Returns:
        image_id, joint, found (bool), box (row number in `boxes`, -1 if not found) and for each
        rule a bool column named_<rule>: found, and that very box given the right name.
    """
    parts = []
    boxes = boxes.reset_index(drop=True)
    boxes_of = dict(tuple(boxes.groupby("image_id")))
    for image_id, joints in truth.groupby("image_id", sort=True):
        part = joints[["image_id", "joint"]].assign(box=-1)
        if image_id in boxes_of:
            found = boxes_of[image_id]
            pairs = match_boxes(_corners(joints), _corners(found), iou)
            matched = part["box"].to_numpy().copy()
            matched[pairs[:, 0]] = found.index.to_numpy()[pairs[:, 1]]
            part["box"] = matched
        parts.append(part)
    judged = (
        pd.concat(parts, ignore_index=True)
        if parts
        else truth[["image_id", "joint"]].assign(box=-1)
    )
    judged["found"] = judged["box"] >= 0
    keys = list(boxes[["image_id", *BOX_COLUMNS]].itertuples(index=False, name=None))
    for rule in RULES:
        given = named[named["rule"] == rule]
        names = dict(
            zip(
                given[["image_id", *BOX_COLUMNS]].itertuples(index=False, name=None),
                given["joint"],
                strict=True,
            )
        )
        judged[f"named_{rule}"] = [
            box >= 0 and names.get(keys[box]) == joint
            for box, joint in zip(judged["box"], judged["joint"], strict=True)
        ]
    return judged


def detection_table(
    truth: pd.DataFrame,
    boxes: pd.DataFrame,
    named: pd.DataFrame,
    radiographs: pd.DataFrame,
    *,
    boxed: Collection[str],
    data: str,
    iou: float = 0.5,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The table of detection and naming, a row a body part and rule.

    Args: truth, boxes, named: as `judge_joints`, truth also with names (where its names come from);
        rows of other radiographs are left out. radiographs: image_id, patient, body_part of the
        radiographs to be judged (test patients only). boxed: image_ids with hand-drawn boxes,
        whether or not their joints have true names. data: what the radiographs are ("phantom" or a
        cohort's name). iou: least overlap. resamples, seed: of the bootstrap by patient.

    Returns:
        limb (body_part), rule, data, truth (where the true names come from: "phantom", "given",
        "template" or "given and template"), n_patients, n_radiographs, n_radiographs_left_out (with
        boxes, but without true names), n_joints; found and named_right as fractions of all true
        joints, radiographs left unnamed included, with _low and _high of their 95% intervals;
        radiographs_complete: fraction of radiographs whose joints are all named right.
    """
    unnamed = radiographs["image_id"].isin(list(boxed)) & ~radiographs["image_id"].isin(
        truth["image_id"]
    )
    left_out = radiographs.loc[unnamed, "body_part"].value_counts()
    radiographs = radiographs[radiographs["image_id"].isin(truth["image_id"])]
    names_of = truth.groupby("image_id")["names"].first()
    judged = judge_joints(
        truth[truth["image_id"].isin(radiographs["image_id"])], boxes, named, iou=iou
    )
    judged = judged.merge(radiographs[["image_id", "patient", "body_part"]], on="image_id")
    rows = []
    for body_part in sorted(judged["body_part"].unique(), reverse=True):  # hand, then foot
        part = judged[judged["body_part"] == body_part]
        for rule in RULES:
            right = part[f"named_{rule}"]
            names = sorted(part["image_id"].map(names_of).unique())
            row = {"limb": body_part, "rule": rule, "data": data, "truth": " and ".join(names)}
            row |= {
                "n_patients": part["patient"].nunique(),
                "n_radiographs": part["image_id"].nunique(),
            }
            row |= {
                "n_radiographs_left_out": int(left_out.get(body_part, 0)),
                "n_joints": len(part),
            }
            for name, hits in (("found", part["found"]), ("named_right", right)):
                row[name] = hits.mean()
                row[f"{name}_low"], row[f"{name}_high"] = _interval(
                    part["patient"].tolist(), hits.to_numpy(), resamples, seed
                )
            row["radiographs_complete"] = right.groupby(part["image_id"]).all().mean()
            rows.append(row)
    return pd.DataFrame(rows)


def _corners(table: pd.DataFrame) -> Boxes:
    return table[BOX_COLUMNS].to_numpy(dtype=float)


def _interval(
    patients: Sequence[str], hits: NDArray[np.bool_], resamples: int, seed: int
) -> tuple[float, float]:
    values = np.stack([hits.astype(float), np.ones(len(hits))], axis=1)
    _, sums = patient_sums(patients, values)
    return share_interval(sums[:, 0], sums[:, 1], resamples=resamples, seed=seed)
