"""The loops over pixels: what a ray meets in one bone, and how deep a point lies in the flesh.

Coordinates, tables and units are those of `bones` and `limb`. `affine` is (a, b, c, d, e, f): the
pixel in column i and row j of the window shows x = a i + b j + e, y = c i + d j + f. The window is
(left, right, top, bottom), the last ones excluded. All sums are in a fixed order: the same input
gives the same bytes.

Numba keeps the compiled code as long as this file is the same, so that nothing here may come from
another module.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Affine = tuple[float, float, float, float, float, float]
Window = tuple[int, int, int, int]

_SHELL = 0.45  # mm of compact bone behind a joint's surface
_PLATE = 0.55  # extra density of the plate under the cartilage
_PLATE_MIDDLE, _PLATE_SPREAD = 0.45, 0.35  # mm behind the surface
_BITE_BLUR = 0.14  # mm
_RAGGED = 0.07  # unevenness of a bite's edge, relative to its size
_RIM_MIDDLE, _RIM_SPREAD = 0.5, 0.35  # mm outside a bite
_CUT_BLUR = 0.5  # mm over which a cut end fades: two cut ends that meet sum to whole bone
_BLOB_ROUNDNESS = 3.4  # mm


@njit(cache=True)  # type: ignore[untyped-decorator]
def _lookup(table: Floats, t: float) -> float:
    last = table.size - 1
    place = min(max(t * last, 0.0), last - 1e-3)
    index = int(place)
    low: float = table[index]
    return low + (place - index) * float(table[index + 1] - low)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _dome(inside: float, roundness: float) -> float:
    if inside <= 0.0:
        return 0.0
    if inside >= roundness:
        return 1.0
    rest = 1.0 - inside / roundness
    return math.sqrt(1.0 - rest * rest)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _rise(inside: float, roundness: float) -> float:
    """Thickness behind an end's surface, 0 to 1."""
    if roundness > 0.0:
        return float(_dome(inside, roundness))
    return min(max(inside / _CUT_BLUR + 0.5, 0.0), 1.0)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _bump(x: float, middle: float, spread: float) -> float:
    z = (x - middle) / spread
    return math.exp(-z * z) if abs(z) < 4.0 else 0.0


@njit(cache=True)  # type: ignore[untyped-decorator]
def _kept(s: float, u: float, bites: Floats) -> float:
    """Share of the mineral that the bites leave at a point; edges are blurred by some 0.5 mm."""
    keep = 1.0
    for k in range(bites.shape[0]):
        ds, du = s - bites[k, 0], u - bites[k, 1]
        sine, cosine = bites[k, 4], bites[k, 5]
        a = (ds * cosine + du * sine) / bites[k, 2]
        b = (du * cosine - ds * sine) / bites[k, 3]
        away = math.sqrt(a * a + b * b)
        if away > 4.0:
            continue
        turn = math.atan2(b, a)
        edge = 1.0 + _RAGGED * (
            math.sin(3.0 * turn + bites[k, 8]) + 0.6 * math.sin(5.0 * turn - 2.0 * bites[k, 8])
        )
        outside = (away - edge) * min(bites[k, 2], bites[k, 3])
        if outside > 3.0:
            continue
        keep *= 1.0 - bites[k, 6] / (1.0 + math.exp(outside / _BITE_BLUR))
        if bites[k, 7] > 0.0:
            keep *= 1.0 + bites[k, 7] * _bump(outside, _RIM_MIDDLE, _RIM_SPREAD)
    return keep


@njit(cache=True)  # type: ignore[untyped-decorator]
def add_tube(  # noqa: PLR0917 (numba takes no keywords)
    out: Floats,
    window: Window,
    origin: tuple[int, int],
    affine: Affine,
    numbers: Floats,
    tables: Floats,
    bites: Floats,
) -> None:
    """Add a tubular bone to `out`, whose first pixel is radiograph pixel `origin` (column, row)."""
    left, right, top, bottom = window
    a, b, c, d, e, f = affine
    x0, y0, sine, cosine, length = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    depth, base_round, head_round = numbers[5], numbers[6], numbers[7]
    base_plate, head_plate = numbers[8], numbers[9]
    base_shell = _SHELL if base_round > 0.0 else 0.0
    head_shell = _SHELL if head_round > 0.0 else 0.0
    for j in range(top, bottom):
        for i in range(left, right):
            dx, dy = a * i + b * j + e - x0, c * i + d * j + f - y0
            s = dx * sine - dy * cosine
            t = s / length
            u = dx * cosine + dy * sine - _lookup(tables[1], t)
            half = _lookup(tables[0], t)
            v = u / half
            if v <= -1.0 or v >= 1.0:
                continue
            w = 0.5 * (v + 1.0)
            behind = s + _lookup(tables[4], w)
            before = length + _lookup(tables[5], w) - s
            ends = _rise(behind, base_round) * _rise(before, head_round)
            if ends <= 0.0:
                continue
            outer = 2.0 * half * math.sqrt(1.0 - v * v) * ends
            inner = 0.0
            inner_half = max(half - _lookup(tables[2], t), 0.05)
            v = u / inner_half
            if -1.0 < v < 1.0:
                inner = 2.0 * inner_half * math.sqrt(1.0 - v * v)
                inner *= _rise(behind - base_shell, base_round)
                inner *= _rise(before - head_shell, head_round)
                inner = min(inner, outer)
            mineral = outer - inner + _lookup(tables[3], t) * inner
            plates = base_plate * _bump(behind, _PLATE_MIDDLE, _PLATE_SPREAD)
            plates += head_plate * _bump(before, _PLATE_MIDDLE, _PLATE_SPREAD)
            mineral = (mineral + _PLATE * plates * outer) * depth
            if bites.shape[0] > 0:
                mineral *= _kept(s, u, bites)
            out[j - origin[1], i - origin[0]] += mineral


