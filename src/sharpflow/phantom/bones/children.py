"""A child's hand: growth plates, and ossification centres that follow the age."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import LIMBS, BodyPart
from sharpflow.phantom.bones.growth import (
    CARPAL_GROWTH,
    CARPALS,
    EPIPHYSES,
    SESAMOIDS,
    UNION,
    at_age,
    hand_size,
    ossified,
)
from sharpflow.phantom.bones.hands import LimbScores
from sharpflow.phantom.bones.limb import Limb, sample_person
from sharpflow.phantom.bones.measurements import SIZE_BY_SEX
from sharpflow.phantom.bones.solids import ACROSS, ALONG, Blob, Bone, Surface, Tube
from sharpflow.phantom.projection.radiographs import (
    SyntheticRadiograph,
    joint_rows,
    pose_limb,
    show,
)
from sharpflow.seeds import seed_for

AGE_SD = 0.09  # of a bone's own age relative to the child's (ours)
_EPIPHYSIS = {"radius": 6.5, "ulna": 5.0, "MC": 8.0, "PP": 5.0, "MP": 4.4, "DP": 4.4}  # mm, ours
_PLATE = 1.6  # mm, an open growth plate at an adult's size; ours


def make_childs_hand(
    months: float,
    *,
    male: bool,
    seed: int,
    image_id: str,
    height: int,
    limb: str = "LH",
    varied: bool = False,
) -> SyntheticRadiograph:
    """The hand of a child of that bone age on one radiograph.

    Centres of ossification appear, grow and unite by the ages in `growth`, each bone a little early
    or late. Joints carry no scores; a joint's gap is that of the grown hand. A radiograph depends
    on its arguments alone.

    Args:
        months: bone age, 0 to 240.
        male: whether the child is a boy.
        seed: of the cohort.
        image_id: of the radiograph; with the seed it decides all that is random.
        height: nominal rows of the radiograph; it has about as many.
        limb: "LH" or "RH".
        varied: as widely as `projection.variety` says.

    Returns:
        The radiograph with its truth.
    """
    rng = np.random.default_rng(seed_for(seed, "child", image_id))
    years = months / 12
    person = sample_person(rng)
    adult = SIZE_BY_SEX["male" if male else "female"]
    size = hand_size(years, male=male) * adult * (1 + 0.04 * float(np.clip(rng.normal(), -2, 2)))
    chubby = 1 + 0.5 * max(0.0, 1 - years / 6)  # flesh relative to the bones of small children
    person = replace(
        person, scale=size, flesh=person.flesh * chubby, cortex=person.cortex * 0.9,
        density=person.density * (0.72 + 0.28 * min(1.0, years / 15)),
    )  # fmt: skip
    scores = LimbScores()
    posed = pose_limb(BodyPart.HAND, person, scores, rng, varied=varied)
    posed = replace(posed, limb=make_young(posed.limb, years, male=male, rng=rng))
    # Small hands are exposed for less.
    shown = show(posed, side=LIMBS[limb].side, mirrored=False, height=height, varied=varied,
                 thickness=0.35 + 0.65 * size, rng=rng)  # fmt: skip
    row = {"image_id": image_id, "months": months, "male": male, "limb": limb, **shown.columns}
    joints = joint_rows(image_id, posed.limb, shown.view, scores, rng)
    return SyntheticRadiograph(shown.image, shown.mask, row | posed.columns, joints)


def make_young(limb: Limb, years: float, *, male: bool, rng: Generator) -> Limb:
    """Turn a grown hand into one of that age: what is still cartilage does not show."""
    bones: list[Bone] = []
    for bone in limb.bones:
        own = years * (1 + AGE_SD * float(np.clip(rng.normal(), -2, 2)))
        if bone.name == "ring":
            continue
        if isinstance(bone, Tube):
            bones += _young_tube(bone, own, male=male)
        else:
            young = _young_blob(bone, own, male=male)
            bones += [young] if young is not None else []
    return replace(limb, bones=bones)


def _young_blob(bone: Blob, years: float, *, male: bool) -> Blob | None:
    """A carpal or sesamoid as far as it is ossified: small and round at first."""
    ages = CARPALS.get(bone.name, SESAMOIDS)
    appears = at_age(ages, male=male)
    part = ossified(years, appears, appears + CARPAL_GROWTH)
    if part == 0.0:
        return None
    middle = float(bone.radius.mean())
    shape = middle * 0.92 + (bone.radius - middle * 0.92) * part**1.5
    return replace(
        bone,
        radius=(shape * part).astype(np.float32),
        half_depth=bone.half_depth * part,
        slant_x=bone.slant_x * part,
        slant_y=bone.slant_y * part,
    )


def _young_tube(bone: Tube, years: float, *, male: bool) -> list[Tube]:
    """Shaft and epiphysis of a tubular bone, the whole bone once they are united."""
    if bone.name not in EPIPHYSES:
        return [bone]
    end, appearance, union = EPIPHYSES[bone.name]
    appears, united = at_age(appearance, male=male), at_age(union, male=male)
    if years >= united:
        return [bone]
    thickness = _EPIPHYSIS.get(bone.name, _EPIPHYSIS.get(bone.name[:2], 5.0))
    plate = _PLATE * min(1.0, max(0.25, (united - years) / UNION))
    shaft = _cut(bone, end, thickness + plate, keep="shaft")
    part = ossified(years, appears, min(united - UNION, appears + 9.0))
    if part == 0.0:
        return [shaft]
    return [shaft, _centre(_cut(bone, end, thickness, keep="epiphysis"), end, thickness, part)]


def _cut(bone: Tube, end: str, at: float, *, keep: str) -> Tube:
    """One side of a bone that is cut across `at` mm from its end."""
    wave = 0.35 * np.cos(2.2 * np.pi * ACROSS) - 0.9 * np.clip(np.abs(ACROSS) - 0.75, 0, 1) / 0.25
    sign = 1.0 if keep == "shaft" else 0.0
    distance = at if keep == "shaft" else bone.length - at
    face = Surface((-distance + sign * wave).astype(np.float32), 0.7, plate=0.8)
    if keep == "epiphysis":
        edge = np.clip(np.abs(ACROSS) - 0.7, 0, 1) / 0.3
        face = Surface((-distance - 0.6 * edge**2).astype(np.float32), 1.0, plate=0.5)
    is_head = (end == "head") == (keep == "shaft")
    name = bone.name if keep == "shaft" else f"{bone.name}-epiphysis"
    return replace(bone, name=name, head=face if is_head else bone.head,
                   base=bone.base if is_head else face)  # fmt: skip


def _centre(epiphysis: Tube, end: str, thickness: float, part: float) -> Tube:
    """An epiphysis as wide and as thick as it is ossified; its outside is still cartilage."""
    missing = 0.6 * thickness * (1 - part)
    outside, inside = epiphysis.head, epiphysis.base
    if end == "base":
        outside, inside = inside, outside
    outside = Surface(
        (part * outside.reach - missing).astype(np.float32), outside.roundness, part * outside.plate
    )
    inside = replace(inside, reach=(inside.reach - 0.4 * missing).astype(np.float32))
    return replace(
        epiphysis,
        half_width=(part * epiphysis.half_width).astype(np.float32),
        spongy=np.full_like(ALONG, 0.26),
        head=outside if end == "head" else inside,
        base=inside if end == "head" else outside,
    )
