"""Synthetic joints that look like crops: what the base learns from without weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.joints.scoring.crops import CropSettings, crop_boxes, jitter_boxes
from sharpflow.phantom.cohorts.single_joints import make_synthetic_joints
from sharpflow.seeds import seed_for

Patches = npt.NDArray[np.uint8]
Crops = npt.NDArray[np.uint8]

GAMMA_RANGE = (0.7, 1.4)
CONTRAST_RANGE = (0.8, 1.2)


def make_training_joints(
    n: int,
    *,
    body_part: BodyPart,
    seed: int,
    height: int,
    clahe_clip: float = 2.0,
    clahe_grid: int = 8,
) -> tuple[Patches, pd.DataFrame]:
    """Make `n` joints with some surroundings and equalise them as whole radiographs are.

    Args:
        n: number of joints.
        body_part: hand or foot.
        seed: the study's; the joints are of people whom no cohort holds.
        height: nominal height of a radiograph, pixels.
        clahe_clip: clip limit of CLAHE.
        clahe_grid: tiles along a whole radiograph; the patches get tiles of about the same size.

    Returns:
        Patches, uint8 (n, side, side), and a row a joint: body_part, joint, erosion, narrowing,
        x_min..y_max in pixels of the patch.
    """
    patches, rows = make_synthetic_joints(
        n, body_part=body_part, seed=seed_for(seed, "base joints"), height=height
    )
    grid = max(2, round(patches.shape[1] * clahe_grid / height))
    clahe = cv2.createCLAHE(clipLimit=clahe_clip, tileGridSize=(grid, grid))
    for patch in patches:
        patch[:] = clahe.apply(patch)
    return patches, rows.assign(body_part=str(body_part))


@dataclass(frozen=True)
class SyntheticJoints:
    """Synthetic joints of one or more body parts.

    Attributes:
        patches: of each body part, uint8 (n, side, side); they may be memory maps.
        rows: theirs: body_part, joint, erosion, narrowing, x_min..y_max in pixels of the patch.
    """

    patches: Sequence[Patches]
    rows: Sequence[pd.DataFrame]

    def hold_out(self, share: float) -> "tuple[SyntheticJoints, SyntheticJoints]":
        """All but the last joints of each body part, and the last ones, `share` of all."""
        first, last = [], []
        for patches, rows in zip(self.patches, self.rows, strict=True):
            end = len(rows) - round(len(rows) * share)
            first.append((patches[:end], rows[:end]))
            last.append((patches[end:], rows[end:]))
        kept, held = (SyntheticJoints(*zip(*part, strict=True)) for part in (first, last))
        return kept, held

    @property
    def scores(self) -> pd.DataFrame:
        """The rows of all body parts, in the order of the crops."""
        return pd.concat(self.rows, ignore_index=True)

    def crop(self, settings: CropSettings, generator: np.random.Generator, *, vary: bool) -> Crops:
        """Cut all joints out (see `crop_training_joints`): uint8 (n, size, size)."""
        return np.concatenate(
            [
                crop_training_joints(patches, rows, settings, generator, vary=vary)
                for patches, rows in zip(self.patches, self.rows, strict=True)
            ]
        )


def crop_training_joints(
    patches: Patches,
    rows: pd.DataFrame,
    settings: CropSettings,
    generator: np.random.Generator,
    *,
    vary: bool = True,
) -> Crops:
    """Cut joints out by jittered boxes, as a radiograph's are.

    Args:
        patches: uint8 (n, side, side).
        rows: x_min, y_min, x_max, y_max of each joint, in pixels of its patch.
        settings: size and margin of the crops, jitter of the boxes.
        generator: decides jitter and variation.
        vary: also mirror half of the crops and change gamma and contrast, so that every epoch sees
            other pictures of the same joints.

    Returns:
        uint8 (n, size, size).
    """
    boxes = jitter_boxes(rows, settings.jitter, generator)
    crops = crop_boxes(patches, boxes, settings.size, settings.margin)
    return _varied(crops, generator) if vary else crops


def _varied(crops: Crops, generator: np.random.Generator) -> Crops:
    n = len(crops)
    mirrored = generator.random(n) < 0.5
    crops = np.where(mirrored[:, None, None], crops[:, :, ::-1], crops)
    gamma = generator.uniform(*GAMMA_RANGE, (n, 1))
    contrast = generator.uniform(*CONTRAST_RANGE, (n, 1))
    levels = (np.arange(256) / 255)[None]
    tables = np.clip(((levels**gamma - 0.5) * contrast + 0.5) * 255, 0, 255).astype(np.uint8)
    return tables[np.arange(n)[:, None, None], crops]
