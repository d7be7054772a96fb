"""True outlines made as rough as a U-Net's, so that a detector is used to such masks.

All numbers are ours.
"""

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.joints.detection.views import Images
from sharpflow.seeds import seed_for

Image = npt.NDArray[np.uint8]

NARROWER, WIDER = 0.006, 0.03  # of the radiograph's height, by which an outline moves at most
BLUNT = 0.03  # of it, greatest radius at which finger tips and gaps are rounded off
LOST = 0.3  # share of the rough masks that lose what is thin; the others fill what is narrow
SHORT = 0.2  # share that end at the wrist or below
WITH_GROUND = 0.2  # share that take a marker, or ground, for limb


class RoughMasks:
    """Masks of which a share is rough; always the same ones, in the same way."""

    def __init__(self, masks: Images, *, share: float, seed: int) -> None:
        """Make a share of the masks (0 or 255) rough."""
        self._masks, self._share, self._seed = masks, share, seed

    def __len__(self) -> int:
        """Number of masks."""
        return len(self._masks)

    def __getitem__(self, index: int) -> Image:
        """One mask, uint8 0 or 255 (height, width)."""
        rng = np.random.default_rng(seed_for(self._seed, "rough mask", str(index)))
        mask = self._masks[index]
        return roughened(mask, rng) if rng.random() < self._share and mask.any() else mask


def roughened(mask: Image, rng: np.random.Generator) -> Image:
    """A mask with its outline moved and blunted; now and then with ground, or without forearm."""
    height, width = mask.shape
    if rng.random() < LOST:
        rough = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(rng.uniform(0, BLUNT / 3) * height))
    else:
        rough = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _disc(rng.uniform(0, BLUNT) * height))
    moved = rng.uniform(-NARROWER, WIDER) * height
    rough = (cv2.dilate if moved > 0 else cv2.erode)(rough, _disc(abs(moved)))
    limb = np.flatnonzero(rough.any(axis=1))
    if rng.random() < SHORT and limb.size:
        rough[limb[0] + int(rng.uniform(0.85, 1.0) * (limb[-1] - limb[0])) :] = 0
    if rng.random() < WITH_GROUND:
        size = rng.uniform(0.02, 0.4, 2) * (height, width)
        top, left = (rng.uniform(0, 1, 2) * ((height, width) - size)).astype(int)
        rough[top : top + int(size[0]) + 1, left : left + int(size[1]) + 1] = 255
    return np.asarray(rough, dtype=np.uint8)


def _disc(radius: float) -> Image:
    size = 2 * round(radius) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)
