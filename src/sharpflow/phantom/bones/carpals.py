"""Outlines of the carpal bones, millimetres; origin at the middle of the radius' joint line.

Coordinates: x to the radial side, y up (distal). Shapes are ours, drawn after atlases, within the
carpal height and the three arcs of measurements [5].
"""

from itertools import pairwise

import numpy as np

from sharpflow.phantom.bones.solids import NODES, Blob, Floats

OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "triquetrum": (
        (-8.8, 2.2), (-14, 1.2), (-19.5, 3.4), (-22.6, 8.6), (-19.2, 13.8), (-13, 14.2),
        (-8.6, 10.2),
    ),
    "lunate": (
        (-7.6, 2.2), (-4, -1.4), (3, -1.6), (8.4, 0.8), (9.6, 5.5), (8.2, 11.2), (4.4, 9.4),
        (0.0, 8.6), (-4.6, 10.2), (-8.2, 8.2),
    ),
    "nav": (
        (9.6, 0.6), (15.5, 1.2), (21.0, 4.8), (25.3, 9.4), (26.8, 15.4), (23.0, 20.0),
        (17, 18.8), (13.4, 14.4), (9.6, 11.6), (9.0, 5.8),
    ),
    "pisiform": ((-12.5, 7), (-14, 3), (-18, 1.8), (-22, 4), (-22.6, 8), (-19, 12), (-14.5, 11)),
    "capitate": (
        (-4.2, 12.8), (1.0, 9.8), (6.8, 11.4), (9.6, 16), (8.4, 21), (8.6, 28), (8.0, 34.6),
        (0, 35.2), (-7.2, 34.2), (-6.6, 26), (-6.6, 18),
    ),
    "hamate": (
        (-6.2, 19), (-6.4, 27), (-7, 33.6), (-13, 33.6), (-21, 31.4), (-24.4, 26.6), (-22, 20.0),
        (-16.4, 14.8), (-10.6, 10.6), (-5.6, 12.8),
    ),
    "trapezoid": (
        (8.8, 22.0), (14, 18.8), (18.4, 21.8), (19.2, 28), (18, 34.6), (11, 35.8), (8.6, 30),
    ),
    "mul": (
        (17.6, 20.0), (22.5, 19.2), (29, 21.4), (33.2, 27), (31.4, 33.0), (25, 36.4), (20, 34.4),
        (18.6, 27),
    ),
}  # fmt: skip
HALF_DEPTH = {
    "triquetrum": 5.5,
    "lunate": 7.5,
    "nav": 6.5,
    "pisiform": 3.4,
    "capitate": 8.0,
    "hamate": 8.0,
    "trapezoid": 6.5,
    "mul": 7.5,
}


def polar(
    outline: tuple[tuple[float, float], ...], *, smooth: float = 0.9, grow: float = 0.0
) -> tuple[float, float, Floats]:
    """Centre (y down) and radius at NODES equal angles of a star-shaped outline.

    Corners are rounded over `smooth` steps of the angle; `grow` mm are added all round.
    """
    points = np.array([*outline, outline[0]], dtype=float)
    steps = np.linspace(0, 1, 24, endpoint=False)[:, None]
    dense = np.concatenate([a + steps * (b - a) for a, b in pairwise(points)])
    centre = (dense.max(axis=0) + dense.min(axis=0)) / 2
    dx, dy = dense[:, 0] - centre[0], -(dense[:, 1] - centre[1])
    angle = np.mod(np.arctan2(dy, dx), 2 * np.pi)
    order = np.argsort(angle, kind="stable")
    at = np.linspace(0, 2 * np.pi, NODES)
    radius = np.interp(at, angle[order], np.hypot(dx, dy)[order], period=2 * np.pi)[:-1]
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / smooth) ** 2)
    padded = np.concatenate([radius[-4:], radius, radius[:4]])
    rounded = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    closed = np.append(rounded, rounded[0]) + grow
    return float(centre[0]), float(-centre[1]), closed.astype(np.float32)


_POLAR = {name: polar(outline, grow=0.35) for name, outline in OUTLINES.items()}


def carpal(name: str) -> Blob:
    """A healthy carpal bone at its place."""
    x, y, radius = _POLAR[name]
    return Blob(name, x, y, radius.copy(), HALF_DEPTH[name], cortex=0.5, spongy=0.27)
