"""What ultralytics does before and after the detector's network, without ultralytics.

It agrees with `ultralytics.YOLO.predict` as `detect` calls it: views of one shape, padded to whole
strides, and boxes of all classes that suppress each other.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import BOX_COLUMNS

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Shape = tuple[int, int]  # height, width in pixels

COLUMNS = ["image_id", "class", "confidence", *BOX_COLUMNS]
OVERLAP = 0.45  # a box is dropped when its IoU with a better one is above this (darknet's)
STRIDE = 32  # sides of the network's input are multiples of it
PADDING = 114  # grey around a view


def network_shape(view: Shape, image_size: int) -> Shape:
    """Height and width of the network's input for views of one shape."""
    canvas, resized = _fitted(view, image_size)
    height, width = (side + (canvas - side) % STRIDE for side in resized)
    return height, width


def network_input(view: Image, image_size: int) -> Floats:
    """A view, uint8 (height, width), as the network takes it: float32 (3, height, width), 0 to 1.

    It is padded with grey on all sides alike.
    """
    _, resized = _fitted(view.shape, image_size)
    height, width = network_shape(view.shape, image_size)
    if resized != view.shape:
        view = np.asarray(cv2.resize(view, resized[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    top, left = _margin(height - resized[0]), _margin(width - resized[1])
    padded = np.full((height, width), PADDING, np.uint8)
    padded[top : top + resized[0], left : left + resized[1]] = view
    return np.repeat(padded[np.newaxis].astype(np.float32) / np.float32(255), 3, axis=0)


def decode_boxes(
    output: Floats,
    view: Shape,
    image_size: int,
    *,
    confidence: float,
    overlap: float,
    most: int,
) -> tuple[npt.NDArray[np.float64], Floats, npt.NDArray[np.int64]]:
    """The best boxes of one view. One with a number that is not finite (NaN, infinity) is none.

    Args:
        output: of the network, (4 + classes, anchors): corners of boxes in pixels of its input
            (left, top, right, bottom), then the confidence of each class.
        view: height and width of the view.
        image_size: that the network was asked for, as for its input.
        confidence: a box must be more certain than this.
        overlap: a box is dropped when its IoU with a better one is above this, of whatever class.
        most: boxes to keep at most.

    Returns:
        Corners (n, 4) in the view's pixels, confidence (n,) and class (n,), best first.
    """
    sure = output[4:].max(axis=0)
    is_box = (sure > np.float32(confidence)) & np.isfinite(output).all(axis=0)
    candidates = np.flatnonzero(is_box)
    candidates = candidates[np.argsort(-sure[candidates], kind="stable")]
    corners = output[:4, candidates].T
    kept = _suppress(corners, overlap, most)
    chosen = candidates[kept]
    return (
        _in_view(corners[kept], view, image_size),
        sure[chosen],
        output[4:, chosen].argmax(axis=0).astype(np.int64),
    )


def _suppress(corners: Floats, overlap: float, most: int) -> list[int]:
    """Numbers of the first `most` boxes that no better one overlaps; they come best first."""
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    kept: list[int] = []
    waiting = np.arange(len(corners))
    while len(waiting) and len(kept) < most:
        best, waiting = int(waiting[0]), waiting[1:]
        kept.append(best)
        low = np.maximum(corners[best, :2], corners[waiting, :2])
        high = np.minimum(corners[best, 2:], corners[waiting, 2:])
        common = np.prod((high - low).clip(0), axis=1)
        waiting = waiting[common <= np.float32(overlap) * (areas[best] + areas[waiting] - common)]
    return kept


def _in_view(corners: Floats, view: Shape, image_size: int) -> npt.NDArray[np.float64]:
    """Boxes from the network's pixels to the view's, cut off at its edges."""
    _, resized = _fitted(view, image_size)
    shape = network_shape(view, image_size)
    (height, top), (width, left) = (
        (side / whole, _margin(padded - side))
        for side, whole, padded in zip(resized, view, shape, strict=True)
    )
    moved = (corners.astype(np.float64) - [left, top, left, top]) / [width, height, width, height]
    return np.asarray(moved.clip(0, [view[1], view[0], view[1], view[0]]))


def _fitted(view: Shape, image_size: int) -> tuple[int, Shape]:
    """The square that a view is fitted into, and the view's height and width in it."""
    canvas = math.ceil(image_size / STRIDE) * STRIDE
    scale = min(canvas / view[0], canvas / view[1])
    return canvas, (max(round(view[0] * scale), 1), max(round(view[1] * scale), 1))


def _margin(padding: int) -> int:
    """Rows above a view, or columns left of it, of all that it is padded with."""
    return round(padding / 2 - 0.1)
