"""Both hands of a patient on one radiograph."""

from copy import deepcopy

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import LIMBS, BodyPart
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.damage.severity import Scores
from sharpflow.phantom.projection.exposure import (
    collimate,
    sample_collimation,
    sample_exposure,
)
from sharpflow.phantom.projection.markers import sample_marker
from sharpflow.phantom.projection.placement import Placement, place_limb, radiograph_size
from sharpflow.phantom.projection.radiographs import (
    Posed,
    SyntheticRadiograph,
    develop,
    joint_rows,
    pose_limb,
    radiograph_columns,
    scores_of,
)
from sharpflow.phantom.projection.render import Rays, trace
from sharpflow.seeds import seed_for

_HANDS = ("LH", "RH")  # from the radiograph's left to its right: thumbs towards each other


def make_bilateral(
    person: Person,
    scores: Scores,
    *,
    seed: int,
    patient: str,
    height: int,
    flexion: float | None = None,
    noise: int = 0,
) -> SyntheticRadiograph:
    """Both hands side by side on one radiograph, as wide as two single ones.

    A radiograph depends on its arguments alone. Of one patient's radiographs, those with a
    `flexion` differ in nothing but the fingers: where the hands lie, their scale, the exposure and
    the marker are those of flat fingers.

    Args:
        person: whose hands.
        scores: has every site of LH and RH.
        seed: of the cohort.
        patient: their name.
        height: nominal rows of the radiograph; it has about as many.
        flexion: of all fingers, degrees; None: sampled with the rest of the pose.
        noise: another number gives other noise, and nothing else.

    Returns:
        The radiograph with its truth. Its row has limb BH; its joints' rows tell LH from RH in the
        column limb.
    """
    rng = np.random.default_rng(seed_for(seed, "film", patient, "BH"))
    rows, columns = radiograph_size(height, rng)

    def pose(degrees: float | None, rng: Generator) -> dict[str, Posed]:
        return {
            code: pose_limb(BodyPart.HAND, person, scores_of(code, scores), rng, flexion=degrees)
            for code in _HANDS
        }

    before = deepcopy(rng)
    posed = pose(None if flexion is None else 0.0, rng)

    def place(coarsest: float) -> dict[str, Placement]:
        # The same random numbers again with one pixel size for both hands.
        return {
            code: place_limb(
                posed[code].limb, side=LIMBS[code].side, mirrored=False, size=(rows, columns),
                tilt=posed[code].tilt, coarsest=coarsest,
                rng=np.random.default_rng(seed_for(seed, "place", patient, code)),
            )
            for code in _HANDS
        }  # fmt: skip

    pixel = max(placed.view.mm_per_pixel for placed in place(0.0).values())
    placed = place(pixel)
    rays = _trace_both(posed, placed)
    exposure = sample_exposure(BodyPart.HAND, rng)
    marker = sample_marker(LIMBS["LH"].side, exposure.brightness, rays.inside[:, :columns], rng)
    if flexion:  # the same hands in the same places, from the same random numbers
        posed = pose(flexion, before)
        rays = _trace_both(posed, placed)
    other = np.random.default_rng(seed_for(seed, "noise", patient, noise)) if noise else None
    image, mask = develop(rays, exposure, marker, pixel, rng, noise=other)
    collimation = sample_collimation(rows, 2 * columns, rng)
    if collimation is not None:
        image, mask = collimate(image, mask, collimation)
    image_id = f"{patient}-BH"
    joints = []
    for number, code in enumerate(_HANDS):
        truth = joint_rows(
            image_id, posed[code].limb, placed[code].view, scores_of(code, scores), rng,
            moved=float(number * columns),
        )  # fmt: skip
        joints += [{"limb": code, **row} for row in truth]
    row = {
        "image_id": image_id, "patient": patient, "limb": "BH", "height": rows,
        "width": 2 * columns, **radiograph_columns(placed["LH"], exposure),
        "collimated": collimation is not None,
    }  # fmt: skip
    return SyntheticRadiograph(image, mask, row, joints)


def _trace_both(posed: dict[str, Posed], placed: dict[str, Placement]) -> Rays:
    """What the rays meet on the radiograph, from its left to its right."""
    parts = [trace(posed[code].limb, placed[code].view) for code in _HANDS]
    return Rays(
        *(np.hstack([getattr(part, name) for part in parts]) for name in Rays.__dataclass_fields__)
    )
