"""What the detector sees of a radiograph, and the way back from there to the radiograph's pixels.

Silent in the paper. The limb fills the network's input, whatever its size on the radiograph, and
its grey values fill the range, whatever the exposure: small hands and dark radiographs look like
the rest.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
ViewName = Literal["radiograph", "limb"]

MARGIN = 0.08  # around the limb, as a share of its longer side
DARKEST, BRIGHTEST = 1.0, 99.5  # percentiles of the limb's grey values that become 0 and 255
# Of the radiograph; below it the mask is taken for a failure, and the radiograph is shown.
SMALLEST_LIMB = 0.02


class Images(Protocol):
    """Images of one size by number; a stack of shards or an array."""

    def __len__(self) -> int:
        """Number of images."""

    def __getitem__(self, index: int) -> Image:
        """One image, uint8 (height, width)."""


@dataclass(frozen=True)
class View:
    """An image for the detector, uint8 (height, width): view = radiograph * scale + offset."""

    image: Image
    scale: float
    x_offset: float
    y_offset: float

    def to_view(self, corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Boxes (n, 4) in the radiograph's pixels -> in the view's."""
        return corners * self.scale + self._shift

    def to_radiograph(self, corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Boxes (n, 4) in the view's pixels -> in the radiograph's."""
        return np.asarray((corners - self._shift) / self.scale)

    @property
    def _shift(self) -> npt.NDArray[np.float64]:
        return np.array([self.x_offset, self.y_offset] * 2)


class MaskedRadiographs:
    """Radiographs with a black background, one at a time, so that memory holds no copy of all."""

    def __init__(self, radiographs: Images, masks: Images) -> None:
        """Pair radiographs with their masks (0 or 255), same rows in the same order."""
        if len(radiographs) != len(masks):
            raise ValueError(f"{len(radiographs)} radiographs, {len(masks)} masks")
        self._radiographs, self._masks = radiographs, masks

    def __len__(self) -> int:
        """Number of radiographs."""
        return len(self._radiographs)

    def __getitem__(self, index: int) -> Image:
        """One radiograph, uint8 (height, width), 0 outside its mask."""
        return np.where(self._masks[index] > 0, self._radiographs[index], np.uint8(0))


class Views:
    """The views of radiographs, one at a time."""

    def __init__(
        self,
        radiographs: Images,
        masks: Images,
        *,
        image_size: int,
        view: ViewName,
    ) -> None:
        """Pair radiographs of one size with their masks (0 or 255), same rows in the same order.

        "radiograph" shows the masked radiograph, its longer side `image_size` pixels. "limb" shows,
        on a canvas of the same size and shape, the limb cut out with a margin and its grey values
        stretched.
        """
        self._masked, self._masks = MaskedRadiographs(radiographs, masks), masks
        self._image_size, self._view = image_size, view

    def __len__(self) -> int:
        """Number of radiographs."""
        return len(self._masked)

    def __getitem__(self, index: int) -> View:
        """The view of one radiograph."""
        radiograph = self._masked[index]
        height, width = radiograph.shape
        size = view_shape(height, width, self._image_size)
        limb = self._masks[index] > 0
        if self._view == "radiograph" or limb.mean() < SMALLEST_LIMB:
            return _placed(radiograph, size, (0, 0, width, height))
        rows, columns = np.flatnonzero(limb.any(axis=1)), np.flatnonzero(limb.any(axis=0))
        left, right = float(columns[0]), float(columns[-1] + 1)
        top, bottom = float(rows[0]), float(rows[-1] + 1)
        margin = MARGIN * max(right - left, bottom - top)
        region = (left - margin, top - margin, right + margin, bottom + margin)
        return _placed(_stretched(radiograph, limb), size, region)


def view_shape(height: int, width: int, image_size: int) -> tuple[int, int]:
    """Height and width of the views of radiographs of this size, the longer `image_size`."""
    scale = image_size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _stretched(radiograph: Image, limb: npt.NDArray[np.bool_]) -> Image:
    """The radiograph with the limb's grey values spread over 0 to 255."""
    dark, bright = np.percentile(radiograph[limb], [DARKEST, BRIGHTEST])
    grey = np.clip((radiograph.astype(np.float32) - dark) * (255 / max(bright - dark, 1)), 0, 255)
    return np.where(limb, grey, 0).astype(np.uint8)


def _placed(
    radiograph: Image, size: tuple[int, int], region: tuple[float, float, float, float]
) -> View:
    """A region, as large as fits in the middle of a canvas of `size` (height, width)."""
    height, width = size
    left, top, right, bottom = region
    scale = min(height / (bottom - top), width / (right - left))
    x_offset = (width - scale * (left + right)) / 2
    y_offset = (height - scale * (top + bottom)) / 2
    # Shrunk by areas first, since warpAffine alone would skip pixels.
    if scale < 1:
        less = cv2.resize(radiograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        exact = less.shape[1] / radiograph.shape[1], less.shape[0] / radiograph.shape[0]
    else:
        less, exact = radiograph, (1.0, 1.0)
    rest = scale / exact[0], scale / exact[1]
    # Offsets are of pixels' edges, warpAffine's of their centres.
    matrix = np.array(
        [[rest[0], 0, x_offset + (rest[0] - 1) / 2], [0, rest[1], y_offset + (rest[1] - 1) / 2]]
    )
    image = cv2.warpAffine(less, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return View(np.asarray(image, dtype=np.uint8), scale, x_offset, y_offset)
