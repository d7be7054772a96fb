"""Radiographs that vary as widely as archives do, for detectors that have to work on any of them.

All ranges are ours, chosen by eye beside a hundred real radiographs of children's hands: limbs
turned and off the middle, fingers spread or bent, a few grey levels for all of the limb, grey
grounds, plates and shutters about a part of the picture. What lies within the limb's outline, the
truth and the damage are those of any other phantom radiograph.
"""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from sharpflow.anatomy import BodyPart, Side
from sharpflow.phantom.bones.hands import HandPose
from sharpflow.phantom.bones.limb import Limb
from sharpflow.phantom.projection.exposure import Collimation, Exposure
from sharpflow.phantom.projection.placement import (
    HEIGHTS,
    Placement,
    forward_of,
    outline_of,
    view_of,
)
from sharpflow.phantom.projection.render import View

# Room about the joints, as a share of their height: least, and most beyond it. Bones of the forearm
# end 120 mm below the wrist, so that room stays less there.
_ROOM_LEAST, _ROOM_MORE = 0.04, 0.5
_BELOW = {BodyPart.HAND: (0.05, 0.38), BodyPart.FOOT: (0.0, 0.2)}
_CURLED = 0.3  # share of hands whose fingers are bent
_GROUNDS = {"black": (0.45, (0, 25)), "grey": (0.4, (25, 110)), "light": (0.15, (110, 165))}
_LEAST_CONTRAST, _MOST_CONTRAST = 14.0, 245.0  # grey levels between ground and whitest bone
_SHUTTERED = 0.6  # share of radiographs that show the beam's edge
_BEYOND = {"black": (0.5, (0, 16)), "grey": (0.25, (40, 140)), "white": (0.25, (170, 255))}
_STRAIGHT = 16  # halvings of a turn after which the shutter stands straight


def vary_pose(pose: HandPose, rng: Generator) -> HandPose:
    """The hand as children and patients in pain hold it: spread, turned, curled."""
    bent = rng.uniform(15, 60) if rng.random() < _CURLED else 0.0
    flexion = np.clip(np.abs(rng.normal(0, 8, 5)) + bent, 0, 65)
    return replace(
        pose,
        spread=float(rng.uniform(-4, 14)),
        thumb=float(rng.uniform(-18, 24)),
        flexion=tuple(flexion.tolist()),
        wrist=float(np.clip(rng.normal(0, 9), -20, 20)),
        tilt=float(np.clip(rng.normal(0, 11), -25, 25)),
    )


def place_widely(
    limb: Limb, *, side: Side, mirrored: bool, height: int, rng: Generator, tilt: float = 0.0
) -> Placement:
    """Lay the limb anywhere on a radiograph of any shape, so that every joint shows.

    Args:
        limb: in its own frame, mm.
        side: left or right.
        mirrored: whether the radiograph lies the wrong way round.
        height: nominal rows of the radiograph.
        rng: decides rotation, room and shape.
        tilt: out of the radiograph, degrees; it narrows the limb.

    Returns:
        Where the limb lies.
    """
    rotation = float(np.clip(rng.normal(0, 11), -28, 28))
    forward = forward_of(limb, rotation, flipped=(side is Side.RIGHT) != mirrored, tilt=tilt)
    points = outline_of(limb) @ forward.T
    low, high = points.min(axis=0), points.max(axis=0)
    tall = float(high[1] - low[1])
    left, right, above = tall * (_ROOM_LEAST + _ROOM_MORE * rng.beta(1, 3.5, 3))
    below = tall * rng.uniform(*_BELOW[limb.body_part])
    rows = round(height * rng.uniform(*HEIGHTS))
    pixel = (tall + above + below) / rows
    columns = round((high[0] - low[0] + left + right) / pixel)
    corner = (low[0] - left, low[1] - above)
    return Placement(view_of(forward, corner=corner, pixel=pixel, size=(rows, columns)), rotation)


def vary_exposure(exposure: Exposure, rng: Generator) -> Exposure:
    """The same with any ground, any contrast, and soft tissue from faint to dense."""
    ground = _one_of(_GROUNDS, rng)
    contrast = float(np.exp(rng.uniform(np.log(_LEAST_CONTRAST), np.log(_MOST_CONTRAST))))
    return replace(
        exposure,
        background=ground,
        brightness=min(ground + contrast, 255.0),
        lowest=float(rng.uniform(-0.1, 0.1)),
        range=exposure.range * float(rng.uniform(0.75, 1.3)),
        gamma=float(rng.uniform(0.55, 1.35)),
        noise=float(rng.uniform(0.003, 0.025)),
        blur=float(rng.uniform(0.12, 0.45)),
        slope_x=float(rng.normal(0, 0.08)),
        slope_y=float(rng.normal(0, 0.08)),
        scatter=float(rng.uniform(0.0, 0.25)),
        flesh=float(rng.uniform(0.7, 1.5)),
    )


def sample_shutter(limb: Limb, view: View, rng: Generator) -> Collimation | None:
    """The beam's edge or a plate's, anywhere between the picture's border and the joints."""
    if rng.random() >= _SHUTTERED:
        return None
    back = view.to_radiograph(list(map(tuple, outline_of(limb))))
    (left, top), (right, bottom) = back.min(axis=0), back.max(axis=0)
    rooms = np.array([left, view.width - right, top, view.height - bottom])
    cut = np.where(rng.random(4) < 0.75, rooms * rng.uniform(0, 0.85, 4), -0.03 * view.height)
    turn = float(np.clip(rng.normal(0, 3), -8, 8))
    glow = float(rng.uniform(-25, 60)) if rng.random() < 0.5 else 0.0
    return Collimation(
        _around(back, (cut[0], cut[2], view.width - cut[1], view.height - cut[3]), turn),
        int(_one_of(_BEYOND, rng)),
        float(rng.uniform(0.4, 2.5)),
        glow=glow,
        glow_reach=float(rng.uniform(0.005, 0.06)) * view.height,
    )


def _around(
    points: npt.NDArray[np.float64], box: tuple[float, float, float, float], turn: float
) -> tuple[tuple[int, int], ...]:
    """The corners of a box, turned by as many degrees as leave all points inside."""
    left, top, right, bottom = box
    middle = ((left + right) / 2, (top + bottom) / 2)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]])
    for halving in range(_STRAIGHT):
        matrix = cv2.getRotationMatrix2D(middle, turn / 2**halving, 1.0)
        turned = corners[:4] @ matrix[:, :2].T + matrix[:, 2]
        polygon = turned.astype(np.float32)
        if all(cv2.pointPolygonTest(polygon, (float(x), float(y)), False) >= 0 for x, y in points):
            return tuple((round(float(x)), round(float(y))) for x, y in turned)
    return tuple((round(float(x)), round(float(y))) for x, y in corners[:4])


def _one_of(kinds: dict[str, tuple[float, tuple[int, int]]], rng: Generator) -> float:
    """A value from one of several ranges, each with its share."""
    name = str(rng.choice(list(kinds), p=[share for share, _ in kinds.values()]))
    return float(rng.uniform(*kinds[name][1]))
