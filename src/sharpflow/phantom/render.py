"""From a limb in millimetres to what the ray meets at each pixel of a film, or of a window of it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sharpflow.phantom.bones import Bone, Floats
from sharpflow.phantom.limb import Flesh, Limb

_LATTICE = 6  # soft tissue is worked out at every 6th fine pixel and interpolated
_BLEND = 2.2  # mm over which neighbouring parts of the soft tissue run together
_FINEST = 0.36  # mm; coarser films are drawn finer and averaged


@dataclass(frozen=True)
class View:
    """A window of a film and how its pixels lie on the limb.

    Pixel (column, row) of the film, whole numbers at pixel centres, shows the limb's point
    `matrix @ (column, row) + shift` in mm. The window begins at (left, top).
    """

    matrix: tuple[tuple[float, float], tuple[float, float]]
    shift: tuple[float, float]
    height: int
    width: int
    left: int = 0
    top: int = 0

    @property
    def mm_per_pixel(self) -> float:
        """Size of a pixel, mm."""
        (a, b), (c, d) = self.matrix
        return float(np.sqrt(abs(a * d - b * c)))

    def to_film(self, points: list[tuple[float, float]]) -> NDArray[np.float64]:
        """Film pixels (n, 2) of limb points."""
        inverse = np.linalg.inv(np.array(self.matrix))
        away = np.array(points, dtype=float).reshape(-1, 2) - np.array(self.shift)
        return np.asarray(away @ inverse.T)

    def finer(self, times: int) -> "View":
        """The same window with `times` as many pixels each way."""
        (a, b), (c, d) = self.matrix
        corner = (1 / times - 1) / 2  # centre of the first fine pixel, in coarse pixels
        shift = (
            self.shift[0] + (a + b) * corner,
            self.shift[1] + (c + d) * corner,
        )
        matrix = ((a / times, b / times), (c / times, d / times))
        return View(
            matrix, shift, self.height * times, self.width * times,
            self.left * times, self.top * times,
        )  # fmt: skip

    def points(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Limb coordinates (rows, columns) at the crossings of film columns and rows."""
        (a, b), (c, d) = self.matrix
        columns, rows = columns[None, :], rows[:, None]
        x = np.float32(a) * columns + (np.float32(b) * rows + np.float32(self.shift[0]))
        y = np.float32(c) * columns + (np.float32(d) * rows + np.float32(self.shift[1]))
        return x, y


@dataclass(frozen=True)
class Rays:
    """What the rays meet: mm of compact bone, mm of soft tissue, and whether they meet the limb."""

    mineral: Floats
    flesh: Floats
    inside: Floats  # 0-1, share of the pixel that the limb covers


def trace(limb: Limb, view: View) -> Rays:
    """Line integrals through the limb for each pixel of the view's window, (height, width)."""
    times = max(1, int(np.ceil(view.mm_per_pixel / _FINEST)))
    fine = view.finer(times)
    mineral = np.zeros((fine.height, fine.width), np.float32)
    for bone in limb.bones:
        _add_bone(mineral, bone, fine)
    flesh, inside = _soft_tissue(limb.flesh, fine)
    inside = np.maximum(inside, np.clip(mineral * 4, 0, 1))
    if times == 1:
        return Rays(mineral, flesh, inside)
    size = (view.width, view.height)
    shrunk = (cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in (mineral, flesh, inside))
    return Rays(*shrunk)


def _window(corners: list[tuple[float, float]], view: View) -> tuple[int, int, int, int] | None:
    """First and last columns and rows of the window that a shape can touch."""
    film = view.to_film(corners)
    low = np.floor(film.min(axis=0)).astype(int)
    high = np.ceil(film.max(axis=0)).astype(int) + 1
    left, right = max(low[0], view.left), min(high[0], view.left + view.width)
    top, bottom = max(low[1], view.top), min(high[1], view.top + view.height)
    return (left, right, top, bottom) if left < right and top < bottom else None


def _add_bone(mineral: Floats, bone: Bone, view: View) -> None:
    window = _window(bone.corners(), view)
    if window is None:
        return
    left, right, top, bottom = window
    x, y = view.points(
        np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32)
    )
    part = mineral[top - view.top : bottom - view.top, left - view.left : right - view.left]
    part += bone.mineral(x, y)


def _soft_tissue(flesh: list[Flesh], view: View) -> tuple[Floats, Floats]:
    """Thickness and cover of the union of the capsules, edges rounded, runs blended."""
    # The lattice is fixed to the film, so that a window shows just what the film shows.
    step = _LATTICE
    first_column, first_row = (view.left // step) * step, (view.top // step) * step
    columns = np.arange(first_column, view.left + view.width + step, step, dtype=np.float32)
    rows = np.arange(first_row, view.top + view.height + step, step, dtype=np.float32)
    x, y = view.points(columns, rows)
    weight = np.full(x.shape, 1e-6, np.float32)
    depth, rounding = np.zeros_like(weight), np.zeros_like(weight)
    for part in flesh:
        share = np.exp(np.clip(_within(part, x, y), -30, 30) * np.float32(1 / _BLEND))
        weight += share
        depth += share * np.float32(part.half_depth)
        rounding += share * np.float32(part.rounding)
    fields = (np.float32(_BLEND) * np.log(weight), depth / weight, rounding / weight)
    inside, depth, rounding = (_interpolate(f, view, first_column, first_row) for f in fields)
    rest = 1 - np.clip(inside / np.maximum(rounding, 1.0), 0, 1)
    thickness = 2 * depth * np.sqrt(np.maximum(1 - rest * rest, 0))
    cover = np.clip(inside / np.float32(view.mm_per_pixel) + np.float32(0.5), 0, 1)
    return thickness, cover


def _interpolate(values: Floats, view: View, first_column: int, first_row: int) -> Floats:
    """Lattice values at every pixel of the window."""
    scale = 1 / _LATTICE
    columns = (np.arange(view.width, dtype=np.float32) + (view.left - first_column)) * scale
    rows = (np.arange(view.height, dtype=np.float32) + (view.top - first_row)) * scale
    i, j = columns.astype(np.int32), rows.astype(np.int32)
    fc = (columns - i).astype(np.float32)
    fr = (rows - j).astype(np.float32)[:, None]
    across = values[:, i] + (values[:, i + 1] - values[:, i]) * fc
    low = across[j]
    return np.asarray(low + (across[j + 1] - low) * fr)


def _within(part: Flesh, x: Floats, y: Floats) -> Floats:
    """Distance inside a tapering capsule, mm, negative outside."""
    dx, dy = part.x1 - part.x0, part.y1 - part.y0
    px, py = x - np.float32(part.x0), y - np.float32(part.y0)
    square = max(dx * dx + dy * dy, 1e-6)
    t = np.clip((px * np.float32(dx) + py * np.float32(dy)) / np.float32(square), 0, 1)
    away = np.hypot(px - t * np.float32(dx), py - t * np.float32(dy))
    return np.float32(part.radius0) + t * np.float32(part.radius1 - part.radius0) - away


def window_of(view: View, left: int, top: int, width: int, height: int) -> View:
    """A smaller window of the same film."""
    return replace(view, left=left, top=top, width=width, height=height)
