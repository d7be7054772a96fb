"""One radiograph and what each stage of the joint pipeline makes of it, for Figure 5."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sharpflow.anatomy import Damage
from sharpflow.joints.masks.unet_prediction import apply_mask

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class PipelineStages:
    """One radiograph at each stage of the pipeline; images except `raw` have one size.

    Attributes:
        raw: the radiograph as it came.
        standardized: cropped, resized, padded, after CLAHE.
        entropy_mask: entropy mask, 0 and 255.
        unet_mask: the U-Net's mask, 0 and 255.
        masked: the standardized radiograph without its background.
        boxes: the detector's boxes: class, confidence, x_min, y_min, x_max, y_max.
        joints: the named boxes: joint, class, x_min, y_min, x_max, y_max.
        crops: (n, size, size), a crop for each row of `crop_scores`.
        crop_scores: joint, erosion, narrowing: the predicted scores, blank if not scored.
    """

    raw: Image
    standardized: Image
    entropy_mask: Image
    unet_mask: Image
    masked: Image
    boxes: pd.DataFrame
    joints: pd.DataFrame
    crops: Image
    crop_scores: pd.DataFrame


@dataclass(frozen=True)
class JointTables:
    """The tables of the joint pipeline from which one radiograph's rows are taken.

    Attributes:
        boxes: the detector's boxes: image_id, class, confidence, x_min, y_min, x_max, y_max.
        joints: the named boxes of all rules: image_id, rule, joint, class, x_min, y_min, x_max,
            y_max.
        crops: the crops' rows, in the order of their array: image_id, joint, split.
        scores: scores/joints.csv.
    """

    boxes: pd.DataFrame
    joints: pd.DataFrame
    crops: pd.DataFrame
    scores: pd.DataFrame

    def shown_crops(self) -> pd.DataFrame:
        """The crops of test joints; the index is their number in the crops' array."""
        return self.crops[self.crops["split"] == "test"]


def radiographs_to_show(rows: pd.DataFrame, tables: JointTables) -> pd.DataFrame:
    """The radiographs that Figure 5 can show: with test joints and, if possible, their crops.

    Args:
        rows: image_id, a row a standardized radiograph.
        tables: the pipeline's tables.

    Returns:
        Some of `rows`.
    """
    tested = rows[rows["image_id"].isin(tables.scores["image_id"])]
    cropped = tested[tested["image_id"].isin(tables.shown_crops()["image_id"])]
    return tested if cropped.empty else cropped


def stages_of(
    image_id: str,
    tables: JointTables,
    *,
    rule: str,
    raw: Image,
    standardized: Image,
    entropy_mask: Image,
    unet_mask: Image,
    crops: Image,
) -> PipelineStages:
    """Collect one radiograph's images and its rows of the pipeline's tables.

    Args:
        image_id: of the radiograph.
        tables: the pipeline's tables.
        rule: the rule of joint identification whose names are shown.
        raw: the radiograph as it came, (height, width).
        standardized: the standardized radiograph.
        entropy_mask: its entropy mask, 0 and 255.
        unet_mask: its U-Net mask, 0 and 255.
        crops: all crops of the body part, (n, size, size).

    Returns:
        The stages.
    """

    def rows_of(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["image_id"] == image_id]

    scores = rows_of(tables.scores).set_index("joint")
    shown = rows_of(tables.shown_crops())
    crop_scores = shown[["joint"]].assign(
        **{
            damage.value: shown["joint"].map(scores[f"{damage.value}_predicted"])
            for damage in Damage
        }
    )
    joints = rows_of(tables.joints)
    return PipelineStages(
        raw=raw,
        standardized=standardized,
        entropy_mask=entropy_mask,
        unet_mask=unet_mask,
        masked=apply_mask(standardized, unet_mask),
        boxes=rows_of(tables.boxes),
        joints=joints[joints["rule"] == rule],
        crops=crops[shown.index.to_numpy()],
        crop_scores=crop_scores,
    )
