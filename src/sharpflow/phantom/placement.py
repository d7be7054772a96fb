"""A limb laid on a film: size, turn, mirroring."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import LimbKind, Side
from sharpflow.phantom.bones import Tube
from sharpflow.phantom.limb import Limb
from sharpflow.phantom.render import View

BOX = (1.28, 1.5)  # side of a joint's box relative to the width of its bone ends, as drawn by hand


@dataclass(frozen=True)
class Placement:
    """Where the limb lies."""

    view: View
    rotation: float  # degrees, clockwise on the film
    flipped: bool  # the film shows x reversed relative to the limb's own frame


def place_limb(
    limb: Limb,
    *,
    side: Side,
    mirrored: bool,
    height: int,
    rng: Generator,
    tilt: float = 0.0,
) -> Placement:
    """Choose a film of about `height` rows and lay the limb on it so that all joints show."""
    rows = round(height * rng.uniform(0.87, 1.14))
    columns = round(rows * rng.uniform(0.74, 0.9))
    flipped = (side is Side.RIGHT) != mirrored
    rotation = float(np.clip(rng.normal(0, 4.5), -11, 11))
    turn = np.deg2rad(rotation)
    flip = np.array([[-1.0 if flipped else 1.0, 0], [0, 1.0]])
    narrow = np.diag([np.cos(np.deg2rad(tilt)), 1.0])
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    forward = limb.scale * rotate @ flip @ narrow  # limb mm -> film mm
    points = _outline(limb) @ forward.T
    low, high = points.min(axis=0), points.max(axis=0)
    hand = limb.kind is LimbKind.HAND
    # Film millimetres: the digits above, wrist and some forearm (or the heel) below.
    below = rng.uniform(24, 48) if hand else rng.uniform(-4, 22)
    above = rng.uniform(6, 26)
    tall = high[1] - low[1] + above + below
    wide = high[0] - low[0] + 2 * rng.uniform(4, 10)
    size = max(tall / rows, wide / columns)
    spare_x = columns * size - (high[0] - low[0])
    spare_y = rows * size - tall
    x = low[0] - spare_x * rng.uniform(0.3, 0.7)
    y = low[1] - above - spare_y * rng.uniform(0.2, 0.6)
    back = np.linalg.inv(forward)
    shift = back @ np.array([x, y])
    matrix = back * size
    view = View(
        ((float(matrix[0, 0]), float(matrix[0, 1])), (float(matrix[1, 0]), float(matrix[1, 1]))),
        (float(shift[0]), float(shift[1])), float(size), rows, columns,
    )  # fmt: skip
    return Placement(view, rotation, flipped)


def _outline(limb: Limb) -> np.ndarray:
    """Points that must lie on the film: finger tips, edges of joints, wrist or heel."""
    points = list(limb.tips)
    for site in limb.sites.values():
        r = site.width * 0.9
        points += [(site.x + i * r, site.y + j * r) for i in (-1, 1) for j in (-1, 1)]
    for bone in limb.bones:
        if not isinstance(bone, Tube):
            points += bone.corners()
    return np.array(points)


def box_of(
    limb: Limb, name: str, view: View, rng: Generator
) -> tuple[float, float, float, float, float, float]:
    """Centre and box of a site in film pixels: x, y, x_min, y_min, x_max, y_max.

    Upright rectangles about the joint, as a person draws them, a little uneven.
    """
    site = limb.sites[name]
    x, y = view.to_film([(site.x, site.y)])[0]
    side = site.width * limb.scale / view.mm_per_pixel
    wide, high = side * rng.uniform(*BOX) / 2, side * rng.uniform(*BOX) / 2
    dx, dy = side * np.clip(rng.normal(0, 0.03, 2), -0.06, 0.06)
    x_min, y_min = max(0.0, x + dx - wide), max(0.0, y + dy - high)
    x_max = min(view.width - 1.0, x + dx + wide)
    y_max = min(view.height - 1.0, y + dy + high)
    return tuple(round(float(v), 2) for v in (x, y, x_min, y_min, x_max, y_max))  # type: ignore[return-value]
