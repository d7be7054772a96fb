"""Joint boxes from radiograph to standardized pixels, and the square crops that are scored."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class CropSettings:
    """How joints are cut out.

    Attributes:
        size: height and width of the crops, pixels.
        margin: the square's side is the box's longer side times (1 + margin).
        jitter: standard deviation of the boxes' shift and change of size (see `jitter_boxes`).
    """

    size: int
    margin: float
    jitter: float


def to_standard(boxes: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Boxes in radiograph pixels -> the same boxes in standardized pixels.

    Args:
        boxes: image_id, x_min, y_min, x_max, y_max and any other columns.
        rows: image_id, scale, x_offset, y_offset of the standardized radiographs
            (standard_x = radiograph_x * scale + x_offset).

    Raises:
        KeyError: a box's image is not among the rows.
    """
    places = rows.set_index("image_id")[["scale", "x_offset", "y_offset"]]
    missing = set(boxes["image_id"]) - set(places.index)
    if missing:
        raise KeyError(f"no standardized radiograph for {sorted(missing)[0]!r}")
    place = places.loc[boxes["image_id"]].to_numpy(dtype=float)
    result = boxes.copy()
    shift = place[:, [1, 2, 1, 2]]
    result[BOX_COLUMNS] = boxes[BOX_COLUMNS].to_numpy(dtype=float) * place[:, :1] + shift
    return result


def jitter_boxes(boxes: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Move and resize boxes at random, as uncertain as a detector's at test (ours).

    Args:
        boxes: x_min, y_min, x_max, y_max and any other columns.
        share: standard deviation of the centre's shift and of the size's change, as a fraction
            of the box's width and height. Changes are cut off at 2.5 standard deviations.
        rng: numpy generator; the same state gives the same boxes.
    """
    corners = boxes[BOX_COLUMNS].to_numpy(dtype=float)
    centre, size = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    change = np.clip(rng.normal(0.0, share, (2, len(corners), 2)), -2.5 * share, 2.5 * share)
    centre = centre + change[0] * size
    size = size * np.exp(change[1])
    result = boxes.copy()
    result[BOX_COLUMNS] = np.hstack([centre - size / 2, centre + size / 2])
    return result


def crop_boxes(images: Iterable[Image], boxes: pd.DataFrame, size: int, margin: float) -> Image:
    """Cut a square around each box.

    Args:
        images: the radiograph of each box, uint8 (height, width), in the boxes' order; may be a
            generator, so that one radiograph is in memory at a time.
        boxes: x_min, y_min, x_max, y_max in pixels of the radiographs.
        size: height and width of the crops, pixels.
        margin: the square's side is the box's longer side times (1 + margin).

    Returns:
        uint8 (boxes, size, size); 0 where the square reaches beyond the radiograph.
    """
    corners = boxes[BOX_COLUMNS].to_numpy(dtype=float).reshape(-1, 4)
    crops = np.zeros((len(corners), size, size), np.uint8)
    for row, (image, box) in enumerate(zip(images, corners, strict=True)):
        crops[row] = _crop(image, box, size, margin)
    return crops


def _crop(image: Image, box: npt.NDArray[np.float64], size: int, margin: float) -> Image:
    """One square; whole pixels are cut out first so that INTER_AREA can average them."""
    side = max(1, round(max(box[2] - box[0], box[3] - box[1]) * (1 + margin)))
    left = round((box[0] + box[2] - side) / 2)
    top = round((box[1] + box[3] - side) / 2)
    square = np.zeros((side, side), np.uint8)
    height, width = image.shape
    x0, x1 = max(left, 0), min(left + side, width)
    y0, y1 = max(top, 0), min(top + side, height)
    if x0 < x1 and y0 < y1:
        square[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=how), dtype=np.uint8)
