"""From a limb in millimetres to what the ray meets at each pixel of a radiograph, or a window."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.phantom.bones.limb import Flesh, Limb
from sharpflow.phantom.bones.solids import Bone, Floats, Tube
from sharpflow.phantom.projection.kernels import add_blob, add_tube, flesh_fields, soft_tissue

_LATTICE = 6  # soft tissue is worked out at every 6th fine pixel and interpolated
_BLEND = 2.2  # mm over which neighbouring parts of the soft tissue run together
_FINEST = 0.36  # mm; coarser radiographs are rendered finer and averaged


@dataclass(frozen=True)
class View:
    """A window of a radiograph and how its pixels lie on the limb.

    Pixel (column, row) of the radiograph, whole numbers at pixel centres, shows the limb's point
    `matrix @ (column, row) + shift`, mm in the limb's frame. `mm_per_pixel` is the size of a pixel
    on the radiograph. The window begins at (left, top).
    """

    matrix: tuple[tuple[float, float], tuple[float, float]]
    shift: tuple[float, float]
    mm_per_pixel: float
    height: int
    width: int
    left: int = 0
    top: int = 0

    def to_radiograph(self, points: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
        """Radiograph pixels (n, 2) of limb points."""
        (a, b), (c, d) = self.matrix
        inverse = np.array(((d, -c), (-b, a))) / (a * d - b * c)  # transposed
        return np.asarray((np.array(points, dtype=float) - self.shift) @ inverse)

    def window(self, left: int, top: int, width: int, height: int) -> "View":
        """A smaller window of the same radiograph."""
        return replace(self, left=left, top=top, width=width, height=height)

    def finer(self, times: int) -> "View":
        """The same window with `times` as many pixels each way."""
        (a, b), (c, d) = self.matrix
        corner = (1 / times - 1) / 2  # centre of the first fine pixel, in coarse pixels
        return View(
            ((a / times, b / times), (c / times, d / times)),
            (self.shift[0] + (a + b) * corner, self.shift[1] + (c + d) * corner),
            self.mm_per_pixel / times,
            self.height * times,
            self.width * times,
            self.left * times,
            self.top * times,
        )

    def affine(self) -> tuple[float, float, float, float, float, float]:
        """As the kernels take it."""
        (a, b), (c, d) = self.matrix
        return a, b, c, d, *self.shift


@dataclass(frozen=True)
class Rays:
    """What the rays meet: mm of compact bone, mm of soft tissue, and whether they meet the limb."""

    mineral: Floats
    flesh: Floats
    inside: Floats  # 0-1, share of the pixel that the limb covers


def trace(limb: Limb, view: View) -> Rays:
    """Line integrals through the limb for each pixel of the view's window, (height, width)."""
    times = max(1, int(np.ceil(view.mm_per_pixel / _FINEST)))
    fine = view.finer(times)
    mineral = np.zeros((fine.height, fine.width), np.float32)
    for bone in limb.bones:
        _add_bone(mineral, bone, fine)
    flesh, inside = _soft_tissue(limb.flesh, fine)
    inside = np.maximum(inside, np.minimum(mineral * 4, 1))
    if times > 1:
        size = (view.width, view.height)
        mineral, flesh, inside = (
            cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in (mineral, flesh, inside)
        )
    scale = np.float32(limb.scale)
    return Rays(mineral * scale, flesh * scale, inside)


def _add_bone(mineral: Floats, bone: Bone, view: View) -> None:
    radiograph = view.to_radiograph(bone.corners())
    low, high = (
        np.floor(radiograph.min(axis=0)).astype(int),
        np.ceil(radiograph.max(axis=0)).astype(int) + 1,
    )
    left, right = max(low[0], view.left), min(high[0], view.left + view.width)
    top, bottom = max(low[1], view.top), min(high[1], view.top + view.height)
    if left >= right or top >= bottom:
        return
    add = add_tube if isinstance(bone, Tube) else add_blob
    window, origin = (left, right, top, bottom), (view.left, view.top)
    add(mineral, window, origin, view.affine(), *bone.packed())


def _soft_tissue(flesh: list[Flesh], view: View) -> tuple[Floats, Floats]:
    """Thickness and cover of the union of the capsules, edges rounded, runs blended."""
    # The lattice is fixed to the radiograph, so that a window shows just what the radiograph shows.
    step = _LATTICE
    first_column, first_row = (view.left // step) * step, (view.top // step) * step
    columns = np.arange(first_column, view.left + view.width + step, step, dtype=np.float64)
    rows = np.arange(first_row, view.top + view.height + step, step, dtype=np.float64)
    capsules = np.array(flesh, np.float64)
    fields = flesh_fields(columns, rows, view.affine(), capsules, _BLEND)
    across = _on_lattice(view.width, view.left - first_column)
    down = _on_lattice(view.height, view.top - first_row)
    thickness, cover = soft_tissue(fields, across, down, view.mm_per_pixel)
    return thickness, cover


def _on_lattice(pixels: int, first: int) -> Floats:
    """Where pixels lie between the lattice's points; the first lies `first` pixels behind one."""
    return (np.arange(pixels, dtype=np.float32) + first) * (1 / _LATTICE)