@njit(cache=True)  # type: ignore[untyped-decorator]
def add_blob(  # noqa: PLR0917 (numba takes no keywords)
    out: Floats,
    window: Window,
    origin: tuple[int, int],
    affine: Affine,
    numbers: Floats,
    radius: Floats,
    bites: Floats,
) -> None:
    """Add a carpal, tarsal or sesamoid to `out`: two half solids, one moved by the slant."""
    left, right, top, bottom = window
    a, b, c, d, e, f = affine
    x0, y0, half_depth, cortex = numbers[0], numbers[1], numbers[2], numbers[3]
    spongy, density = numbers[4], numbers[5]
    for j in range(top, bottom):
        for i in range(left, right):
            x, y = a * i + b * j + e - x0, c * i + d * j + f - y0
            mineral = 0.0
            for half in range(2):
                dx, dy = x - half * numbers[6], y - half * numbers[7]
                turn = math.atan2(dy, dx) / (2.0 * math.pi)
                inside = _lookup(radius, turn - math.floor(turn)) - math.sqrt(dx * dx + dy * dy)
                if inside > 0.0:
                    outer = _dome(inside, _BLOB_ROUNDNESS) * half_depth
                    inner = _dome(inside - cortex, _BLOB_ROUNDNESS) * (half_depth - cortex)
                    mineral += outer - inner * (1.0 - spongy)
            if mineral > 0.0:
                if bites.shape[0] > 0:
                    mineral *= _kept(-y, x, bites)
                out[j - origin[1], i - origin[0]] += mineral * density


@njit(cache=True)  # type: ignore[untyped-decorator]
def flesh_fields(
    columns: Doubles, rows: Doubles, affine: Affine, capsules: Doubles, blend: float
) -> Floats:
    """Depth inside the union of capsules, half thickness and rounding on a lattice.

    Returns float32 (3, rows, columns). Neighbouring capsules run together over `blend` mm.
    """
    a, b, c, d, e, f = affine
    fields = np.empty((3, rows.size, columns.size), np.float32)
    for j in range(rows.size):
        for i in range(columns.size):
            x, y = a * columns[i] + b * rows[j] + e, c * columns[i] + d * rows[j] + f
            weight, depth, rounding = 1e-9, 0.0, 0.0
            for k in range(capsules.shape[0]):
                x0, y0, r0 = capsules[k, 0], capsules[k, 1], capsules[k, 2]
                dx, dy = capsules[k, 3] - x0, capsules[k, 4] - y0
                px, py = x - x0, y - y0
                t = (px * dx + py * dy) / max(dx * dx + dy * dy, 1e-6)
                t = min(max(t, 0.0), 1.0)
                away = math.hypot(px - t * dx, py - t * dy)
                within = r0 + t * (capsules[k, 5] - r0) - away
                if within < -9.0 * blend:
                    continue
                share = math.exp(min(within / blend, 30.0))
                weight += share
                depth += share * capsules[k, 6]
                rounding += share * capsules[k, 7]
            fields[0, j, i] = blend * math.log(weight)
            fields[1, j, i] = depth / weight
            fields[2, j, i] = rounding / weight
    return fields


@njit(cache=True)  # type: ignore[untyped-decorator]
def soft_tissue(
    fields: Floats, columns: Floats, rows: Floats, mm_per_pixel: float
) -> tuple[Floats, Floats]:
    """What `flesh_fields` says, between its points: thickness, mm, and cover, 0 to 1, of pixels.

    Args:
        fields: of `flesh_fields`, (3, lattice rows, lattice columns).
        columns: where each pixel's column lies on the lattice, (width,) float32.
        rows: likewise, (height,).
        mm_per_pixel: size of a pixel.

    Returns:
        Both float32 (height, width). All is worked out in float32.
    """
    height, width = rows.size, columns.size
    zero, half, one, two = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
    pixel = np.float32(mm_per_pixel)
    across = np.empty((3, fields.shape[1], width), np.float32)
    for k in range(3):
        for j in range(fields.shape[1]):
            for i in range(width):
                at = int(columns[i])
                low = fields[k, j, at]
                part = np.float32(columns[i] - np.float32(at))
                across[k, j, i] = low + (fields[k, j, at + 1] - low) * part
    thickness = np.empty((height, width), np.float32)
    cover = np.empty((height, width), np.float32)
    for j in range(height):
        at = int(rows[j])
        part = np.float32(rows[j] - np.float32(at))
        above, below = across[:, at], across[:, at + 1]
        for i in range(width):
            inside = above[0, i] + (below[0, i] - above[0, i]) * part
            depth = above[1, i] + (below[1, i] - above[1, i]) * part
            rounding = above[2, i] + (below[2, i] - above[2, i]) * part
            rest = one - min(max(inside / max(rounding, one), zero), one)
            thickness[j, i] = two * depth * np.sqrt(max(one - rest * rest, zero))
            cover[j, i] = min(max(inside / pixel + half, zero), one)
    return thickness, cover
