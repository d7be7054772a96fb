"""Bones as solids in millimetres, and the mineral an X-ray meets on its way through them.

A bone lies in the limb's frame: x to the right, y down, of a left limb seen from behind the film
(thumb or great toe on the right, digits up). `mineral` gives what is met along the ray at each
point, in millimetres of compact bone.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NODES = 65
# Across a bone, -1 (ulnar, fibular) to 1 (radial, tibial), and along it, 0 (base) to 1 (head).
ACROSS = np.linspace(-1, 1, NODES, dtype=np.float32)
ALONG = np.linspace(0, 1, NODES, dtype=np.float32)
_MARGIN = 1.0


@dataclass
class Bite:
    """An ellipse of lost bone, in the bone's own coordinates; `loss` is the share taken away."""

    along: float
    across: float
    half_along: float
    half_across: float
    angle: float = 0.0
    loss: float = 0.9
    rim: float = 0.0  # extra density of a sclerotic rim, relative


@dataclass
class Surface:
    """An end of a tubular bone: how far it reaches beyond the bone's nominal end, mm.

    `reach` has one value for each of ACROSS. `roundness` is how fast the bone thickens behind its
    surface, mm; `plate` the strength of the dense plate under the cartilage, relative.
    """

    reach: Floats
    roundness: float
    plate: float = 1.0


