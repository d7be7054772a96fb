"""Masks of limbs without training: local entropy and Otsu's threshold (Tan et al., 2.3.1).

Skin and bone are textured, the background is not, so the entropy of a small window tells them
apart. What remains is to clean the thresholded image: fill contours, drop small regions, and fill
whatever cannot be reached from the corners.
"""

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.imaging.entropy import local_entropy
from sharpflow.joints.masks.regions import (
    Content,
    drop_small_regions,
    fill_contours,
    fill_from_corners,
    keep_largest,
    radiograph_content,
)

Image = npt.NDArray[np.uint8]


def entropy_mask(
    image: Image,
    *,
    window: int,
    smallest_share: float = 0.01,
    cut_padding: bool = True,
    largest_only: bool = True,
    shrink: float = 0.25,
) -> Image:
    """Segment the limb of one standardized radiograph.

    `cut_padding`, `largest_only` and `shrink` are ours; False, False and 0 leave the paper's steps
    as they are.

    Args:
        image: uint8 (height, width).
        window: odd side of the entropy window in the image's pixels (37 at 1500 rows in the paper;
            it should cover as much of a limb at other heights).
        smallest_share: regions of less than this share of the white area are dropped.
        cut_padding: leave the black padding out of entropy and threshold: its seam would look like
            texture, and its emptiness would pull the threshold down.
        largest_only: drop all regions but the largest, hence burnt-in markers, which the paper's
            authors had to sort out by eye.
        shrink: move the outline inwards by this share of the window: a window of which a quarter
            lies on the limb is textured already, so the mask comes out too wide by about a quarter
            of it.

    Returns:
        The mask, uint8 0/255 of the radiograph's shape; all black if the radiograph has no texture.
    """
    content = (
        radiograph_content(image) if cut_padding else Content(0, image.shape[0], 0, image.shape[1])
    )
    mask = np.zeros_like(image)
    radiograph = np.ascontiguousarray(
        image[content.top : content.bottom, content.left : content.right]
    )
    if radiograph.size == 0:
        return mask
    textured = _threshold(local_entropy(radiograph, window))
    limb = fill_from_corners(drop_small_regions(fill_contours(textured), smallest_share))
    limb = _erode(limb, round(shrink * window))
    if largest_only:
        limb = keep_largest(limb)
    mask[content.top : content.bottom, content.left : content.right] = limb
    return mask


def _threshold(entropy: npt.NDArray[np.float64]) -> Image:
    """White where the entropy is above Otsu's threshold."""
    from skimage.filters import threshold_otsu

    if entropy.min() == entropy.max():
        return np.zeros(entropy.shape, np.uint8)
    return np.where(entropy > threshold_otsu(entropy), 255, 0).astype(np.uint8)


def _erode(mask: Image, pixels: int) -> Image:
    """Move the outline inwards; where the limb leaves the image there is no outline to move."""
    if pixels < 1:
        return mask
    side = 2 * pixels + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    eroded: Image = cv2.erode(mask, disk, borderType=cv2.BORDER_CONSTANT, borderValue=255)
    return eroded
