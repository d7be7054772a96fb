"""Bones as solids in millimetres.

A bone lies in the limb's frame: x to the right, y down, of a left limb seen from behind the
radiograph (thumb or great toe on the right, digits up), at the size of the mean adult.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NODES = 65
# Across a bone, -1 (ulnar, fibular) to 1 (radial, tibial), and along it, 0 (base) to 1 (head).
ACROSS = np.linspace(-1, 1, NODES, dtype=np.float32)
ALONG = np.linspace(0, 1, NODES, dtype=np.float32)
_MARGIN = 1.0
_BITE_COLUMNS = 9


@dataclass
class Bite:
    """An ellipse of lost bone, in the bone's own coordinates; `loss` is the share taken away."""

    along: float
    across: float
    half_along: float
    half_across: float
    angle: float = 0.0  # of the ellipse, from along towards across
    loss: float = 0.9
    rim: float = 0.0  # extra density of a sclerotic rim, relative
    phase: float = 0.0  # of the unevenness of its edge, radians


@dataclass
class Surface:
    """An end of a tubular bone: how far it reaches beyond the bone's nominal end, mm.

    `reach` has one value for each of ACROSS. `roundness` is how fast the bone thickens behind its
    surface, mm, or 0 where it is cut flat (a fused joint); `plate` is the strength of the dense
    plate under the cartilage, relative.
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

    def end_half_width(self, end: str) -> float:
        """Half the width of the "head" or "base" where it is widest, mm."""
        part = self.half_width[-12:] if end == "head" else self.half_width[:12]
        return float(part.max())

    def corners(self) -> list[tuple[float, float]]:
        """The four corners of a rectangle that holds the bone, limb coordinates."""
        wide = float((self.half_width + np.abs(self.bend)).max()) + _MARGIN
        low = -float(self.base.reach.max()) - _MARGIN
        high = self.length + float(self.head.reach.max()) + _MARGIN
        return [self.point(s, u) for s in (low, high) for u in (-wide, wide)]

    def packed(self) -> tuple[Floats, Floats, Floats]:
        """Numbers, tables and bites as the renderer takes them."""
        numbers = np.array(
            [self.x, self.y, np.sin(self.angle), np.cos(self.angle), self.length,
             self.depth * self.density, self.base.roundness, self.head.roundness,
             self.base.plate, self.head.plate], np.float32,
        )  # fmt: skip
        tables = np.stack([self.half_width, self.bend, self.cortex, self.spongy,
                           self.base.reach, self.head.reach])  # fmt: skip
        return numbers, tables.astype(np.float32), _packed_bites(self.bites)


@dataclass
class Blob:
    """A carpal, tarsal or sesamoid: a closed outline about (x, y), `radius` at equal angles, mm.

    The outline of the half that faces the radiograph is moved by (`slant_x`, `slant_y`) mm, which
    gives the double contours that such bones have on radiograph.
    """

    name: str
    x: float
    y: float
    radius: Floats  # at NODES equal angles from 0 (right) clockwise, first = last
    half_depth: float
    cortex: float
    spongy: float
    slant_x: float = 0.0
    slant_y: float = 0.0
    density: float = 1.0
    bites: list[Bite] = field(default_factory=list)

    def corners(self) -> list[tuple[float, float]]:
        """The four corners of a rectangle that holds the bone, limb coordinates."""
        r = float(self.radius.max()) + _MARGIN + max(abs(self.slant_x), abs(self.slant_y))
        return [(self.x + i * r, self.y + j * r) for i in (-1, 1) for j in (-1, 1)]

    def packed(self) -> tuple[Floats, Floats, Floats]:
        """Numbers, outline and bites as the renderer takes them."""
        numbers = np.array(
            [self.x, self.y, self.half_depth, self.cortex, self.spongy, self.density,
             self.slant_x, self.slant_y], np.float32,
        )  # fmt: skip
        return numbers, self.radius.astype(np.float32), _packed_bites(self.bites)


Bone = Tube | Blob


def _packed_bites(bites: list[Bite]) -> Floats:
    """One row a bite: place, half axes, sine and cosine of its angle, loss, rim, phase."""
    rows = [
        (b.along, b.across, b.half_along, b.half_across, np.sin(b.angle), np.cos(b.angle),
         b.loss, b.rim, b.phase)
        for b in bites
    ]  # fmt: skip
    return np.array(rows, np.float32).reshape(-1, _BITE_COLUMNS)
