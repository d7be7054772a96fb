"""Putting one bone on another: the joint space, its loss, subluxation, fusion."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from sharpflow.phantom.bones import ACROSS, Surface, Tube
from sharpflow.phantom.damage import JointDamage, apply_space, carve, thin_around
from sharpflow.phantom.limb import Limb, Site

MakeBone = Callable[[tuple[float, float], float], Tube]


def link(
    limb: Limb,
    name: str,
    proximal: Tube,
    make: MakeBone,
    *,
    gap: float,
    turn: float,
    damage: JointDamage,
    rng: Generator,
) -> Tube:
    """Put the bone that `make` gives on the head of `proximal`, record the joint as a site.

    `gap` is the healthy joint space in mm, `turn` the angle of the distal bone to the proximal
    one in radians. Lesions are carved into both bones.
    """
    lost = carve(proximal, "head", damage.proximal, rng)
    width = 2 * float(proximal.half_width[-5])
    bone = make((0.0, 0.0), proximal.angle + turn + damage.tilt)
    width = max(width, 2 * float(bone.half_width[4]))
    hollow = -float(bone.base.reach[ACROSS.size // 2])
    apply_space(bone, damage, gap)
    lost += carve(bone, "base", damage.distal, rng)
    space = gap * damage.space_left
    if damage.fused:
        _fuse(proximal, bone)
        step = -0.25 * gap
    else:
        # The bones follow half of the length that a collapse takes.
        step = space - hollow - 0.5 * lost - damage.overlap * width
    bone.x, bone.y = proximal.point(proximal.length + step, damage.shift * width)
    worst = max(damage.erosion / 5, damage.narrowing / 4)
    if worst > 0:
        thin_around(proximal, "head", 0.4 * min(worst, 1))
        thin_around(bone, "base", 0.4 * min(worst, 1))
    limb.bones.append(bone)
    middle = 0.5 * (step + hollow) if not damage.fused else 0.5 * step
    x, y = proximal.point(proximal.length + middle, 0.5 * damage.shift * width)
    limb.sites[name] = Site(name, x, y, width, mean_gap(damage, gap))
    return bone


def mean_gap(damage: JointDamage, gap: float) -> float:
    """Mean width of the joint space over the joint, mm; 0 when fused or dislocated."""
    if damage.narrowing == 4:
        return 0.0
    across = np.clip(np.sign(damage.focal) * ACROSS, 0, 1)
    lost = abs(damage.focal) * np.minimum(across * across * (3 - 2 * across) * 1.6, 1)
    return float(gap * (damage.space_left - lost.mean()))


def _fuse(proximal: Tube, distal: Tube) -> None:
    """Cut both ends flat so that they meet without a line, and let the widths run together."""
    flat = np.zeros_like(ACROSS)
    proximal.head = Surface(flat, 0.3, plate=0.0)
    distal.base = Surface(flat, 0.3, plate=0.0)
    wide = 0.5 * float(proximal.half_width[-1] + distal.half_width[0])
    proximal.half_width[-6:] = np.linspace(proximal.half_width[-6], wide, 6)
    distal.half_width[:6] = np.linspace(wide, distal.half_width[5], 6)


def stretched(surface: Surface, factor: float) -> Surface:
    """A surface with its curve made deeper or shallower."""
    return replace(surface, reach=(surface.reach * np.float32(factor)).astype(np.float32))
