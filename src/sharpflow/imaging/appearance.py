"""What a radiograph looks like, in a few numbers: exposure, and which way the fingers point.

From these the checks warn of what can be read and is implausible (`cohorts.plausible_radiographs`).
They are measured on the radiograph made small, in milliseconds beside decoding it. All are ours.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.imaging.reading import Grey
from sharpflow.imaging.silhouettes import (
    Mask,
    is_solid,
    pack_silhouette,
    regions,
    silhouette,
)

SIZE = 192  # pixels of the longer side, when measured
_NARROWEST = 16  # pixels; nothing is seen on a narrower strip
_FINGERS, _FEWEST_DIGITS = 0.6, 3  # less of either is no hand
_MOST_RUNS = 5  # fingers of a hand
_DARK_BORDER = 0.2  # up to here the negative is not looked at
_SECOND_LIMB = 0.3  # least area of a second limb, as a share of the first's
HAND_DIGITS = range(4, 7)  # that a hand shows; one may hide, and the forearm may count
_CLEARLY = 0.2  # by which the negative must look more like a hand than the radiograph does
# A ground so bright needs no more than that the negative shows a hand (chosen on the same 700).
_BRIGHT = 0.7


class Shape(NamedTuple):
    """The silhouette of the largest limb, and how many there are."""

    up: float  # rows' fingers, upper half less lower half; about 1.6 for an upright hand
    left: float  # columns' fingers, left half less right half; about 1.6 where they point left
    digits: int  # fingers that stick out of the palm
    thumb: float  # degrees by which the gap on the right side of five digits is wider; else NaN
    limbs: int  # regions nearly as large as the largest
    share: float  # of the radiograph's area
    across: float  # its width, as a share of the radiograph's

    @property
    def fingers(self) -> float:
        """How clearly one half has more fingers than the other, whichever way they point."""
        return max(abs(self.up), abs(self.left))


class Appearance(NamedTuple):
    """What a radiograph looks like."""

    brightest: float  # 99th percentile, grey levels
    contrast: float  # 99th less 1st percentile, grey levels
    border: float  # the background's place between them, 0 dark to 1 bright
    shape: Shape
    negative: Shape  # of its negative; nothing where fingers stand out from a dark border
    mask: Mask  # the silhouette


NOTHING = Shape(0.0, 0.0, 0, math.nan, 0, 0.0, 0.0)
APPEARANCE_TABLE = [
    "image_id",
    "height",
    "width",
    "brightest",
    "contrast",
    "border",
    *Shape._fields,
    *(f"negative_{name}" for name in Shape._fields),
    "silhouette",
    "header_says",  # what contradicts the user; blank where nothing does
    "burned_in",  # 1 where the header says that text is burned into the pixels, else 0
]


def measure_appearance(image: Grey) -> Appearance:
    """Measure a radiograph, uint8 (height, width)."""
    small = _small(image)
    low, high = (float(value) for value in np.percentile(small, (1, 99)))
    border = float(np.clip((_ring(small) - low) / (high - low), 0, 1)) if high > low else 0.0
    if min(small.shape) < _NARROWEST:
        mask = np.zeros(small.shape, np.uint8)
        return Appearance(high, high - low, border, NOTHING, NOTHING, mask)
    mask = silhouette(small)
    shape = measure_shape(mask)
    doubtful = border > _DARK_BORDER or not shows_fingers(shape)
    negative = measure_shape(silhouette(np.asarray(255 - small))) if doubtful else NOTHING
    return Appearance(high, high - low, border, shape, negative, mask)


def appearance_row(
    image_id: str, image: Grey, header_says: str = "", *, burned_in: bool = False
) -> list[str | float]:
    """A row of APPEARANCE_TABLE.

    Args:
        image_id: of the radiograph.
        image: uint8 (height, width).
        header_says: as `check_limb` gives it.
        burned_in: as `has_burned_in_text` gives it.
    """
    seen = measure_appearance(image)
    numbers = [seen.brightest, seen.contrast, seen.border, *seen.shape, *seen.negative]
    rounded = [round(float(number), 3) for number in numbers]
    return [
        image_id,
        *image.shape,
        *rounded,
        pack_silhouette(seen.mask),
        header_says,
        int(burned_in),
    ]


def shows_fingers(shape: Shape) -> bool:
    """Whether a silhouette has fingers, whichever way they point."""
    return shape.fingers >= _FINGERS and shape.digits >= _FEWEST_DIGITS


def looks_inverted(
    border: float,
    shape: Shape,
    negative: Shape,
    body_part: BodyPart,
    *,
    most_border: float,
    fingers: float,
) -> bool:
    """Whether bones are dark on a bright ground.

    Args:
        border: as `Appearance` has it, likewise `shape` and `negative`.
        shape: of the radiograph.
        negative: of its negative.
        body_part: what it shows; the negative of a hand must show its fingers, and more clearly
            unless the ground is very bright.
        most_border: the brightest border of a radiograph that is not inverted.
        fingers: how clearly the negative of a hand must show them.
    """
    if border <= most_border:
        return False
    if body_part is not BodyPart.HAND:
        return True
    clear = _likeness(negative)
    return clear >= fingers and (border > _BRIGHT or clear > _likeness(shape) + _CLEARLY)


def _likeness(shape: Shape) -> float:
    """How clearly a silhouette has a hand's fingers, whichever way they point; 0 for none."""
    return shape.fingers if shape.digits in HAND_DIGITS else 0.0


