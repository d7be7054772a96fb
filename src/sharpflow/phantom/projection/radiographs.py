"""One radiograph with its truth: a limb built, laid on a radiograph, exposed and finished."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from sharpflow.anatomy import ALL_SITES, LIMBS, BodyPart, Damage, Side
from sharpflow.cohorts.radiographs import ONLY_VISIT, file_name
from sharpflow.phantom.bones.feet import build_foot, sample_foot_pose
from sharpflow.phantom.bones.hands import LimbScores, add_ring, build_hand, sample_hand_pose
from sharpflow.phantom.bones.limb import Limb, Person
from sharpflow.phantom.damage.severity import Scores
from sharpflow.phantom.projection.exposure import (
    Exposure,
    collimate,
    expose,
    sample_collimation,
    sample_exposure,
)
from sharpflow.phantom.projection.markers import Marker, sample_marker
from sharpflow.phantom.projection.placement import Placement, box_of, place_limb, radiograph_size
from sharpflow.phantom.projection.render import Rays, View, trace
from sharpflow.phantom.projection.variety import (
    place_widely,
    sample_shutter,
    vary_exposure,
    vary_pose,
)
from sharpflow.seeds import seed_for

MIRRORED = 0.065  # share of radiographs that lie the wrong way round
_RINGS = 0.07  # share of hands with a ring
_DRIFT_FROM = 0.5  # mean score a site from which fingers drift
_DRIFT = 9.0  # degrees for each further point


@dataclass
class SyntheticRadiograph:
    """One radiograph with its truth.

    `image` and `mask` (0/255, the limb's silhouette) are uint8 (height, width); `row` describes the
    radiograph, `joints` has one row a site, in radiograph pixels.
    """

    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    row: dict[str, Any]
    joints: list[dict[str, Any]]


@dataclass(frozen=True)
class Posed:
    """A limb in a sampled pose."""

    limb: Limb
    tilt: float  # degrees out of the radiograph
    columns: dict[str, float]  # what is told of the pose


def scores_of(code: str, scores: Scores) -> LimbScores:
    """The scores of one limb of a patient."""
    return LimbScores(
        {j: s for (c, j, d), s in scores.items() if c == code and d is Damage.EROSION},
        {j: s for (c, j, d), s in scores.items() if c == code and d is Damage.NARROWING},
    )


def pose_limb(
    body_part: BodyPart,
    person: Person,
    scores: LimbScores,
    rng: Generator,
    *,
    varied: bool = False,
    flexion: float | None = None,
) -> Posed:
    """Build a limb in a sampled pose; bad hands drift to the ulna, bad feet to the fibula.

    Args:
        body_part: hand or foot.
        person: whose limb.
        scores: of its sites.
        rng: decides all that is random; it samples as much whatever the flexion.
        varied: as widely as `variety` says (hands).
        flexion: of all fingers, degrees, instead of the sampled one (hands).
    """
    values = [*scores.erosion.values(), *scores.narrowing.values()]
    mean = sum(values) / len(values) if len(values) > 2 else 0.0
    drift = max(0.0, mean - _DRIFT_FROM) * _DRIFT * abs(float(rng.normal(0.8, 0.5)))
    drift = min(drift, 30.0)
    if body_part is BodyPart.HAND:
        hand = sample_hand_pose(rng, drift)
        if varied:
            hand = vary_pose(hand, rng)
        if flexion is not None:
            hand = replace(hand, flexion=(flexion,) * 5)
        columns = {"spread": hand.spread, "drift": drift, "tilt": hand.tilt,
                   "flexion": max(hand.flexion), "wrist": hand.wrist}  # fmt: skip
        limb = build_hand(person, hand, scores, rng)
        columns["ring"] = 0.0
        if rng.random() < _RINGS:
            finger = int(rng.choice([4, 4, 4, 3, 2, 5]))
            add_ring(limb, finger)
            columns["ring"] = float(finger)
        return Posed(limb, hand.tilt, columns)
    foot = sample_foot_pose(rng, drift)
    columns = {"spread": foot.spread, "drift": drift, "tilt": foot.tilt,
               "flexion": max(foot.flexion), "valgus": foot.valgus}  # fmt: skip
    return Posed(build_foot(person, foot, scores, rng), foot.tilt, columns)


def make_radiograph(
    code: str,
    person: Person,
    scores: Scores,
    *,
    seed: int,
    patient: str,
    height: int,
    visit: str = ONLY_VISIT,
    varied: bool = False,
) -> SyntheticRadiograph:
    """One limb of a patient on one radiograph.

    A radiograph depends on its arguments alone.

    Args:
        code: LH, RH, LF or RF.
        person: whose limb.
        scores: has every site of that limb.
        seed: of the cohort.
        patient: their name.
        height: nominal rows of the radiograph; it has about as many.
        visit: each has a radiograph of its own of the same bones.
        varied: as widely as `variety` says.

    Returns:
        The radiograph with its truth.
    """
    names = [patient, code] if visit == ONLY_VISIT else [patient, code, visit]
    rng = np.random.default_rng(seed_for(seed, "film", *names))
    limb_scores = scores_of(code, scores)
    body_part, side = LIMBS[code].body_part, LIMBS[code].side
    posed = pose_limb(body_part, person, limb_scores, rng, varied=varied)
    mirrored = bool(rng.random() < MIRRORED)
    shown = show(posed, side=side, mirrored=mirrored, height=height, varied=varied, rng=rng)
    image_id = file_name(patient, visit, code)
    row = {
        "image_id": image_id, "patient": patient, "limb": code, "side": str(side),
        "mirrored": mirrored, **shown.columns, **posed.columns,
    }  # fmt: skip
    joints = joint_rows(image_id, posed.limb, shown.view, limb_scores, rng)
    return SyntheticRadiograph(shown.image, shown.mask, row, joints)


@dataclass(frozen=True)
class Shown:
    """A limb laid down, exposed and developed; `columns` is what is told of that."""

    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    view: View
    columns: dict[str, Any]


def show(
    posed: Posed,
    *,
    side: Side,
    mirrored: bool,
    height: int,
    rng: Generator,
    thickness: float = 1.0,
    varied: bool = False,
) -> Shown:
    """Lay a limb on a radiograph and expose it, as usual or as widely as `variety` says.

    Args:
        posed: the limb.
        side: left or right.
        mirrored: whether the radiograph lies the wrong way round.
        height: nominal rows of the radiograph.
        rng: decides all that is random.
        thickness: of the limb relative to a grown one, for which it is exposed.
        varied: whether it varies widely.
    """
    limb, tilt = posed.limb, posed.tilt
    if varied:
        placed = place_widely(limb, side=side, mirrored=mirrored, height=height, tilt=tilt, rng=rng)
    else:
        size = radiograph_size(height, rng)
        placed = place_limb(limb, side=side, mirrored=mirrored, size=size, tilt=tilt, rng=rng)
    exposure = sample_exposure(limb.body_part, rng)
    if varied:
        exposure = vary_exposure(exposure, rng)
    exposure = replace(exposure, range=exposure.range * thickness)
    view = placed.view
    rays = trace(limb, view)
    marker = sample_marker(side, exposure.brightness, rays.inside, rng)
    image, mask = develop(rays, exposure, marker, view.mm_per_pixel, rng)
    if varied:
        collimation = sample_shutter(limb, view, rng)
    else:
        collimation = sample_collimation(view.height, view.width, rng)
    if collimation is not None:
        image, mask = collimate(image, mask, collimation)
    columns = {
        "height": view.height, "width": view.width, **radiograph_columns(placed, exposure),
        "collimated": collimation is not None,
    }  # fmt: skip
    return Shown(image, mask, view, columns)


def develop(
    rays: Rays,
    exposure: Exposure,
    marker: Marker | None,
    mm_per_pixel: float,
    rng: Generator,
    *,
    noise: Generator | None = None,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The radiograph, its marker on it, and the limb's mask; `noise` as for `expose`."""
    grey = expose(rays, exposure, mm_per_pixel=mm_per_pixel, rng=rng, noise=noise)
    image = np.rint(grey).astype(np.uint8)
    mask = np.where(rays.inside >= 0.5, 255, 0).astype(np.uint8)
    if marker is not None:
        marker.burn(image)
    return image, mask


def radiograph_columns(placed: Placement, exposure: Exposure) -> dict[str, float]:
    """What is told of a radiograph's placement and exposure."""
    return {
        "mm_per_pixel": placed.view.mm_per_pixel,
        "rotation": placed.rotation,
        "brightness": exposure.brightness,
        "background": exposure.background,
        "range": exposure.range,
        "gamma": exposure.gamma,
        "noise": exposure.noise,
        "blur_mm": exposure.blur,
    }


def joint_rows(
    image_id: str, limb: Limb, view: View, scores: LimbScores, rng: Generator, *, moved: float = 0.0
) -> list[dict[str, Any]]:
    """Truth of every site of a limb in radiograph pixels; `moved` is added to x."""
    rows = []
    for site in ALL_SITES[limb.body_part]:
        x, y, x_min, y_min, x_max, y_max = box_of(limb.sites[site.name], limb.scale, view, rng)
        gap = limb.sites[site.name].gap * limb.scale
        rows.append({
            "image_id": image_id, "joint": site.name, "class": site.detector_class,
            "x": x + moved, "y": y, "x_min": x_min + moved, "y_min": y_min,
            "x_max": x_max + moved, "y_max": y_max,
            "gap_mm": gap, "gap_px": gap / view.mm_per_pixel,
            "erosion": scores.erosion.get(site.name), "narrowing": scores.narrowing.get(site.name),
        })  # fmt: skip
    return rows
