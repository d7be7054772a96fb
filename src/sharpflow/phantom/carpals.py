"""Outlines of the carpal bones, millimetres; origin at the middle of the radius' joint line.

Coordinates: x to the radial side, y up (distal). Shapes are ours, drawn after atlases, within the
carpal height and the three arcs of measurements [5].
"""

import numpy as np

from sharpflow.phantom.bones import NODES, Blob, Floats

OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "lunate": (
        (-7.2, 1.5), (-3, -0.8), (3, -0.6), (8, 1.2), (8.6, 5.5), (7.0, 10.2), (3.2, 8.6),
        (-1.0, 8.2), (-4.6, 9.4), (-7.6, 7.2),
    ),
    "nav": (
        (10.2, 1.6), (15.5, 2.6), (20.5, 5.8), (24.3, 10), (25, 15), (21.5, 18.6), (17, 17.2),
        (14.2, 13.4), (10.4, 10.6), (9.8, 5.8),
    ),
    "triquetrum": (
        (-9.2, 2.0), (-14, 1.6), (-19.5, 4), (-21.8, 9), (-18.4, 13.2), (-13, 13.2), (-9.4, 9.6),
    ),
    "pisiform": ((-12.5, 7), (-14, 3), (-18, 1.8), (-22, 4), (-22.6, 8), (-19, 12), (-14.5, 11)),
    "capitate": (
        (-3.2, 12.6), (1.5, 10.2), (6.6, 12), (8.6, 16), (7.4, 21), (7.8, 28), (7.2, 33.4),
        (0, 34.2), (-6.4, 33), (-5.6, 26), (-5.6, 18),
    ),
    "hamate": (
        (-7.0, 19), (-7.4, 27), (-8, 32.4), (-13, 32.2), (-20, 30), (-23, 26), (-21, 20.4),
        (-16, 15.6), (-11, 12.2), (-6.8, 13.6),
    ),
    "trapezoid": (
        (9.4, 22.6), (14, 19.8), (17.4, 22.5), (18.2, 28), (17, 33.4), (11, 34.6), (9.4, 30),
    ),
    "mul": (
        (18.8, 20.4), (23, 20.4), (28, 22), (31.4, 27), (29.6, 31.6), (24, 34), (20, 32.4),
        (19.6, 27),
    ),
}  # fmt: skip
HALF_DEPTH = {
    "lunate": 7.5,
    "nav": 6.5,
    "triquetrum": 5.5,
    "pisiform": 4.0,
    "capitate": 8.5,
    "hamate": 8.5,
    "trapezoid": 7.0,
    "mul": 7.5,
}


def polar(outline: tuple[tuple[float, float], ...]) -> tuple[float, float, Floats]:
    """Centre (y down) and radius at NODES equal angles of a star-shaped outline, smoothed."""
    points = np.array([*outline, outline[0]], dtype=float)
    steps = np.linspace(0, 1, 24, endpoint=False)[:, None]
    dense = np.concatenate(
        [a + steps * (b - a) for a, b in zip(points[:-1], points[1:], strict=True)]
    )
    centre = dense.mean(axis=0)
    dx, dy = dense[:, 0] - centre[0], -(dense[:, 1] - centre[1])
    angle = np.mod(np.arctan2(dy, dx), 2 * np.pi)
    order = np.argsort(angle, kind="stable")
    at = np.linspace(0, 2 * np.pi, NODES)
    radius = np.interp(at, angle[order], np.hypot(dx, dy)[order], period=2 * np.pi)[:-1]
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    padded = np.concatenate([radius[-4:], radius, radius[:4]])
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return float(centre[0]), float(-centre[1]), np.append(smooth, smooth[0]).astype(np.float32)


_POLAR = {name: polar(outline) for name, outline in OUTLINES.items()}


def carpal(name: str) -> Blob:
    """A healthy carpal bone at its place."""
    x, y, radius = _POLAR[name]
    return Blob(name, x, y, radius.copy(), HALF_DEPTH[name], cortex=0.75, spongy=0.17)
