"""Damage of a joint, sampled from its scores by the scoring rules' words.

van der Heijde (J Rheumatol 2000;27:261-263): each discrete erosion counts 1, a larger one 2, one
past the middle of the bone's surface 3, complete collapse 5; they add up to 5 at most (the foot:
5 on each side of the joint). Narrowing: 1 focal or doubtful; 2 general, more than half of the
space left; 3 general, less than half left, or subluxed; 4 fused or fully dislocated.
The sizes in the tables below are ours: what the words leave open.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from sharpflow.phantom.bones.solids import ACROSS, ALONG, Bite, Blob, Floats, Tube

# What lesions can add up to a score on one bone or one joint, and how often (ours).
DECOMPOSITIONS: dict[int, tuple[tuple[tuple[int, ...], float], ...]] = {
    1: (((1,), 1.0),),
    2: (((1, 1), 0.45), ((2,), 0.55)),
    3: (((1, 1, 1), 0.2), ((2, 1), 0.45), ((3,), 0.35)),
    4: (((2, 1, 1), 0.3), ((2, 2), 0.3), ((3, 1), 0.4)),
    5: (((5,), 0.45), ((3, 2), 0.3), ((2, 2, 1), 0.1), ((3, 1, 1), 0.15)),
}
# Width of a lesion along the joint's surface relative to the surface, and its depth into the
# bone relative to the surface's width: lowest and highest (ours).
LESION_WIDTH = {1: (0.15, 0.21), 2: (0.30, 0.40), 3: (0.55, 0.68), 5: (0.9, 1.0)}
LESION_DEPTH = {1: (0.15, 0.22), 2: (0.22, 0.32), 3: (0.25, 0.36), 5: (0.25, 0.4)}
# How far from the middle (0) to the margin (1) the surface lies that a lesion starts from (ours).
LESION_PLACE = {1: 0.9, 2: 0.8, 3: 0.55}
# Share of the joint space that is left, lowest and highest (ours; 1 is focal).
SPACE_LEFT = {0: (1.0, 1.0), 1: (0.95, 1.0), 2: (0.58, 0.70), 3: (0.22, 0.36), 4: (0.0, 0.0)}
FOCAL_LOSS = (0.28, 0.40)  # of the space at one side, score 1
SUBLUXED = 0.2  # share of narrowing 3 that is shown as subluxation
DISLOCATED = 0.4  # share of narrowing 4 that is shown as dislocation


@dataclass(frozen=True)
class Lesion:
    """One erosion: what it counts, and at which margin (1 radial or tibial, -1 the other)."""

    counts: int
    margin: int


@dataclass
class JointDamage:
    """What is wrong with one joint."""

    erosion: int = 0
    narrowing: int = 0
    proximal: list[Lesion] = field(default_factory=list)
    distal: list[Lesion] = field(default_factory=list)
    space_left: float = 1.0
    focal: float = 0.0  # loss at one margin, signed by the margin
    shift: float = 0.0  # of the distal bone, relative to the surface's width
    overlap: float = 0.0  # how far a dislocated bone has slid back, relative to the width
    tilt: float = 0.0  # of the distal bone, radians
    fused: bool = False


def sample_damage(
    erosion: int, narrowing: int, rng: Generator, *, each_side: bool = False
) -> JointDamage:
    """Lesions and joint space for a joint's scores.

    `each_side`: erosion is 0-10, up to 5 on each side of the joint, as in the foot.
    """
    damage = JointDamage(erosion, narrowing)
    if each_side:
        low, high = max(0, erosion - 5), min(5, erosion)
        proximal = int(np.clip(rng.binomial(erosion, 0.6), low, high))
        damage.proximal = _lesions(proximal, rng)
        damage.distal = _lesions(erosion - proximal, rng)
    else:
        lesions = _lesions(erosion, rng)
        if len(lesions) == 1 and lesions[0].counts == 5:
            damage.proximal = lesions
            damage.distal = [Lesion(5, lesions[0].margin)] if rng.random() < 0.35 else []
        else:
            for lesion in lesions:
                bone = damage.proximal if rng.random() < 0.6 else damage.distal
                bone.append(lesion)
    side = 1 if rng.random() < 0.5 else -1
    damage.space_left = float(rng.uniform(*SPACE_LEFT[narrowing]))
    if narrowing == 1:
        damage.focal = side * float(rng.uniform(*FOCAL_LOSS))
    if narrowing == 3 and rng.random() < SUBLUXED:
        damage.shift = -float(rng.uniform(0.22, 0.34))
        damage.tilt = -float(rng.uniform(0.05, 0.2))
    if narrowing == 4:
        if rng.random() < DISLOCATED:
            damage.shift = side * float(rng.uniform(0.5, 0.75))
            damage.overlap = float(rng.uniform(0.15, 0.4))
            damage.tilt = side * float(rng.uniform(0.0, 0.25))
        else:
            damage.fused = True
    return damage


def _lesions(score: int, rng: Generator) -> list[Lesion]:
    if score == 0:
        return []
    choices, shares = zip(*DECOMPOSITIONS[score], strict=True)
    counts = choices[int(rng.choice(len(choices), p=shares))]
    first = 1 if rng.random() < 0.6 else -1
    # Two lesions of one bone lie at different margins as long as there are margins left.
    return [Lesion(count, first if i % 2 == 0 else -first) for i, count in enumerate(counts)]


def carve(bone: Tube, end: str, lesions: list[Lesion], rng: Generator) -> float:
    """Take the lesions out of one end of a bone; returns the length lost to collapse, mm."""
    lost = 0.0
    surface = bone.head if end == "head" else bone.base
    half = bone.end_half_width(end)
    tip, inward = (bone.length, -1.0) if end == "head" else (0.0, 1.0)
    taken: dict[int, int] = {}
    for lesion in lesions:
        if lesion.counts == 5:
            lost = _collapse(bone, end, rng)
            continue
        wide = float(rng.uniform(*LESION_WIDTH[lesion.counts])) * 2 * half
        deep = float(rng.uniform(*LESION_DEPTH[lesion.counts])) * 2 * half
        place = taken.get(lesion.margin, 0)
        taken[lesion.margin] = place + 1
        # Small ones lie in the bare area beside the cartilage, large ones break into the joint.
        edge = round((lesion.margin * LESION_PLACE[lesion.counts] + 1) / 2 * (len(ACROSS) - 1))
        reach = float(surface.reach[edge])
        along = tip + (reach if end == "head" else -reach)
        behind = deep * (0.5 if lesion.counts > 1 else 0.75) + place * (deep * 1.1 + 0.8)
        bone.bites.append(
            Bite(
                along=along + inward * behind,
                across=lesion.margin * half * 1.02,
                half_along=deep,
                half_across=wide,
                angle=float(rng.normal(0, 0.25)),
                loss=float(rng.uniform(0.82, 0.97)),
                rim=float(rng.uniform(0.15, 0.4)) if rng.random() < 0.25 else 0.0,
                phase=float(rng.uniform(0, 2 * np.pi)),
            )
        )
    return lost


def _collapse(bone: Tube, end: str, rng: Generator) -> float:
    """The surface destroyed over its whole width and length lost."""
    surface = bone.head if end == "head" else bone.base
    half = bone.end_half_width(end)
    lost = float(rng.uniform(*LESION_DEPTH[5])) * 2 * half
    ragged = _ragged(rng) * 0.22 * half
    surface.reach = np.minimum(surface.reach, 0.25 * surface.reach).astype(np.float32)
    surface.reach = (surface.reach - lost + ragged).astype(np.float32)
    surface.plate = 0.15
    surface.roundness = 2.6
    return lost


def _ragged(rng: Generator) -> Floats:
    """An uneven line over ACROSS, about 1 high."""
    waves = [rng.normal() * np.sin(k * np.pi * ACROSS + rng.uniform(0, 6.3)) / k for k in (1, 2, 3)]
    line: Floats = np.sum(waves, axis=0).astype(np.float32)
    return line


def carve_blob(bone: Blob, score: int, rng: Generator) -> None:
    """Erosions of a carpal bone, at its edge; collapse leaves a shrunken, flattened bone."""
    for lesion in _lesions(score, rng):
        if lesion.counts == 5:
            ragged = _ragged(rng)
            ragged[-1] = ragged[0]
            bone.radius = (bone.radius * (0.74 + 0.05 * ragged)).astype(np.float32)
            bone.cortex *= 0.5
            continue
        angle = rng.uniform(0, 2 * np.pi)
        edge = float(np.interp((angle / (2 * np.pi)) % 1, ALONG, bone.radius))
        size = float(bone.radius.mean()) * 2
        wide = float(rng.uniform(*LESION_WIDTH[lesion.counts])) * size * 0.8
        deep = float(rng.uniform(*LESION_DEPTH[lesion.counts])) * size
        bone.bites.append(
            Bite(
                along=-np.sin(angle) * edge * 0.97,
                across=np.cos(angle) * edge * 0.97,
                half_along=wide,
                half_across=deep,
                angle=float(np.pi - angle),
                loss=float(rng.uniform(0.75, 0.92)),
                phase=float(rng.uniform(0, 2 * np.pi)),
            )
        )


def focal_loss(damage: JointDamage) -> Floats:
    """Share of the joint space that narrowing 1 takes, across the joint."""
    side = np.clip(np.sign(damage.focal) * ACROSS, 0, 1)
    ramp = np.minimum(1.6 * side * side * (3 - 2 * side), 1)
    loss: Floats = (abs(damage.focal) * ramp).astype(np.float32)
    return loss


def thin_around(bone: Tube, end: str, amount: float) -> None:
    """Take mineral from the end of a bone beside a bad joint; `amount` is the share lost there."""
    if amount == 0:
        return
    away = 1 - ALONG if end == "head" else ALONG
    near = np.exp(-((away / 0.22) ** 2))
    bone.spongy = (bone.spongy * (1 - amount * near)).astype(np.float32)
    bone.cortex = (bone.cortex * (1 - 0.6 * amount * near)).astype(np.float32)
