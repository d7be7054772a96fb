"""Positions of the labels beside a radiograph, and the ends of their lines."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]


def spread(wanted: Sequence[float], step: float, height: float) -> list[float]:
    """Move positions apart so that labels do not overlap.

    Args:
        wanted: upper edges of the labels, from top to bottom, pixels.
        step: height of a label.
        height: of the column; labels stay within it.

    Returns:
        Upper edges that are at least `step` apart.
    """
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + step if places else 0.0))
    bottom = height
    for number in reversed(range(len(places))):
        places[number] = min(places[number], bottom - step)
        bottom = places[number]
    return places


def nearest_open(start: Point, box: Rectangle, others: Sequence[Rectangle]) -> Point:
    """The point on the edge of `box` whose line from `start` crosses the fewest other boxes."""
    xs, ys = ((box[edge], (box[edge] + box[edge + 2]) / 2, box[edge + 2]) for edge in (0, 1))
    ends = [(x, y) for x in xs for y in ys if (x, y) != (xs[1], ys[1])]
    steps = np.linspace(0, 1, 60)[:, None]

    def cost(end: Point) -> tuple[int, float]:
        points = np.array(start) + steps * (np.array(end) - start)
        crossed = sum(_any_inside(points, other) for other in (*others, _shrunk(box)))
        return crossed, float(np.hypot(end[0] - start[0], end[1] - start[1]))

    return min(ends, key=cost)


def _any_inside(points: NDArray[np.float64], box: Rectangle) -> bool:
    x, y = points.T
    return bool(np.any((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])))


def _shrunk(box: Rectangle) -> Rectangle:
    return box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1
