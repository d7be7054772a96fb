"""From line integrals to grey values: beam, screen, noise, exposure, borders, markers."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sharpflow.phantom.bones import Floats
from sharpflow.phantom.render import Rays

# Attenuation per mm that a film at about 50 kVp shows. NIST's tables give 0.038 for soft tissue and
# 0.25 for compact bone at 30 keV, the beam's mean; beam hardening and scatter without a grid halve
# the contrast of bone (ours).
FLESH = 0.028
BONE = 0.115


@dataclass(frozen=True)
class Exposure:
    """How a film was exposed and developed."""

    lowest: float = 0.0  # attenuation shown black
    range: float = 1.9  # attenuation from black to white
    gamma: float = 1.0
    background: float = 8.0  # grey of the open film
    brightness: float = 240.0  # grey of what is whitest
    noise: float = 0.015  # of the attenuation behind nothing
    blur: float = 0.22  # mm, standard deviation
    slope_x: float = 0.0  # attenuation across the film's width
    slope_y: float = 0.0
    texture: float = 0.12  # relative, of spongy bone
    border: tuple[int, int, int, int] = (0, 0, 0, 0)  # left, right, top, bottom, pixels
    border_value: int = 0


def draw_exposure(rng: Generator, height: int, width: int) -> Exposure:
    """An exposure as found in archives: mostly fair, some nearly black, some bright and flat."""
    kind = rng.choice(4, p=[0.72, 0.08, 0.1, 0.1])
    brightness, background = rng.uniform(175, 250), rng.uniform(2, 22)
    if kind == 1:
        brightness, background = rng.uniform(45, 90), rng.uniform(1, 12)
    elif kind == 2:
        brightness, background = rng.uniform(225, 252), rng.uniform(30, 75)
    elif kind == 3:
        brightness = rng.uniform(110, 170)
    border = [0, 0, 0, 0]
    value = 0
    if rng.random() < 0.35:
        for i in range(4):
            if rng.random() < 0.55:
                side = width if i < 2 else height
                border[i] = int(side * rng.uniform(0.008, 0.045))
        value = int(rng.choice([rng.uniform(0, 12), rng.uniform(200, 255)]))
    return Exposure(
        lowest=float(rng.uniform(-0.05, 0.1)),
        range=float(rng.uniform(1.9, 2.7)),
        gamma=float(rng.uniform(0.7, 1.05)),
        background=float(background),
        brightness=float(brightness),
        noise=float(rng.uniform(0.008, 0.022)),
        blur=float(rng.uniform(0.14, 0.26)),
        slope_x=float(rng.normal(0, 0.06)),
        slope_y=float(rng.normal(0, 0.06)),
        texture=float(rng.uniform(0.06, 0.16)),
        border=(border[0], border[1], border[2], border[3]),
        border_value=value,
    )


def expose(
    rays: Rays,
    exposure: Exposure,
    *,
    mm_per_pixel: float,
    rng: Generator,
    place: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0),
) -> Floats:
    """Grey values (height, width), 0-255, not yet rounded.

    `place` is where the window lies in the film (left, right, top, bottom as shares), for the
    gradient of the background.
    """
    height, width = rays.mineral.shape
    grain = texture(height, width, mm_per_pixel, rng)
    mineral = rays.mineral * (1 + np.float32(exposure.texture) * grain)
    attenuation = np.float32(FLESH) * rays.flesh + np.float32(BONE) * mineral
    left, right, top, bottom = place
    attenuation += (
        np.float32(exposure.slope_x) * np.linspace(left, right, width, dtype=np.float32)[None]
    )
    attenuation += (
        np.float32(exposure.slope_y) * np.linspace(top, bottom, height, dtype=np.float32)[:, None]
    )
    sigma = max(exposure.blur / mm_per_pixel, 0.25)
    attenuation = cv2.GaussianBlur(attenuation, (0, 0), sigma)
    noise = rng.standard_normal((height, width), dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * np.float32(1.9)
    spread = np.float32(exposure.noise) * np.exp(np.clip(attenuation, -1, 3) * np.float32(0.5))
    attenuation += spread * noise
    shown = np.clip((attenuation - exposure.lowest) / exposure.range, 0, 1.4)
    shown = np.float32(1.06) * shown / (np.float32(1) + np.float32(0.06) * shown**4)
    grey = exposure.background + (exposure.brightness - exposure.background) * (
        shown ** np.float32(exposure.gamma)
    )
    return np.clip(grey, 0, 255).astype(np.float32)


def texture(height: int, width: int, mm_per_pixel: float, rng: Generator) -> Floats:
    """Band-limited noise of the trabecular kind (0.4-1.5 mm), standard deviation 1."""
    coarse = 0.45 / mm_per_pixel
    rows, columns = max(4, int(height / coarse) + 2), max(4, int(width / coarse) + 2)
    noise = rng.standard_normal((rows, columns), dtype=np.float32)
    noise -= cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))


def finish(grey: Floats, exposure: Exposure, marker: "Marker | None" = None) -> NDArray[np.uint8]:
    """Marker and collimation borders burnt in, values rounded to 8 bits."""
    image = np.rint(grey).astype(np.uint8)
    if marker is not None:
        marker.burn(image)
    left, right, top, bottom = exposure.border
    height, width = image.shape
    image[:, :left] = exposure.border_value
    image[:, width - right :] = exposure.border_value
    image[:top] = exposure.border_value
    image[height - bottom :] = exposure.border_value
    return image


@dataclass(frozen=True)
class Marker:
    """A lead letter and initials on the film."""

    lines: tuple[str, ...]
    x: int
    y: int
    size: int
    value: int
    turn: float
    plate: int  # brightness added by the plate that holds it

    def burn(self, image: NDArray[np.uint8]) -> None:
        """Draw it into the image."""
        side = int(self.size * 1.5 * (1 + 0.6 * (len(self.lines) - 1)))
        stamp = np.zeros((side, side), np.uint8)
        ground = np.zeros((side, side), np.float32)
        scale = self.size / 26
        y = int(self.size * 0.25)
        for i, line in enumerate(self.lines):
            s = scale if i == 0 else scale * 0.62
            (w, h), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, s, 1)
            y += h + int(self.size * 0.12)
            thick = max(1, round(3.4 * s))
            cv2.putText(stamp, line, ((side - w) // 2, y), cv2.FONT_HERSHEY_SIMPLEX, s, 255, thick,
                        cv2.LINE_AA)  # fmt: skip
        ground[: min(side, y + int(self.size * 0.25)), side // 5 : side - side // 5] = 1
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), self.turn, 1.0)
        stamp, ground = (
            cv2.warpAffine(a, turn, (side, side)) for a in (stamp / np.float32(255), ground)
        )
        height, width = image.shape
        x0, y0 = max(0, self.x), max(0, self.y)
        x1, y1 = min(width, self.x + side), min(height, self.y + side)
        if x0 >= x1 or y0 >= y1:
            return
        part = image[y0:y1, x0:x1].astype(np.float32)
        stamp = stamp[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
        ground = ground[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
        part = np.minimum(part + self.plate * ground, 255)
        part += stamp * (self.value - part)
        image[y0:y1, x0:x1] = np.rint(np.clip(part, 0, 255)).astype(np.uint8)
