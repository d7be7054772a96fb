"""A limb put together: bones, flesh, joints."""

from dataclasses import dataclass, field

import numpy as np

from sharpflow.anatomy import LimbKind
from sharpflow.phantom.bones import Bone, Tube


@dataclass(frozen=True)
class Flesh:
    """A tapering capsule of soft tissue between two points of the limb's frame, mm."""

    x0: float
    y0: float
    radius0: float
    x1: float
    y1: float
    radius1: float
    half_depth: float
    rounding: float  # from the skin inwards, where the full thickness is reached


@dataclass(frozen=True)
class Site:
    """Where a joint or a wrist site lies, limb frame, mm."""

    name: str
    x: float
    y: float
    width: float  # of the bone ends
    gap: float  # mean width of the joint space; NaN for sites without one


@dataclass
class Limb:
    """All that is drawn of one limb, in its own frame."""

    kind: LimbKind
    bones: list[Bone] = field(default_factory=list)
    flesh: list[Flesh] = field(default_factory=list)
    sites: dict[str, Site] = field(default_factory=dict)
    tips: list[tuple[float, float]] = field(default_factory=list)  # must lie on the film


@dataclass(frozen=True)
class Person:
    """What both hands and both feet of a patient share."""

    scale: float = 1.0  # all lengths
    stout: float = 1.0  # widths of bones relative to lengths
    flesh: float = 1.0  # soft tissue relative to the bones
    cortex: float = 1.0  # thickness of cortices, relative
    density: float = 1.0  # mineral, relative
    gap: float = 1.0  # joint spaces, relative


def draw_person(rng: np.random.Generator) -> Person:
    """A person: two patients of three are women, as in cohorts of rheumatoid arthritis."""
    from sharpflow.phantom.measurements import GAP_SD_PERSON, SIZE_BY_SEX, SIZE_SD

    sex = "female" if rng.random() < 0.7 else "male"
    return Person(
        scale=float(SIZE_BY_SEX[sex] * (1 + SIZE_SD * np.clip(rng.normal(), -2.2, 2.2))),
        stout=float(np.clip(rng.normal(0.96 if sex == "female" else 1.03, 0.04), 0.86, 1.15)),
        flesh=float(np.clip(rng.normal(1.0, 0.09), 0.8, 1.3)),
        cortex=float(np.clip(rng.normal(0.92, 0.15), 0.5, 1.25)),
        density=float(np.clip(rng.normal(1.0, 0.12), 0.65, 1.3)),
        gap=float(1 + GAP_SD_PERSON * np.clip(rng.normal(), -2, 2)),
    )


def scaled(limb: Limb, scale: float) -> Limb:
    """The same limb, larger or smaller in every length."""
    from dataclasses import replace

    bones: list[Bone] = []
    for bone in limb.bones:
        bites = [
            replace(
                b,
                along=b.along * scale,
                across=b.across * scale,
                half_along=b.half_along * scale,
                half_across=b.half_across * scale,
            )
            for b in bone.bites
        ]
        place = {"x": bone.x * scale, "y": bone.y * scale, "bites": bites}
        factor = np.float32(scale)
        if isinstance(bone, Tube):
            bones.append(
                replace(
                    bone,
                    **place,
                    length=bone.length * scale,
                    half_width=bone.half_width * factor,
                    bend=bone.bend * factor,
                    cortex=bone.cortex * factor,
                    base=replace(bone.base, reach=bone.base.reach * factor),
                    head=replace(bone.head, reach=bone.head.reach * factor),
                )
            )
        else:
            bones.append(
                replace(
                    bone,
                    **place,
                    radius=bone.radius * factor,
                    half_depth=bone.half_depth * scale,
                    cortex=bone.cortex * scale,
                )
            )
    flesh = [
        Flesh(*(getattr(f, n) * scale for n in Flesh.__dataclass_fields__)) for f in limb.flesh
    ]
    sites = {
        n: Site(n, s.x * scale, s.y * scale, s.width * scale, s.gap * scale)
        for n, s in limb.sites.items()
    }
    return Limb(limb.kind, bones, flesh, sites, [(x * scale, y * scale) for x, y in limb.tips])
