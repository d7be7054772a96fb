"""Synthetic joints that look like crops: what the base learns from without weights."""

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.joints.scoring.crops import crop_boxes, jitter_boxes
from sharpflow.phantom.cohorts.single_joints import make_synthetic_joints
from sharpflow.seeds import seed_for

Patches = npt.NDArray[np.uint8]

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

    `height` is the nominal radiograph height in pixels, `clahe_grid` the number of tiles along a
    whole
    radiograph: the window gets tiles of about the same size. Gives patches uint8 (n, side, side)
    and a
    row a joint: body_part, joint, erosion, narrowing, x_min..y_max in pixels of the patch.
    The seed is never a cohort's own: the joints are of people whom no cohort holds.
    """
    patches, rows = make_synthetic_joints(
        n, body_part=body_part, seed=seed_for(seed, "base joints"), height=height
    )
    grid = max(2, round(patches.shape[1] * clahe_grid / height))
    clahe = cv2.createCLAHE(clipLimit=clahe_clip, tileGridSize=(grid, grid))
    for patch in patches:
        patch[:] = clahe.apply(patch)
    return patches, rows.assign(body_part=str(body_part))


def crop_training_joints(
    patches: Patches,
    rows: pd.DataFrame,
    *,
    size: int,
    margin: float,
    jitter: float,
    generator: np.random.Generator,
    vary: bool = True,
) -> npt.NDArray[np.uint8]:
    """Cut the joints out by jittered boxes, as a radiograph's are: uint8 (n, size, size).

    With `vary` each crop is also mirrored or not and its gamma and contrast are changed, so that
    every epoch sees other pictures of the same joints.
    """
    crops = crop_boxes(patches, jitter_boxes(rows, jitter, generator), size, margin)
    return _varied(crops, generator) if vary else crops


def _varied(crops: npt.NDArray[np.uint8], generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    n = len(crops)
    mirrored = generator.random(n) < 0.5
    crops = np.where(mirrored[:, None, None], crops[:, :, ::-1], crops)
    gamma = generator.uniform(*GAMMA_RANGE, (n, 1))
    contrast = generator.uniform(*CONTRAST_RANGE, (n, 1))
    levels = (np.arange(256) / 255)[None]
    tables = np.clip(((levels**gamma - 0.5) * contrast + 0.5) * 255, 0, 255).astype(np.uint8)
    return tables[np.arange(n)[:, None, None], crops]
