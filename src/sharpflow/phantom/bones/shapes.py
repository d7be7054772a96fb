"""The tube's outlines: flared ends, rounded heads, hollow bases, tufts."""

from functools import cache

import numpy as np
import numpy.typing as npt

from sharpflow.phantom.bones.measurements import TubeSize
from sharpflow.phantom.bones.solids import ACROSS, ALONG, Floats, Surface, Tube

# How far the flare of an end has gone at shares of the length: 1 full width, 0 the shaft's (ours).
_BASE_FLARE = ((0.0, 0.93), (0.05, 1.0), (0.1, 0.78), (0.18, 0.36), (0.28, 0.1), (0.42, 0.0))
_HEAD_FLARE = ((0.0, 0.84), (0.04, 0.96), (0.08, 1.0), (0.12, 0.82), (0.17, 0.42), (0.23, 0.17),
               (0.32, 0.04), (0.42, 0.0))  # fmt: skip
_TUFT_FLARE = ((0.0, 0.72), (0.08, 1.0), (0.16, 0.95), (0.3, 0.4), (0.42, 0.1), (0.55, 0.0))


@cache
def widths(size: TubeSize, *, tufted: bool = False) -> Floats:
    """Half widths along a bone: base and head flare out of the shaft. Read only."""
    base = _smooth(_table(ALONG, _BASE_FLARE))
    flare = _TUFT_FLARE if tufted else _HEAD_FLARE
    head = _smooth(_table(1 - ALONG, flare))
    full = size.shaft + (size.base - size.shaft) * base + (size.head - size.shaft) * head
    half: Floats = (full / 2).astype(np.float32)
    return half


def _table(at: Floats, points: tuple[tuple[float, float], ...]) -> npt.NDArray[np.float64]:
    places, values = np.array(points).T
    return np.asarray(np.interp(at, places, values))


def _smooth(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    padded = np.pad(table, 2, mode="edge")
    return np.convolve(padded, np.array([1, 3, 4, 3, 1]) / 12, mode="valid")


@cache
def cortices(size: TubeSize) -> Floats:
    """Thickness of the cortex along a bone: thick at mid-shaft, a shell at the ends. Read only."""
    bulge = np.exp(-(((ALONG - 0.52) / 0.24) ** 2))
    thickness: Floats = (0.4 + (size.cortex - 0.4) * bulge).astype(np.float32)
    return thickness


@cache
def spongy(ends: float, middle: float) -> Floats:
    """Density of the inside along a bone: spongy at the ends, marrow in the middle. Read only."""
    away = np.clip((np.abs(ALONG - 0.5) - 0.12) / 0.3, 0, 1)
    share = away * away * (3 - 2 * away)
    density: Floats = (middle + (ends - middle) * share).astype(np.float32)
    return density


def convex(height: float, *, roundness: float = 2.2) -> Surface:
    """A rounded head: the surface falls back by 0.8 `height` mm at the margins."""
    reach = -height * (1 - np.sqrt(1 - 0.96 * ACROSS**2))
    return Surface(reach.astype(np.float32), roundness)


def hollow(depth: float, *, roundness: float = 1.4) -> Surface:
    """A hollow base: the margins reach beyond the middle by `depth` mm, their edge is rounded."""
    edge = np.clip(np.abs(ACROSS) - 0.82, 0, None) / 0.18
    reach = -depth * (1 - ACROSS**2) - (0.4 + 0.5 * depth) * edge**2
    return Surface(reach.astype(np.float32), roundness)


def flat(*, slope: float = 0.0, roundness: float = 1.8) -> Surface:
    """A flat surface whose right margin reaches `slope` mm further than the middle."""
    edge = np.clip(np.abs(ACROSS) - 0.7, 0, None) / 0.3
    return Surface((slope * ACROSS - 1.6 * edge**2).astype(np.float32), roundness)


def double(height: float, *, roundness: float = 1.6) -> Surface:
    """A head of two condyles with a groove between them."""
    reach = height * (-0.4 * np.cos(1.6 * np.pi * ACROSS) - 2.0 * np.abs(ACROSS) ** 5)
    return Surface(reach.astype(np.float32), roundness)


def ridged(depth: float, *, roundness: float = 1.3) -> Surface:
    """A base of two shallow hollows with a ridge between them, which fits two condyles."""
    edge = np.clip(np.abs(ACROSS) - 0.85, 0, None) / 0.15
    reach = -depth * (0.75 - 0.45 * np.cos(1.6 * np.pi * ACROSS)) - 0.5 * edge**2
    return Surface((reach * (1 - 0.5 * ACROSS**4)).astype(np.float32), roundness)


def tuft(size: TubeSize) -> Surface:
    """The round tip of a last phalanx."""
    reach = -0.42 * size.head * (1 - np.sqrt(1 - 0.96 * ACROSS**2))
    return Surface(reach.astype(np.float32), 1.2, plate=0.0)


def tube(
    name: str,
    size: TubeSize,
    base: Surface,
    head: Surface,
    *,
    angle: float = 0.0,
    at: tuple[float, float] = (0.0, 0.0),
    shorten: float = 1.0,
    stout: float = 1.0,
    bow: float = 0.0,
    depth: float = 0.85,
    tufted: bool = False,
) -> Tube:
    """A tubular bone.

    Args:
        name: the bone's.
        size: its length, widths and cortex, mm.
        base: the surface of its near end.
        head: the surface of its far end.
        angle: radians from up to the right.
        at: where its base lies, x and y in the limb's frame, mm.
        shorten: cosine of its tilt out of the radiograph.
        stout: multiplies its width.
        bow: how far its middle is bent sideways, mm.
        depth: half thickness along the ray relative to half width.
        tufted: whether its head flares as a tuft does.
    """
    return Tube(
        name=name,
        x=at[0],
        y=at[1],
        angle=angle,
        length=size.length * shorten,
        half_width=widths(size, tufted=tufted) * np.float32(stout),
        bend=(bow * np.sin(np.pi * ALONG)).astype(np.float32),
        depth=depth,
        cortex=cortices(size),
        spongy=spongy(0.24, 0.05),
        base=base,
        head=head,
    )
