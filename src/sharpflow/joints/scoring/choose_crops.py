"""Which boxes joints are cropped from: jittered labels where the detector learned, else its own.

A joint that is tested is always cropped from the detector's box.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.cohorts.splits import every_joint
from sharpflow.joints.scoring.crops import jitter_boxes

if TYPE_CHECKING:
    from collections.abc import Collection


COLUMNS = ["image_id", "patient", "visit", "limb", "joint", "split", "source", *BOX_COLUMNS]
_KEY = ["image_id", "joint"]


def choose_crops(
    *,
    detected: pd.DataFrame,
    labelled: pd.DataFrame,
    radiographs: pd.DataFrame,
    joints: pd.DataFrame,
    learned_from: "Collection[str]",
    jitter: float,
    seed: int,
) -> pd.DataFrame:
    """The box of each joint that is to be cropped, in standardized pixels.

    On a radiograph that it learned from, a detector's boxes are better than at test. There the
    labelled boxes are taken instead, moved and resized at random by `jitter` (standard deviation, a
    fraction of the box). Test joints, on whatever radiograph, have the detector's boxes: a joint
    that it did not find has none (ours; the paper is silent).

    Args:
        detected: named boxes of one rule: image_id, joint, x_min, y_min, x_max, y_max.
        labelled: labelled joints, likewise.
        radiographs: image_id, split: the patient's, which the detector obeyed.
        joints: image_id, patient, visit, limb, joint, split: each joint's own (see `split_joints`).
        learned_from: image_ids with labels among which the detector had those of training and
            validation patients.
        jitter: as `jitter_boxes`.
        seed: decides the jitter.

    Returns:
        image_id, patient, visit, limb, joint, split, source ("labelled" or "detected"),
        x_min..y_max; sorted by image and joint.
    """
    learned = radiographs.loc[
        radiographs["image_id"].isin(list(learned_from)) & (radiographs["split"] != "test"),
        "image_id",
    ]
    is_labelled = joints["image_id"].isin(learned) & (joints["split"] != "test")
    labels = labelled[labelled["image_id"].isin(learned)]
    labels = jitter_boxes(labels, jitter, np.random.default_rng(seed))
    parts = [
        joints[chosen].merge(given[[*_KEY, *BOX_COLUMNS]], on=_KEY).assign(source=source)
        for chosen, given, source in (
            (is_labelled, labels, "labelled"),
            (~is_labelled, detected, "detected"),
        )
    ]
    return pd.concat(parts).sort_values(_KEY, ignore_index=True)[COLUMNS]


def scored_crops(crops: pd.DataFrame, scores: pd.DataFrame, damage: str) -> pd.DataFrame:
    """The crops whose joint has a score of one damage, which its model learns from or predicts.

    Args:
        crops: image_id, patient, visit, limb, joint, split of each crop.
        scores: patient, visit, limb, joint, damage, score.
        damage: "erosion" or "narrowing".

    Returns:
        Those of `crops`, with row, their place among all, and score.
    """
    of_damage = scores[scores["damage"] == damage].drop(columns="damage")
    joint = ["patient", "visit", "limb", "joint"]
    return crops.reset_index(drop=True).reset_index(names="row").merge(of_damage, on=joint)


def detected_crops(detected: pd.DataFrame, radiographs: pd.DataFrame) -> pd.DataFrame:
    """The detector's box of each joint that it found, on radiographs that belong to no split.

    Args:
        detected: as for `choose_crops`.
        radiographs: image_id, patient, visit, limb.

    Returns:
        image_id, patient, visit, limb, joint, x_min..y_max; sorted by image and joint.
    """
    found = every_joint(radiographs).merge(detected[[*_KEY, *BOX_COLUMNS]], on=_KEY)
    return found.sort_values(_KEY, ignore_index=True)
