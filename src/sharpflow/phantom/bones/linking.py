"""Putting one bone on another: the joint space, its loss, subluxation, fusion."""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from sharpflow.phantom.bones.limb import Limb, Person, Site
from sharpflow.phantom.bones.measurements import GAP_SD_JOINT
from sharpflow.phantom.bones.solids import ACROSS, Surface, Tube
from sharpflow.phantom.damage.lesions import JointDamage, carve, focal_loss, thin_around

_MEASURED = 0.5  # half of the surface, about its middle, over which a joint space is measured


@dataclass
class Assembly:
    """A limb being put together: whose it is, its joint spaces and what is wrong with them."""

    limb: Limb
    person: Person
    rng: Generator
    gaps: dict[str, float]  # healthy joint spaces of this limb, mm
    damages: dict[str, JointDamage] = field(default_factory=dict)

    def damage(self, name: str) -> JointDamage:
        """What is wrong with a joint; nothing where nothing is scored."""
        return self.damages.get(name, JointDamage())

    def lost(self, name: str) -> float:
        """How much nearer the bones on both sides of a joint have come, mm."""
        damage = self.damage(name)
        if damage.narrowing == 4:
            return 1.35 * self.gaps[name]  # the bones run into each other
        return self.gaps[name] - self.space(name)

    def space(self, name: str) -> float:
        """Mean width of the joint space that is left, mm; 0 when fused or dislocated."""
        damage = self.damage(name)
        if damage.narrowing == 4:
            return 0.0
        if not damage.focal:
            return self.gaps[name] * damage.space_left
        return float(self.gaps[name] * (damage.space_left - focal_loss(damage).mean()))


def own_gaps(nominal: dict[str, float], person: Person, rng: Generator) -> dict[str, float]:
    """Healthy joint spaces of one limb: the person's, and each joint's own."""
    return {
        name: gap * person.gap * float(1 + GAP_SD_JOINT * np.clip(rng.normal(), -2, 2))
        for name, gap in nominal.items()
    }


def link(assembly: Assembly, name: str, proximal: Tube, distal: Tube, *, turn: float) -> Tube:
    """Put `distal` on the head of `proximal` and record the joint as a site.

    Lesions are carved into both bones, the joint space is made as narrow as its score says.

    Args:
        assembly: the limb; it gets the distal bone and the site.
        name: the joint's.
        proximal: a bone that is in its place.
        distal: the bone that is moved.
        turn: angle of the distal bone to the proximal one, radians.

    Returns:
        `distal`.
    """
    damage, gap = assembly.damage(name), assembly.gaps[name]
    width = 2 * max(proximal.end_half_width("head"), distal.end_half_width("base"))
    # How far apart the bones' nominal ends would be with the surfaces touching, on average.
    central = np.abs(ACROSS) <= _MEASURED
    head = float(proximal.head.reach[central].mean())
    apart = head + float(distal.base.reach[central].mean())
    distal.angle = proximal.angle + turn + damage.tilt
    if damage.focal:
        loss = (gap * focal_loss(damage)).astype(np.float32)
        distal.base.reach = distal.base.reach + loss
    lost = carve(proximal, "head", damage.proximal, assembly.rng)
    lost += carve(distal, "base", damage.distal, assembly.rng)
    if damage.fused:
        step = 0.3 * apart
        _fuse(proximal, distal, step, turn)
    else:
        # The bones follow half of the length that a collapse takes.
        step = gap * damage.space_left + apart - 0.5 * lost - damage.overlap * width
    distal.x, distal.y = proximal.point(proximal.length + step, damage.shift * width)
    worst = max(damage.erosion / 5, damage.narrowing / 4)
    thin_around(proximal, "head", 0.35 * min(worst, 1))
    thin_around(distal, "base", 0.35 * min(worst, 1))
    assembly.limb.bones.append(distal)
    centre = 0.5 * step if damage.fused else head + 0.5 * (step - apart)
    x, y = proximal.point(proximal.length + centre, 0.5 * damage.shift * width)
    assembly.limb.sites[name] = Site(name, x, y, width, assembly.space(name))
    return distal


def _fuse(proximal: Tube, distal: Tube, step: float, turn: float) -> None:
    """Cut both ends so that they meet without a line, and let the widths run together."""
    half = 0.5 * (proximal.end_half_width("head") + distal.end_half_width("base"))
    slope = float(np.tan(turn / 2)) * half
    # Both cuts lie in the plane that halves the angle, at the point where the axes meet.
    proximal.head = Surface((step - slope * ACROSS).astype(np.float32), 0.0, plate=0.0)
    distal.base = Surface((-slope * ACROSS).astype(np.float32), 0.0, plate=0.0)
    wide = 0.96 * half
    proximal.half_width[-6:] = np.linspace(proximal.half_width[-6], wide, 6)
    distal.half_width[:6] = np.linspace(wide, distal.half_width[5], 6)
