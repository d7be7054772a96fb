"""The tube's outlines: flared ends, rounded heads, hollow bases, tufts."""

import numpy as np
from numpy.random import Generator

from sharpflow.phantom.bones import ACROSS, ALONG, Floats, Surface, Tube
from sharpflow.phantom.measurements import TubeSize


def widths(size: TubeSize, *, waist: float = 0.5) -> Floats:
    """Half widths along a bone: base and head flare out of the shaft."""
    base = np.exp(-((ALONG / 0.24) ** 1.7))
    head = np.exp(-(((1 - ALONG) / 0.20) ** 1.7))
    bow = 0.06 * size.shaft * ((ALONG - waist) * 2) ** 2
    full = size.shaft + bow + (size.base - size.shaft) * base + (size.head - size.shaft) * head
    return (full / 2).astype(np.float32)


def cortices(size: TubeSize) -> Floats:
    """Thickness of the cortex along a bone: thick at mid-shaft, a shell at the ends."""
    bulge = np.exp(-(((ALONG - 0.52) / 0.23) ** 2))
    return (0.35 + (size.cortex - 0.35) * bulge).astype(np.float32)


def spongy(ends: float, middle: float) -> Floats:
    """Density of the inside along a bone: spongy at the ends, marrow in the middle."""
    return (middle + (ends - middle) * np.abs(2 * ALONG - 1.04) ** 1.5).astype(np.float32)


def convex(height: float, *, roundness: float = 2.2) -> Surface:
    """A rounded head: the surface falls back by `height` mm at the margins."""
    reach = -height * (1 - np.sqrt(1 - 0.96 * ACROSS**2))
    return Surface(reach.astype(np.float32), roundness)


def hollow(depth: float, *, roundness: float = 1.4) -> Surface:
    """A hollow base: the margins reach beyond the middle by `depth` mm."""
    reach = -depth * (1 - ACROSS**2) - 0.9 * np.clip(np.abs(ACROSS) - 0.85, 0, None) * 10 * depth
    return Surface(reach.astype(np.float32), roundness)


def flat(*, slope: float = 0.0, roundness: float = 1.8) -> Surface:
    """A flat surface whose right margin reaches `slope` mm further than the middle."""
    reach = slope * ACROSS - 1.2 * np.clip(np.abs(ACROSS) - 0.75, 0, None) * 4
    return Surface(reach.astype(np.float32), roundness)


def double(height: float, *, roundness: float = 1.6) -> Surface:
    """A head of two condyles with a groove between them."""
    reach = height * (0.35 * np.cos(2 * np.pi * ACROSS) * -1 - 2.2 * np.abs(ACROSS) ** 5)
    return Surface(reach.astype(np.float32), roundness)


def tuft(size: TubeSize) -> Surface:
    """The round tip of a last phalanx."""
    reach = -0.5 * size.head * (1 - np.sqrt(1 - 0.96 * ACROSS**2))
    return Surface(reach.astype(np.float32), 1.2, plate=0.0)


def tube(
    name: str,
    size: TubeSize,
    base: Surface,
    head: Surface,
    *,
    at: tuple[float, float],
    angle: float,
    shorten: float = 1.0,
    depth: float = 0.85,
    ends: float = 0.2,
    rng: Generator | None = None,
) -> Tube:
    """A tubular bone from its base at `at`; `shorten` is the cosine of its tilt out of the film."""
    bend = np.zeros_like(ALONG)
    if rng is not None:
        bend = 0.03 * size.shaft * rng.normal() * np.sin(np.pi * ALONG)
    return Tube(
        name=name,
        x=at[0],
        y=at[1],
        angle=angle,
        length=size.length * shorten,
        half_width=widths(size),
        bend=bend.astype(np.float32),
        depth=depth,
        cortex=cortices(size),
        spongy=spongy(ends, 0.04),
        base=base,
        head=head,
    )
