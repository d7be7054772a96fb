"""From line integrals to grey values: beam, screen, noise, exposure, collimation."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from sharpflow.anatomy import BodyPart
from sharpflow.phantom.bones.solids import Floats
from sharpflow.phantom.projection.render import Rays

# Attenuation per mm that a radiograph at about 50 kVp shows. NIST's tables give 0.038 for soft
# tissue and 0.25 for compact bone at 30 keV, the beam's mean; beam hardening and scatter without a
# grid halve the contrast of bone (ours).
FLESH = 0.028
BONE = 0.115
_HAZE = 11.0  # mm, standard deviation of scattered light about a limb (ours)


@dataclass(frozen=True)
class Exposure:
    """How a radiograph was exposed and developed."""

    lowest: float = 0.0  # attenuation shown black
    range: float = 1.9  # attenuation from black to white
    gamma: float = 1.0
    background: float = 8.0  # grey of the open radiograph
    brightness: float = 240.0  # grey of what is whitest
    noise: float = 0.015  # of the attenuation behind nothing
    blur: float = 0.22  # mm, standard deviation
    slope_x: float = 0.0  # attenuation across the radiograph's width
    slope_y: float = 0.0
    texture: float = 0.12  # relative, of spongy bone
    scatter: float = 0.06  # share of the attenuation that spreads to the surroundings
    flesh: float = 1.0  # attenuation of soft tissue relative to `FLESH`; a harder beam shows more


@dataclass(frozen=True)
class Collimation:
    """The beam's edge on the radiograph: a slightly turned rectangle; beyond it one grey value."""

    corners: tuple[tuple[int, int], ...]  # x, y in pixels
    value: int
    edge: float  # blur of the edge, pixels
    glow: float = 0.0  # grey added at the edge, within it; less further in
    glow_reach: float = 1.0  # pixels over which it fades


# How often a radiograph is fair, nearly black, dim on a grey ground, bright and flat, or pale
# (ours).
_KINDS = {"fair": 0.68, "dark": 0.07, "dim": 0.06, "flat": 0.1, "pale": 0.09}
_COLLIMATED = 0.35  # share of radiographs that show the beam's edge


def sample_exposure(body_part: BodyPart, rng: Generator) -> Exposure:
    """An exposure as found in archives: mostly fair, some nearly black, dim, flat or pale."""
    look = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    brightness, background = {
        "fair": ((175, 250), (2, 22)),
        "dark": ((45, 90), (1, 12)),
        "dim": ((75, 120), (25, 48)),
        "flat": ((225, 252), (30, 75)),
        "pale": ((110, 170), (2, 22)),
    }[look]
    thick = 1.0 if body_part is BodyPart.HAND else 1.3  # feet are exposed longer
    return Exposure(
        lowest=float(rng.uniform(-0.05, 0.1)),
        range=float(thick * rng.uniform(1.75, 2.5)),
        gamma=float(rng.uniform(0.7, 1.05)),
        background=float(rng.uniform(*background)),
        brightness=float(rng.uniform(*brightness)),
        noise=float(rng.uniform(0.008, 0.022)),
        blur=float(rng.uniform(0.14, 0.26)),
        slope_x=float(rng.normal(0, 0.06)),
        slope_y=float(rng.normal(0, 0.06)),
        texture=float(rng.uniform(0.06, 0.16)),
        scatter=float(rng.uniform(0.0, 0.12)),
    )


def sample_collimation(height: int, width: int, rng: Generator) -> Collimation | None:
    """The edge of the beam on some images, black or bright beyond it; never reaches a joint."""
    if rng.random() >= _COLLIMATED:
        return None
    shares = np.where(rng.random(4) < 0.6, rng.uniform(0.006, 0.038, 4), -0.03)
    left, right, top, bottom = shares * (width, width, height, height)
    turn = np.tan(np.deg2rad(np.clip(rng.normal(0, 0.8), -1.5, 1.5)))
    lean_x, lean_y = turn * width / 2, turn * height / 2
    corners = (
        (left + lean_y, top - lean_x),
        (width - right + lean_y, top + lean_x),
        (width - right - lean_y, height - bottom + lean_x),
        (left - lean_y, height - bottom - lean_x),
    )
    value = rng.uniform(0, 14) if rng.random() < 0.5 else rng.uniform(150, 255)
    whole = tuple((round(float(x)), round(float(y))) for x, y in corners)
    return Collimation(whole, int(value), float(rng.uniform(0.4, 2.5)))


