"""How much of a heat map falls on joints, and on damaged joints: where the truth is known.

A number beside Bo et al.'s Figures 3 and 5, ours. An even spread would put as much heat on joints
as they cover of the image.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.whole_image.explanation.grad_cam import enlarge


def boxes_in_packed(
    joints: pd.DataFrame, *, height: float, width: float, size: int
) -> NDArray[np.float64]:
    """Boxes of joints in pixels of the packed image (n, 4): x_min, y_min, x_max, y_max.

    Packing is a plain resize of height x width to size x size, so x and y have scales of their own.
    """
    scales = np.array([size / width, size / height] * 2)
    return np.asarray(joints[BOX_COLUMNS].to_numpy(np.float64) * scales)


def is_damaged(joints: pd.DataFrame) -> "pd.Series[bool]":
    """Joints with an erosion or narrowing score above 0; a blank score is none."""
    return (joints[["erosion", "narrowing"]].astype("Float64").fillna(0) > 0).any(axis=1)


def energy_pointing_game(
    heat: NDArray[np.float32], size: int, radiographs: pd.DataFrame, joints: pd.DataFrame
) -> pd.DataFrame:
    """Share of each image's heat, and of its area, inside the boxes of its joints.

    Args:
        heat: (n, rows, columns) from `coarse_heat`, or enlarged.
        size: of the packed images; coarse maps are enlarged to it.
        radiographs: image_id, patient, height, width of the original radiograph; row by row as in
            `heat`.
        joints: image_id, x_min, y_min, x_max, y_max in radiograph pixels, erosion, narrowing; every
            scored site, those of the wrist too.

    Returns:
        image_id, patient, has_heat; joints_heat, joints_area: of all scored joints; damaged_heat,
        damaged_area: of those with a score above 0; other_heat: the heat that this image's damaged
        joints would get from the next image's map (the last's from the first's), so that what is
        due to all hands lying alike can be told from what follows this one's damage. Fractions. A
        heat share is blank without heat, and all of damaged without damage.

    Raises:
        ValueError: not one row of radiographs for each map, or a radiograph without joints.
    """
    if len(radiographs) != len(heat):
        raise ValueError(
            f"{len(heat)} heat maps and {len(radiographs)} radiographs: they must go together"
        )
    by_radiograph = dict(tuple(joints.groupby("image_id")))
    rows = []
    for place, radiograph in enumerate(radiographs.to_dict("records")):
        if radiograph["image_id"] not in by_radiograph:
            raise ValueError(f"the table of joints has none of radiograph {radiograph['image_id']}")
        truth = by_radiograph[radiograph["image_id"]]
        boxes = boxes_in_packed(
            truth, height=radiograph["height"], width=radiograph["width"], size=size
        )
        of_joints = _cover(boxes, size)
        of_damage = _cover(boxes[is_damaged(truth).to_numpy()], size)
        own, other = enlarge(heat[[place, (place + 1) % len(heat)]], size)
        damaged = bool(of_damage.any())
        rows.append({
            "image_id": radiograph["image_id"],
            "patient": radiograph["patient"],
            "has_heat": bool(own.any()),
            "joints_heat": _share(own, of_joints),
            "joints_area": float(of_joints.mean()),
            "damaged_heat": _share(own, of_damage) if damaged else np.nan,
            "damaged_area": float(of_damage.mean()) if damaged else np.nan,
            "other_heat": _share(other, of_damage) if damaged and len(heat) > 1 else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _cover(boxes: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    """Pixels (size, size) that a box touches; where boxes overlap, a pixel counts once."""
    covered = np.zeros((size, size), bool)
    first = np.clip(np.floor(boxes[:, :2]), 0, size - 1).astype(int)
    end = np.clip(np.ceil(boxes[:, 2:]), 1, size).astype(int)
    for (left, top), (right, bottom) in zip(first, np.maximum(end, first + 1), strict=True):
        covered[top:bottom, left:right] = True
    return covered


def _share(heat: NDArray[np.float32], region: NDArray[np.bool_]) -> float:
    whole = float(heat.sum(dtype=np.float64))
    return float(heat[region].sum(dtype=np.float64)) / whole if whole else float("nan")
