"""Lead letters burnt into the radiograph: the side, and who exposed it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from sharpflow.anatomy import Side
from sharpflow.phantom.bones.solids import Floats

_NONE = 0.12  # share of radiographs without a marker


@dataclass(frozen=True)
class Marker:
    """A lead letter and initials on the radiograph."""

    lines: tuple[str, ...]
    x: int
    y: int
    size: int
    value: int
    turn: float
    plate: int  # brightness added by the plate that holds it

    def burn(self, image: npt.NDArray[np.uint8]) -> None:
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


def sample_marker(side: Side, brightness: float, inside: Floats, rng: Generator) -> Marker | None:
    """A side marker away from the limb, where `inside` is 0, if such a place is found."""
    if rng.random() < _NONE:
        return None
    height, width = inside.shape
    size = int(height * rng.uniform(0.045, 0.085))
    letters = "".join(rng.choice(list("ABCDEFGHJKMNPRSTVW"), rng.integers(2, 4)))
    lines = ("L" if side is Side.LEFT else "R",) + ((letters,) if rng.random() < 0.7 else ())
    value = int(min(255, brightness * rng.uniform(0.95, 1.3)))
    room = int(size * 1.5 * (1 + 0.6 * (len(lines) - 1)))
    for _ in range(30):
        x = int(rng.integers(-room // 5, max(1, width - room)))
        y = int(rng.integers(0, max(1, height - room)))
        if not inside[y : y + room, max(0, x) : x + room].any():
            plate = int(brightness * rng.choice([0, rng.uniform(0.04, 0.2)]))
            return Marker(lines, x, y, size, value, float(rng.normal(0, 12)), plate)
    return None