@dataclass
class Tube:
    """A tubular bone from its base at (x, y) along `angle` (0 = up, positive = to the right)."""

    name: str
    x: float
    y: float
    angle: float
    length: float
    half_width: Floats  # of ALONG, mm
    bend: Floats  # sideways shift of the axis, of ALONG, mm
    depth: float  # half thickness along the ray relative to half width
    cortex: Floats  # of ALONG, mm
    spongy: Floats  # density of the inside relative to compact bone, of ALONG
    base: Surface
    head: Surface
    density: float = 1.0
    bites: list[Bite] = field(default_factory=list)

    def point(self, along: float, across: float = 0.0) -> tuple[float, float]:
        """Limb coordinates of a point given along and across the bone, mm."""
        sine, cosine = np.sin(self.angle), np.cos(self.angle)
        return (
            float(self.x + along * sine + across * cosine),
            float(self.y - along * cosine + across * sine),
        )

    def corners(self) -> list[tuple[float, float]]:
        """The four corners of a rectangle that holds the bone, limb coordinates."""
        wide = float((self.half_width + np.abs(self.bend)).max()) + _MARGIN
        low = -float(self.base.reach.max()) - _MARGIN
        high = self.length + float(self.head.reach.max()) + _MARGIN
        return [self.point(s, u) for s in (low, high) for u in (-wide, wide)]

    def local(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Along and across of limb coordinates, mm."""
        sine, cosine = np.float32(np.sin(self.angle)), np.float32(np.cos(self.angle))
        dx, dy = x - np.float32(self.x), y - np.float32(self.y)
        return dx * sine - dy * cosine, dx * cosine + dy * sine

    def mineral(self, x: Floats, y: Floats) -> Floats:
        """Compact bone met along the ray at limb coordinates x, y, mm."""
        s, u = self.local(x, y)
        t = s * np.float32(1 / self.length)
        half = lookup(self.half_width, t)
        u = u - lookup(self.bend, t)
        v = u / half
        w = (v + 1) / 2
        behind = s + lookup(self.base.reach, w)
        before = np.float32(self.length) + lookup(self.head.reach, w) - s
        cortex = lookup(self.cortex, t)
        outer = _chord(half, v) * _rise(behind, self.base) * _rise(before, self.head)
        inner_half = np.maximum(half - cortex, 0.05)
        thin = np.float32(0.45)
        inner = (
            _chord(inner_half, u / inner_half)
            * _rise(behind - thin, self.base)
            * _rise(before - thin, self.head)
        )
        inner = np.minimum(inner, outer)
        mineral = (outer - inner) + lookup(self.spongy, t) * inner
        plates = self.base.plate * _plate(behind) + self.head.plate * _plate(before)
        mineral = (mineral + 0.22 * plates * outer) * np.float32(self.depth * self.density)
        return bite(mineral, s, u, self.bites)


@dataclass
class Blob:
    """A carpal or tarsal: a closed outline about (x, y), `radius` at equal angles, mm."""

    name: str
    x: float
    y: float
    radius: Floats  # at equal angles from 0 (right) clockwise, first = last
    half_depth: float
    cortex: float
    spongy: float
    density: float = 1.0
    bites: list[Bite] = field(default_factory=list)

    def corners(self) -> list[tuple[float, float]]:
        """The four corners of a rectangle that holds the bone, limb coordinates."""
        r = float(self.radius.max()) + _MARGIN
        return [(self.x + i * r, self.y + j * r) for i in (-1, 1) for j in (-1, 1)]

    def local(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Along (up) and across (right) of limb coordinates, mm."""
        return np.float32(self.y) - y, x - np.float32(self.x)

    def mineral(self, x: Floats, y: Floats) -> Floats:
        """Compact bone met along the ray at limb coordinates x, y, mm."""
        s, u = self.local(x, y)
        turn = np.arctan2(-s, u) * np.float32(0.5 / np.pi)
        edge = lookup(self.radius, turn - np.floor(turn))
        inside = edge - np.hypot(s, u)
        outer = _dome(inside, 3.2) * np.float32(2 * self.half_depth)
        inner = _dome(inside - np.float32(self.cortex), 3.2) * np.float32(
            2 * (self.half_depth - self.cortex)
        )
        mineral = (outer - inner + np.float32(self.spongy) * inner) * np.float32(self.density)
        return bite(mineral, s, u, self.bites)


Bone = Tube | Blob


def lookup(table: Floats, t: Floats) -> Floats:
    """Linear interpolation of a table at equal steps from 0 to 1; ends hold beyond."""
    place = np.clip(t * np.float32(NODES - 1), 0, np.float32(NODES - 1.001))
    index = place.astype(np.int32)
    low = table[index]
    return low + (place - index) * (table[index + 1] - low)


def _chord(half: Floats, v: Floats) -> Floats:
    """Length of the ray through a round section of half width `half`, v from -1 to 1 across."""
    return 2 * half * np.sqrt(np.maximum(1 - v * v, 0))


def _dome(inside: Floats, roundness: float) -> Floats:
    """0 at an edge, 1 from `roundness` mm inside on, as a rounded edge gains thickness."""
    rest = 1 - np.clip(inside / np.float32(roundness), 0, 1)
    return np.sqrt(np.maximum(1 - rest * rest, 0))


def _rise(inside: Floats, surface: Surface) -> Floats:
    return _dome(inside, surface.roundness)


def _plate(inside: Floats) -> Floats:
    """The dense plate under a joint's surface, about 0.6 mm thick."""
    z = (inside - np.float32(0.45)) / np.float32(0.35)
    return np.exp(-z * z)


def bite(mineral: Floats, s: Floats, u: Floats, bites: list[Bite]) -> Floats:
    """Take the bites out of the mineral; each edge is blurred over some 0.5 mm."""
    for hole in bites:
        sine, cosine = np.float32(np.sin(hole.angle)), np.float32(np.cos(hole.angle))
        ds, du = s - np.float32(hole.along), u - np.float32(hole.across)
        a = (ds * cosine + du * sine) / np.float32(hole.half_along)
        b = (du * cosine - ds * sine) / np.float32(hole.half_across)
        small = np.float32(min(hole.half_along, hole.half_across))
        outside = (np.sqrt(a * a + b * b) - 1) * small  # mm, near the edge
        share = 1 / (1 + np.exp(np.clip(outside / np.float32(0.14), -30, 30)))
        keep = 1 - np.float32(hole.loss) * share
        if hole.rim:
            z = (outside - np.float32(0.5)) / np.float32(0.35)
            keep = keep * (1 + np.float32(hole.rim) * np.exp(-z * z))
        mineral = mineral * keep
    return mineral
