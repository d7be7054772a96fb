"""Bring a radiograph to the study's size: crop the bottom, resize, pad, CLAHE (Tan et al., 2.2).

The paper's text gives the steps in a contradictory order; crop, resize, pad, CLAHE is ours.
"""

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Number = TypeVar("Number", float, npt.NDArray[np.float64])


class Placement(NamedTuple):
    """Where a radiograph lies in its standardized image; pixel i covers [i, i + 1)."""

    scale: float
    x_offset: float
    y_offset: float

    def to_standard(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Radiograph coordinates to standardized ones, in pixels."""
        return x * self.scale + self.x_offset, y * self.scale + self.y_offset

    def to_radiograph(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Standardized coordinates to radiograph ones, in pixels."""
        return (x - self.x_offset) / self.scale, (y - self.y_offset) / self.scale


def crop_resize_pad(
    image: Grey, height: int, width: int, crop_bottom: float
) -> tuple[Grey, Placement]:
    """Cut off the bottom, resize with the aspect kept, pad with black.

    Sizes are rounded to whole pixels, so the placement is right to half a pixel.

    Args:
        image: uint8 (h, w).
        height: of the result, pixels.
        width: of the result, pixels.
        crop_bottom: fraction of the image's height that is cut off, in [0, 1) (paper: 0.25 for
            feet; its value for hands is lost, 0.1 is ours).

    Returns:
        The result, uint8 (height, width), and where the radiograph lies in it: in its centre (the
        paper is silent), so padding lies evenly on both sides.

    Raises:
        ValueError: the image is not uint8 (h, w), or the fraction lies outside [0, 1).
    """
    placement = _placement(image, height, width, crop_bottom)
    how = cv2.INTER_AREA if placement.scale < 1 else cv2.INTER_CUBIC
    return _place(image, height, width, crop_bottom, how), placement


def standardize(
    image: Grey,
    height: int,
    width: int,
    crop_bottom: float,
    *,
    clahe_clip: float = 2.0,
    clahe_grid: int = 8,
) -> tuple[Grey, Placement]:
    """`crop_resize_pad`, then CLAHE on 8-bit values (paper: clip limit 2, grid 8 x 8).

    CLAHE sees the whole padded image, as in the paper's order; its grey spreads into the padding,
    which is then made black again (ours), so that no later step takes it for radiograph.
    """
    padded, placement = crop_resize_pad(image, height, width, crop_bottom)
    clahe = cv2.createCLAHE(clipLimit=clahe_clip, tileGridSize=(clahe_grid, clahe_grid))
    equalized = np.zeros_like(padded)
    inside = _inside(image, placement, crop_bottom)
    equalized[inside] = clahe.apply(padded)[inside]
    return equalized, placement


def standardize_mask(mask: Grey, height: int, width: int, crop_bottom: float) -> Grey:
    """Put a mask of the radiograph, zero or not, through the same geometry; uint8 0 or 255."""
    binary = np.where(mask > 0, np.uint8(255), np.uint8(0))
    return _place(binary, height, width, crop_bottom, cv2.INTER_NEAREST_EXACT)


def _kept_rows(image: Grey, crop_bottom: float) -> int:
    if image.dtype != np.uint8 or image.ndim != 2 or image.size == 0:
        raise ValueError(f"expected uint8 (height, width), got {image.dtype} {image.shape}")
    if not 0 <= crop_bottom < 1:
        raise ValueError(f"crop_bottom is a fraction from 0 to below 1, got {crop_bottom}")
    height: int = image.shape[0]
    return max(1, round(height * (1 - crop_bottom)))


def _resized(image: Grey, scale: float, crop_bottom: float) -> tuple[int, int]:
    """Height and width of the radiograph's part of the standardized image."""
    rows = _kept_rows(image, crop_bottom)
    return max(1, round(rows * scale)), max(1, round(image.shape[1] * scale))


def _placement(image: Grey, height: int, width: int, crop_bottom: float) -> Placement:
    scale = min(height / _kept_rows(image, crop_bottom), width / image.shape[1])
    h, w = _resized(image, scale, crop_bottom)
    return Placement(scale, float((width - w) // 2), float((height - h) // 2))


def _inside(image: Grey, placement: Placement, crop_bottom: float) -> tuple[slice, slice]:
    h, w = _resized(image, placement.scale, crop_bottom)
    top, left = int(placement.y_offset), int(placement.x_offset)
    return slice(top, top + h), slice(left, left + w)


def _place(image: Grey, height: int, width: int, crop_bottom: float, interpolation: int) -> Grey:
    placement = _placement(image, height, width, crop_bottom)
    rows, columns = _inside(image, placement, crop_bottom)
    padded = np.zeros((height, width), np.uint8)
    padded[rows, columns] = cv2.resize(
        image[: _kept_rows(image, crop_bottom)],
        (columns.stop - columns.start, rows.stop - rows.start),
        interpolation=interpolation,
    )
    return padded
