"""A limb laid on a radiograph: size, turn, mirroring; and the boxes drawn about its joints."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from sharpflow.anatomy import BodyPart, Side
from sharpflow.phantom.bones.limb import Limb, Site
from sharpflow.phantom.bones.solids import Tube
from sharpflow.phantom.projection.render import View

HEIGHTS = (0.87, 1.14)  # of radiographs, relative to the nominal height (ours)
ASPECTS = (0.74, 0.9)  # width relative to height: 18 x 24 to 24 x 30 cm radiograph, cropped
BOX = (1.28, 1.5)  # side of a joint's box relative to the width of its bone ends, as drawn by hand

Box = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Placement:
    """Where the limb lies."""

    view: View
    rotation: float  # degrees, clockwise on the radiograph


def radiograph_size(height: int, rng: Generator) -> tuple[int, int]:
    """Rows and columns of a radiograph whose nominal height is `height`."""
    rows = round(height * rng.uniform(*HEIGHTS))
    return rows, round(rows * rng.uniform(*ASPECTS))


def place_limb(
    limb: Limb,
    *,
    side: Side,
    mirrored: bool,
    size: tuple[int, int],
    rng: Generator,
    tilt: float = 0.0,
    coarsest: float = 0.0,
) -> Placement:
    """Lay the limb on a radiograph so that every joint shows.

    Digits are up. A left limb has thumb or great toe on the right, a right one on the left,
    mirrored radiographs the other way round. A pixel is as small as the limb's room on the
    radiograph allows, but not smaller than `coarsest`.

    Args:
        limb: in its own frame, mm.
        side: left or right.
        mirrored: whether the radiograph lies the wrong way round.
        size: rows and columns of the radiograph.
        rng: decides rotation and room around the limb.
        tilt: out of the radiograph, degrees; it narrows the limb.
        coarsest: least side of a pixel, mm.

    Returns:
        Where the limb lies.
    """
    rows, columns = size
    rotation = float(np.clip(rng.normal(0, 5), -12, 12))
    forward = forward_of(limb, rotation, flipped=(side is Side.RIGHT) != mirrored, tilt=tilt)
    points = outline_of(limb) @ forward.T
    low, high = points.min(axis=0), points.max(axis=0)
    # Radiograph millimetres: room above the digits, and wrist with some forearm, or the heel,
    # below.
    below = rng.uniform(24, 48) if limb.body_part is BodyPart.HAND else rng.uniform(-4, 22)
    above, beside = rng.uniform(8, 28), rng.uniform(9, 22)
    tall, wide = high[1] - low[1] + above + below, high[0] - low[0] + beside
    pixel = max(tall / rows, wide / columns, coarsest)
    spare_x, spare_y = columns * pixel - wide, rows * pixel - tall
    x = low[0] - beside / 2 - spare_x * rng.uniform(0.25, 0.75)
    y = low[1] - above - spare_y * rng.uniform(0.2, 0.6)
    return Placement(view_of(forward, corner=(x, y), pixel=pixel, size=size), rotation)


def view_of(
    forward: npt.NDArray[np.float64],
    *,
    corner: tuple[float, float],
    pixel: float,
    size: tuple[int, int],
) -> View:
    """The radiograph on which a limb lies.

    Args:
        forward: from the limb's frame to millimetres on the radiograph (2, 2), see `forward_of`.
        corner: the radiograph's upper left corner in those millimetres, x and y.
        pixel: its side, mm.
        size: rows and columns.
    """
    back = np.linalg.inv(forward)
    shift, matrix = back @ np.array(corner), back * pixel
    return View(
        ((float(matrix[0, 0]), float(matrix[0, 1])), (float(matrix[1, 0]), float(matrix[1, 1]))),
        (float(shift[0]), float(shift[1])), float(pixel), *size,
    )  # fmt: skip


def forward_of(
    limb: Limb, rotation: float, *, flipped: bool, tilt: float
) -> npt.NDArray[np.float64]:
    """From the limb's frame to millimetres on the radiograph."""
    turn = np.deg2rad(rotation)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    narrow = np.cos(np.deg2rad(tilt)) * (-1.0 if flipped else 1.0)
    return np.asarray(limb.scale * rotate @ np.diag([narrow, 1.0]))


def outline_of(limb: Limb) -> npt.NDArray[np.float64]:
    """Points that must lie on the radiograph: finger tips, edges of joints, wrist or heel."""
    points = list(limb.tips)
    for site in limb.sites.values():
        r = site.width * 0.9
        points += [(site.x + i * r, site.y + j * r) for i in (-1, 1) for j in (-1, 1)]
    for bone in limb.bones:
        if not isinstance(bone, Tube):
            points += bone.corners()
    return np.array(points)


def box_of(site: Site, scale: float, view: View, rng: Generator) -> Box:
    """Centre and box of a site in radiograph pixels: x, y, x_min, y_min, x_max, y_max.

    Upright rectangles about the joint, as a person draws them, a little uneven.
    """
    x, y = view.to_radiograph([(site.x, site.y)])[0]
    side = site.width * scale / view.mm_per_pixel
    wide, high = side * rng.uniform(*BOX) / 2, side * rng.uniform(*BOX) / 2
    dx, dy = side * np.clip(rng.normal(0, 0.03, 2), -0.06, 0.06)
    x_min, y_min = max(0.0, x + dx - wide), max(0.0, y + dy - high)
    x_max, y_max = min(view.width - 1.0, x + dx + wide), min(view.height - 1.0, y + dy + high)
    x, y, x_min, y_min, x_max, y_max = (
        round(float(v), 2) for v in (x, y, x_min, y_min, x_max, y_max)
    )
    return x, y, x_min, y_min, x_max, y_max
