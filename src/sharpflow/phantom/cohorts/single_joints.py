"""Single synthetic joints: a radiograph's small window, every score as often."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator

from sharpflow.anatomy import (
    DETECTED_JOINTS,
    LIMBS,
    BodyPart,
    Damage,
    Joint,
    n_classes,
    scored_joints,
)
from sharpflow.phantom.bones.hands import LimbScores
from sharpflow.phantom.bones.limb import sample_person
from sharpflow.phantom.projection.exposure import expose, sample_exposure
from sharpflow.phantom.projection.placement import box_of, place_limb, radiograph_size
from sharpflow.phantom.projection.radiographs import MIRRORED, pose_limb
from sharpflow.phantom.projection.render import trace
from sharpflow.seeds import seed_for

# Side of the window relative to the radiograph's height: the largest joint's box and a margin fit.
_WINDOW = {BodyPart.HAND: 0.17, BodyPart.FOOT: 0.22}


def make_synthetic_joints(
    n: int, *, body_part: BodyPart, seed: int, height: int, side: int | None = None
) -> tuple[npt.NDArray[np.uint8], pd.DataFrame]:
    """Make joints of hands or feet, each of another person, each score equally often.

    Only a window about the joint is made of each radiograph. A joint depends on the seed and its
    number alone, not on `n`.

    Args:
        n: how many.
        body_part: whose joints.
        seed: of the joints.
        height: nominal height of the radiographs in pixels, as in `make_joint_cohort`.
        side: of the window, pixels; by default wide enough for the largest joint's box and a
            margin.

    Returns:
        The windows, uint8 (n, side, side), and one row a joint: joint, class, limb, erosion,
        narrowing (blank for the thumb's IP, which has no such score), x_min, y_min, x_max, y_max in
        pixels of the window, mm_per_pixel.
    """
    body_part = BodyPart(body_part)
    side = side or round(height * _WINDOW[body_part])
    codes = [code for code, limb in LIMBS.items() if limb.body_part == body_part]
    patches = np.zeros((n, side, side), np.uint8)
    rows = []
    for number in range(n):
        rng = np.random.default_rng(seed_for(seed, "joint", body_part, number))
        joint, erosion, narrowing = _choose(number, body_part, rng)
        code = codes[int(rng.integers(len(codes)))]
        scores = LimbScores({joint.name: erosion}, {joint.name: narrowing or 0})
        patches[number], place = _draw_window(joint, code, scores, (height, side), rng)
        rows.append({
            "joint": joint.name, "class": joint.detector_class, "limb": code, "erosion": erosion,
            "narrowing": narrowing, **place,
        })  # fmt: skip
    return patches, pd.DataFrame(rows).astype({"narrowing": "Int64"})


def _choose(number: int, body_part: BodyPart, rng: Generator) -> tuple[Joint, int, int | None]:
    """Joint and scores: scores go round with the number, so that each comes equally often."""
    erosions, narrowings = (
        n_classes(body_part, Damage.EROSION),
        n_classes(body_part, Damage.NARROWING),
    )
    joints = DETECTED_JOINTS[body_part]
    joint = joints[int(rng.integers(len(joints)))]
    narrowing = None
    if joint in scored_joints(body_part, Damage.NARROWING):
        narrowing = (number // erosions) % narrowings
    return joint, number % erosions, narrowing


def _draw_window(
    joint: Joint, code: str, scores: LimbScores, sizes: tuple[int, int], rng: Generator
) -> tuple[npt.NDArray[np.uint8], dict[str, float]]:
    """The window about one joint, and the joint's box in it; `sizes`: radiograph, window."""
    height, side = sizes
    body_part = LIMBS[code].body_part
    posed = pose_limb(body_part, sample_person(rng), scores, rng)
    radiograph = place_limb(
        posed.limb, side=LIMBS[code].side, mirrored=bool(rng.random() < MIRRORED),
        size=radiograph_size(height, rng), tilt=posed.tilt, rng=rng,
    ).view  # fmt: skip
    x, y, x_min, y_min, x_max, y_max = box_of(
        posed.limb.sites[joint.name], posed.limb.scale, radiograph, rng
    )
    left, top = round(x - side / 2), round(y - side / 2)
    grey = expose(
        trace(posed.limb, radiograph.window(left, top, side, side)),
        sample_exposure(body_part, rng),
        mm_per_pixel=radiograph.mm_per_pixel,
        rng=rng,
        place=(left / radiograph.width, (left + side) / radiograph.width,
               top / radiograph.height, (top + side) / radiograph.height),
    )  # fmt: skip
    place = {
        "x_min": x_min - left, "y_min": y_min - top, "x_max": x_max - left, "y_max": y_max - top,
        "mm_per_pixel": radiograph.mm_per_pixel,
    }  # fmt: skip
    return np.rint(grey).astype(np.uint8), place
