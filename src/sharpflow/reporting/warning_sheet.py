"""A contact sheet of the radiographs that were warned of, each with the reasons."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.files import atomic_write
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import Grey, read_image

Page = npt.NDArray[np.uint8]

MOST = 60  # radiographs on a sheet; warnings.csv lists all
_SIDE = 260  # pixels of a thumbnail's longer side
_MARGIN = 8
_LINE = 15
_LETTERS = 40  # a line
_INK, _GREY, _FRAME = (40, 40, 40), (90, 90, 90), (0, 159, 230)  # B, G, R; Okabe and Ito's orange
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_warning_sheet(warnings: pd.DataFrame, path: str | Path, *, max_pixels: int) -> None:
    """Draw a thumbnail of each radiograph that was warned of, with the reasons; write it as PNG.

    Warnings of patients and tables have no picture, and are counted in the heading.

    Args:
        warnings: WARNING_TABLE.
        path: of the PNG file.
        max_pixels: of a radiograph, as for `read_image`.
    """
    pictured = warnings[warnings["radiograph"].fillna("") != ""]
    groups = [group for _, group in pictured.groupby("radiograph", sort=False)]
    tiles = [_tile(group, max_pixels) for group in groups[:MOST]]
    heading = [_count(len(warnings), "warning") + f", {_count(len(groups), 'radiograph')}"]
    if len(groups) > MOST:
        heading[0] += f", the first {MOST} of them here"
    others = len(warnings) - len(pictured)
    if others:
        heading.append(f"{_count(others, 'warning')} without a picture: see warnings.csv")
    page = _page(tiles, heading)
    with atomic_write(path) as temporary:
        cv2.imwrite(str(temporary), page)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _tile(warnings: pd.DataFrame, max_pixels: int) -> Page:
    """A thumbnail in a frame, above its name and its warnings."""
    first = warnings.iloc[0]
    picture = _thumbnail(str(first["radiograph"]), max_pixels)
    lines = [(line, _INK) for line in _wrapped(str(first["name"]))]
    for _, row in warnings.iterrows():
        lines += [(line, _INK) for line in _wrapped(str(row["warning"]))]
        measured = f"{row['measured']} (expected {row['threshold']})"
        lines += [(line, _GREY) for line in _wrapped(measured)]
    height = _SIDE + 2 * _MARGIN + _LINE * len(lines) + _MARGIN
    tile = np.full((height, _SIDE + 2 * _MARGIN, 3), 255, np.uint8)
    rows, columns = picture.shape
    y, x = _MARGIN + (_SIDE - rows), _MARGIN + (_SIDE - columns) // 2
    tile[y : y + rows, x : x + columns] = picture[..., None]
    cv2.rectangle(tile, (x - 2, y - 2), (x + columns + 1, y + rows + 1), _FRAME, 2)
    for number, (line, ink) in enumerate(lines, 1):
        _write(tile, line, _SIDE + _MARGIN + _LINE * number + 2, ink)
    return tile


def _thumbnail(file: str, max_pixels: int) -> Grey:
    try:
        image = read_image(file, max_pixels)
    except ImageError:  # changed since it was checked: the next check says what is wrong
        return np.zeros((_SIDE, _SIDE), np.uint8)
    scale = _SIDE / max(image.shape)
    height, width = (max(1, round(side * scale)) for side in image.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text.encode("ascii", "replace").decode(), _LETTERS)


def _write(page: Page, text: str, y: int, ink: tuple[int, int, int]) -> None:
    cv2.putText(page, text, (_MARGIN, y), _FONT, 0.36, ink, 1, cv2.LINE_AA)


def _page(tiles: Sequence[Page], heading: Sequence[str]) -> Page:
    """Tiles in lines of equal height, below the heading."""
    columns = min(10, max(4, math.isqrt(len(tiles)) + 1))
    width = columns * (_SIDE + 2 * _MARGIN)
    top = np.full((_LINE * (len(heading) + 1), width, 3), 255, np.uint8)
    for number, line in enumerate(heading, 1):
        _write(top, line, _LINE * number + 4, _INK)
    strips = [top]
    for start in range(0, len(tiles), columns):
        some = tiles[start : start + columns]
        height = max(tile.shape[0] for tile in some)
        strip = np.full((height, width, 3), 255, np.uint8)
        for number, tile in enumerate(some):
            x = number * tile.shape[1]
            strip[: tile.shape[0], x : x + tile.shape[1]] = tile
        strips.append(strip)
    return np.vstack(strips)
