"""A limb put together: bones, flesh, joints; and the person it belongs to."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import BodyPart
from sharpflow.phantom.bones.measurements import GAP_SD_PERSON, SIZE_BY_SEX, SIZE_SD
from sharpflow.phantom.bones.solids import Bone, Tube


class Flesh(NamedTuple):
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
    """All that is made of one limb, in its own frame, at the size of the mean adult.

    `scale` is this limb's size relative to it: lengths on the radiograph are those here times
    `scale`.
    """

    body_part: BodyPart
    scale: float = 1.0
    bones: list[Bone] = field(default_factory=list)
    flesh: list[Flesh] = field(default_factory=list)
    sites: dict[str, Site] = field(default_factory=dict)
    tips: list[tuple[float, float]] = field(default_factory=list)  # must lie on the radiograph

    def tube(self, name: str) -> Tube:
        """The tubular bone of that name."""
        return next(b for b in self.bones if isinstance(b, Tube) and b.name == name)


@dataclass(frozen=True)
class Person:
    """What both hands and both feet of a patient share, relative to the mean adult."""

    scale: float = 1.0  # all lengths
    stout: float = 1.0  # widths of bones relative to lengths
    flesh: float = 1.0  # soft tissue relative to the bones
    cortex: float = 1.0  # thickness of cortices
    density: float = 1.0  # mineral
    gap: float = 1.0  # joint spaces


def sample_person(rng: Generator) -> Person:
    """A person: seven patients of ten are women, as in cohorts of rheumatoid arthritis."""
    woman = rng.random() < 0.7
    size = SIZE_BY_SEX["female" if woman else "male"]

    def around(mean: float, spread: float) -> float:
        return float(mean + spread * np.clip(rng.normal(), -2.2, 2.2))

    return Person(
        scale=size * around(1.0, SIZE_SD),
        stout=around(0.97 if woman else 1.02, 0.04),
        flesh=around(1.0, 0.09),
        cortex=around(0.9, 0.15),
        density=around(1.0, 0.1),
        gap=around(1.0, GAP_SD_PERSON),
    )


def fit_to_person(limb: Limb, person: Person) -> Limb:
    """Give the bones the person's stoutness and mineral, and the limb its size."""
    for bone in limb.bones:
        bone.density *= person.density
        if isinstance(bone, Tube):
            bone.cortex = bone.cortex * np.float32(person.cortex)
    limb.scale = person.scale
    return limb
