"""Contact sheets of masks: of entropy masks for a person who overrules, and of the U-Net's.

Tan et al. (2.3.2) chose good masks by eye.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.files import atomic_write

Image = npt.NDArray[np.uint8]

# What a blue frame says, and an orange one.
ENTROPY_LEGEND = ("proposed as good", "left out: weakest feature")
UNET_LEGEND = ("covers a plausible share of the radiograph", "empty, small or large")

# Okabe and Ito's blue and orange (as B, G, R), told apart by colour-blind readers.
_CHOSEN, _LEFT_OUT = (178, 114, 0), (0, 159, 230)
_OUTLINE = (66, 228, 240)
_INK, _PAPER = (40, 40, 40), (255, 255, 255)
_LEGEND_WIDTH = 480  # pixels, of a page without radiographs
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_contact_sheet(
    images: Sequence[Image],
    masks: Sequence[Image],
    rows: Sequence[Mapping[str, Any]],
    path: Path,
    *,
    legend: tuple[str, str] = ENTROPY_LEGEND,
    columns: int | None = None,
    thumbnail: int = 260,
) -> None:
    """Draw one page of radiographs with the outlines of their masks and write it as PNG.

    A proposed mask has a solid blue frame, another an orange one and names its weakest feature. The
    page of a shard without radiographs, as a small cohort may have, has the legend alone.

    Args:
        images: uint8 (height, width), one a row.
        masks: uint8 (height, width), 0/255, one a row.
        rows: image_id of each radiograph, and quality, weakest and proposed of its entropy mask or
            share (that the mask covers) and judgement ("empty", "small", "large" or blank) of the
            U-Net's.
        path: of the PNG file.
        legend: what a blue frame says, and an orange one.
        columns: radiographs side by side; by default 8, or so many that the page is about square.
        thumbnail: height of a radiograph in pixels.
    """
    tiles = [
        draw_tile(image, mask, row, thumbnail)
        for image, mask, row in zip(images, masks, rows, strict=True)
    ]
    lines = _lines(tiles, columns or max(8, math.isqrt(len(tiles)))) if tiles else []
    page = np.vstack([_legend(lines[0].shape[1] if lines else _LEGEND_WIDTH, legend), *lines])
    with atomic_write(path) as temporary:
        cv2.imwrite(str(temporary), page)


def _lines(tiles: list[Image], most: int) -> list[Image]:
    """Rows of up to `most` tiles, the last one filled up with blanks."""
    columns = min(most, len(tiles))
    tiles = tiles + [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]


def draw_tile(image: Image, mask: Image, row: Mapping[str, Any], height: int) -> Image:
    """One radiograph, outlined and framed, with two lines of text below.

    Args:
        image: uint8 (height, width).
        mask: likewise, 0 or 255.
        row: as for `draw_contact_sheet`.
        height: pixels of the radiograph in the tile.

    Returns:
        uint8 (height, width, 3), blue first.
    """
    width = round(image.shape[1] * height / image.shape[0])
    radiograph = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    tile: Image = cv2.cvtColor(radiograph, cv2.COLOR_GRAY2BGR)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    edges, _ = cv2.findContours(
        np.where(small >= 128, 255, 0).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(tile, edges, -1, _OUTLINE, 1, cv2.LINE_AA)
    is_good, text = _verdict(row)
    colour = _CHOSEN if is_good else _LEFT_OUT
    tile = cv2.copyMakeBorder(tile, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=colour)
    tile = cv2.copyMakeBorder(tile, 6, 38, 6, 6, cv2.BORDER_CONSTANT, value=_PAPER)
    _write(tile, str(row["image_id"]), tile.shape[0] - 23)
    _write(tile, text, tile.shape[0] - 7)
    return tile


def _verdict(row: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a mask is good or plausible, and the line below it that says why."""
    if "share" in row:
        return not row["judgement"], f"{100 * row['share']:.0f}% {row['judgement']}".rstrip()
    quality, weakest = f"{float(row['quality']):.2f}", str(row.get("weakest", "")).replace("_", " ")
    return bool(row["proposed"]), f"{quality} {'good' if row['proposed'] else f'out: {weakest}'}"


def _write(tile: Image, text: str, y: int) -> None:
    """One line of text, made smaller where it would not fit."""
    size = 0.42
    (width, _), _ = cv2.getTextSize(text, _FONT, size, 1)
    size *= min(1.0, (tile.shape[1] - 14) / max(width, 1))
    cv2.putText(tile, text, (8, y), _FONT, size, _INK, 1, cv2.LINE_AA)


def _legend(width: int, legend: tuple[str, str]) -> Image:
    """The strip above the radiographs that says what the frames mean."""
    strip = np.full((34, width, 3), 255, np.uint8)
    x = 8
    for colour, text in zip((_CHOSEN, _LEFT_OUT), legend, strict=True):
        cv2.rectangle(strip, (x, 9), (x + 16, 25), colour, cv2.FILLED)
        cv2.putText(strip, text, (x + 23, 22), _FONT, 0.42, _INK, 1, cv2.LINE_AA)
        x += 43 + cv2.getTextSize(text, _FONT, 0.42, 1)[0][0]
    return strip