def expose(
    rays: Rays,
    exposure: Exposure,
    *,
    mm_per_pixel: float,
    rng: Generator,
    place: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0),
    noise: Generator | None = None,
) -> Floats:
    """Grey values (height, width), 0-255, not yet rounded.

    `place` is where the window lies in the radiograph (left, right, top, bottom as shares), for the
    gradient of the background. With `noise` the noise is that generator's, and all else that `rng`
    gives, now and later, stays the same.
    """
    height, width = rays.mineral.shape
    grain = texture(height, width, mm_per_pixel, rng)
    mineral = rays.mineral * (1 + np.float32(exposure.texture) * grain)
    flesh = np.float32(FLESH * exposure.flesh)
    attenuation: Floats = (flesh * rays.flesh + BONE * mineral).astype(np.float32)
    left, right, top, bottom = place
    attenuation += (
        np.float32(exposure.slope_x) * np.linspace(left, right, width, dtype=np.float32)[None]
    )
    attenuation += (
        np.float32(exposure.slope_y) * np.linspace(top, bottom, height, dtype=np.float32)[:, None]
    )
    attenuation += np.float32(exposure.scatter) * _spread(attenuation, mm_per_pixel)
    # Screen and focal spot blur the light, not its logarithm.
    light = cv2.GaussianBlur(np.exp(-attenuation), (0, 0), max(exposure.blur / mm_per_pixel, 0.25))
    attenuation = -np.log(light)
    speckle = rng.standard_normal((height, width), dtype=np.float32)
    if noise is not None:
        speckle = noise.standard_normal((height, width), dtype=np.float32)
    speckle = cv2.GaussianBlur(speckle, (0, 0), 0.6) * np.float32(1.9)
    spread = np.float32(exposure.noise) * np.exp(np.clip(attenuation, -1, 3) * np.float32(0.5))
    attenuation += spread * speckle
    shown = np.clip((attenuation - exposure.lowest) / exposure.range, 0, 1.4)
    shown = np.float32(1.06) * shown / (np.float32(1) + np.float32(0.06) * shown**4)
    grey = exposure.background + (exposure.brightness - exposure.background) * (
        shown ** np.float32(exposure.gamma)
    )
    limited: Floats = np.clip(grey, 0, 255).astype(np.float32)
    return limited


def _spread(attenuation: Floats, mm_per_pixel: float) -> Floats:
    """The haze about a limb: attenuation blurred over a centimetre."""
    height, width = attenuation.shape
    step = max(1, round(_HAZE / mm_per_pixel / 4))
    small = (max(2, width // step), max(2, height // step))
    coarse = cv2.resize(attenuation, small, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), _HAZE / mm_per_pixel / step)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))


def texture(height: int, width: int, mm_per_pixel: float, rng: Generator) -> Floats:
    """Band-limited noise of spongy bone (0.4-1.5 mm, drawn out lengthwise), deviation about 1."""
    coarse = 0.45 / mm_per_pixel
    rows, columns = max(4, int(height / coarse) + 2), max(4, int(width / coarse) + 2)
    noise = rng.standard_normal((rows, columns), dtype=np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.01, sigmaY=1.8)
    grain = noise - cv2.GaussianBlur(noise, (0, 0), 2.5)
    mixed = 0.6 * grain + 1.5 * (streaks - cv2.GaussianBlur(streaks, (0, 0), 2.5))
    return np.asarray(cv2.resize(mixed, (width, height), interpolation=cv2.INTER_CUBIC))


def collimate(
    image: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8], collimation: Collimation
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Radiograph and limb mask with all that lies beyond the beam's edge hidden."""
    lit = np.zeros(image.shape, np.uint8)
    cv2.fillConvexPoly(lit, np.array(collimation.corners, np.int32), 255)
    soft = cv2.GaussianBlur(lit, (0, 0), collimation.edge).astype(np.float32) / 255
    inner = image.astype(np.float32)
    if collimation.glow:
        inside = cv2.distanceTransform(lit, cv2.DIST_L2, 3)
        inner += np.float32(collimation.glow) * np.exp(-inside / np.float32(collimation.glow_reach))
        inner = np.clip(inner, 0, 255)
    shown = soft * inner + (1 - soft) * np.float32(collimation.value)
    return np.rint(shown).astype(np.uint8), np.where(lit > 0, mask, 0).astype(np.uint8)