def measure_shape(mask: Mask) -> Shape:
    """Measure a silhouette."""
    found = [region for region in regions(mask) if not is_solid(region)]
    if not found:
        return NOTHING
    limb = found[0]
    area = int(limb.sum())
    up, left = _first_half_more(limb), _first_half_more(limb.T)
    angles = _digits(np.rot90(limb, quarter_turns(up, left)).copy())
    return Shape(
        up,
        left,
        len(angles),
        (angles[4] - angles[3]) - (angles[1] - angles[0]) if len(angles) == 5 else math.nan,
        sum(int(region.sum()) >= _SECOND_LIMB * area for region in found),
        area / mask.size,
        limb.shape[1] / mask.shape[1],
    )


def _small(image: Grey) -> Grey:
    scale = SIZE / max(image.shape)
    height, width = (max(1, round(side * scale)) for side in image.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _ring(small: Grey) -> float:
    """Median between a sixteenth and an eighth of each side from the border."""
    height, width = small.shape
    ring = np.zeros(small.shape, np.bool_)
    ring[height // 16 : height - height // 16, width // 16 : width - width // 16] = True
    ring[height // 8 : height - height // 8, width // 8 : width - width // 8] = False
    return float(np.median(small[ring])) if ring.any() else float(np.median(small))


def _first_half_more(limb: Mask) -> float:
    """How many more runs a row crosses in the upper half of a limb than in the lower, on average.

    A row through the fingers of a hand crosses three to five, one through the wrist a single run.
    """
    padded = np.pad(limb.astype(np.int8), ((0, 0), (1, 0)))
    runs = np.minimum((np.diff(padded, axis=1) == 1).sum(1), _MOST_RUNS)
    half = len(runs) // 2
    return float(runs[:half].mean() - runs[half:].mean()) if half else 0.0


def quarter_turns(up: float, left: float) -> int:
    """Quarter turns against the clock that bring the fingers up."""
    return int(np.argmax([up, -left, -up, left]))


def _digits(limb: Mask) -> list[float]:
    """Directions of the fingers from the palm's middle: degrees from straight up, left to right.

    The palm is what a disk of half its width can sweep; a finger is what remains and sticks out.
    """
    limb = np.pad(limb, 2)
    depth = cv2.distanceTransform(limb, cv2.DIST_L2, 3)
    radius = float(depth.max())
    middle_y, middle_x = np.unravel_index(int(depth.argmax()), depth.shape)
    core = np.asarray(depth > 0.55 * radius, np.uint8)
    away = cv2.distanceTransform(1 - core, cv2.DIST_L2, 3)
    outside = ((limb > 0) & (away > 0.55 * radius + 1.5)).astype(np.uint8)
    _, labels, table, _ = cv2.connectedComponentsWithStats(outside, connectivity=8)
    angles = []
    for number in range(1, len(table)):
        x, y, width, height, area = table[number]
        if area < 0.1 * radius**2:
            continue
        rows, columns = np.nonzero(labels[y : y + height, x : x + width] == number)
        dy, dx = rows + y - middle_y, columns + x - middle_x
        distance = np.hypot(dy, dx)
        if distance.max() - distance.min() < 0.5 * radius:
            continue
        tip = int(distance.argmax())
        angle = math.degrees(math.atan2(dx[tip], -dy[tip]))
        if abs(angle) < 120:  # else it is a slender forearm
            angles.append(angle)
    return sorted(angles)


class Look:
    """Measures radiographs as they are decoded, from any thread."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self._rows: dict[str, list[str | float]] = {}

    def __call__(
        self, image_id: str, image: Grey, header_says: str = "", burned_in: bool = False
    ) -> None:
        """Measure one, and keep what its DICOM header says (see `appearance_row`)."""
        self._rows[image_id] = appearance_row(image_id, image, header_says, burned_in=burned_in)

    def table(self) -> pd.DataFrame:
        """APPEARANCE_TABLE of all that were measured, by image_id."""
        return pd.DataFrame(
            [self._rows[key] for key in sorted(self._rows)], columns=APPEARANCE_TABLE
        )
