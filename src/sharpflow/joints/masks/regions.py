"""White regions of 0/255 masks: filled, dropped, kept (Tan et al., 2.3.1); padding left out."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


class Content(NamedTuple):
    """The part of a padded image that shows the radiograph; last row and column excluded."""

    top: int
    bottom: int
    left: int
    right: int


def fill_contours(mask: Image) -> Image:
    """Fill the outer contours of all white regions."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, contours, -1, 255, cv2.FILLED)
    return filled


def drop_small_regions(mask: Image, smallest_share: float) -> Image:
    """Drop white regions of less than `smallest_share` of the white area."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask)
    areas = statistics[:, cv2.CC_STAT_AREA]
    kept = areas >= smallest_share * areas[1:].sum()
    kept[0] = False
    return np.where(kept[labels], 255, 0).astype(np.uint8)


def fill_from_corners(mask: Image) -> Image:
    """Fill whatever a flood from the four corners does not reach.

    Four, since noise may block one; a mask whose four corners are all white is left alone.
    """
    height, width = mask.shape
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    flooded = mask.copy()
    for x, y in corners:
        if flooded[y, x] == 0:
            cv2.floodFill(flooded, None, (x, y), 128)
    if not (flooded == 128).any():
        return mask
    return np.where(flooded == 128, 0, 255).astype(np.uint8)


def keep_largest(mask: Image) -> Image:
    """Keep the largest connected region of a 0/255 mask; an empty mask stays empty."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask)
    if count <= 2:
        return mask
    largest = 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
    return np.where(labels == largest, 255, 0).astype(np.uint8)


def radiograph_content(image: Image) -> Content:
    """Find the radiograph between bands of constant rows and columns, such as black padding."""
    rows = np.flatnonzero(image.max(axis=1) != image.min(axis=1))
    columns = np.flatnonzero(image.max(axis=0) != image.min(axis=0))
    if not len(rows) or not len(columns):
        return Content(0, 0, 0, 0)
    return Content(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
