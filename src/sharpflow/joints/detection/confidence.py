"""The confidence from which boxes count, chosen on the detector's validation radiographs.

The paper's 0.5 suits radiographs like those that the detector learned on. On others it is less
sure, though as often right.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS

# All ours.
TRIED = tuple(np.round(np.arange(0.05, 0.96, 0.05), 2).tolist())
LEAST_PRECISION = 0.98  # share of the boxes that have to be joints
LEAST_RECALL = 0.5  # share of the joints that have to have a box


def tabulate_confidences(boxes: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """How many boxes count at each confidence, how many of them are joints, and which is chosen.

    A box is a joint if it has the class of a true box, and each one's centre lies in the other; a
    true box stands for one box only, the surest.

    The lowest confidence is chosen at which 98 of 100 boxes are joints and half of the joints have
    one, since identification copes with a wrong box better than with a lacking one. If there is
    none, as after a short training, it is the one with the highest F1 score.

    Args:
        boxes: image_id, class, confidence, x_min, y_min, x_max, y_max of validation radiographs,
            found at the lowest of `TRIED`.
        truth: image_id, class, x_min, y_min, x_max, y_max of the same radiographs.

    Returns:
        confidence, boxes, right, joints (true ones), precision, recall, chosen (one row is true).
    """
    sure = boxes.sort_values("confidence", ascending=False, kind="stable")
    right = _right(sure, truth)
    rows = []
    for confidence in TRIED:
        counted = sure["confidence"].to_numpy() > confidence
        rows.append((confidence, int(counted.sum()), int((counted & right).sum())))
    table = pd.DataFrame(rows, columns=["confidence", "boxes", "right"])
    table["joints"] = len(truth)
    table["precision"] = table["right"] / table["boxes"].where(table["boxes"] > 0)
    table["recall"] = table["right"] / max(len(truth), 1)
    good = (table["precision"] >= LEAST_PRECISION) & (table["recall"] >= LEAST_RECALL)
    f1 = 2 * table["right"] / (table["boxes"] + max(len(truth), 1))
    table["chosen"] = table.index == int((good if good.any() else f1).to_numpy().argmax())
    return table


def chosen_confidence(table: pd.DataFrame) -> float:
    """The one that `tabulate_confidences` chose."""
    return float(table.loc[table["chosen"], "confidence"].iloc[0])


def _right(boxes: pd.DataFrame, truth: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which boxes, surest first, are a true box that no surer one is."""
    true_boxes = dict(tuple(truth.groupby(["image_id", "class"])))
    free = {key: np.ones(len(part), bool) for key, part in true_boxes.items()}
    right = np.zeros(len(boxes), bool)
    keys = zip(boxes["image_id"], boxes["class"], strict=True)
    corners = boxes[BOX_COLUMNS].to_numpy(float)
    for number, key in enumerate(keys):
        if key not in true_boxes:
            continue
        others = true_boxes[key][BOX_COLUMNS].to_numpy(float)
        hits = np.flatnonzero(centres_in_each_other(corners[number], others) & free[key])
        if hits.size:
            free[key][hits[0]] = False
            right[number] = True
    return right


def centres_in_each_other(
    boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Whether the centre of each box (..., 4) lies in the other's, and the other way round."""
    return _centres_in(boxes, others) & _centres_in(others, boxes)


def _centres_in(
    boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    inside = (others[..., :2] < centre) & (centre < others[..., 2:])
    return np.asarray(inside.all(axis=-1))
