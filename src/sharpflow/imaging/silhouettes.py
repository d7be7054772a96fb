"""The silhouette of the limb on a small radiograph, in milliseconds.

Rougher than the entropy masks, and there before anything is standardized: good enough to see which
way the fingers point. All of it is ours.
"""

import base64
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.imaging.reading import Grey

Mask = npt.NDArray[np.uint8]  # 0 or 1
_Float = npt.NDArray[np.float32]
_Bool = npt.NDArray[np.bool_]

_MARGIN = 0.18  # of a side: what lies further in is taken for the middle, free of borders
_FULL = 0.8  # a row or column at the border with more of it bright is no limb
_SOLID = 0.85  # a region that fills more of its turned rectangle is the exposed field, no limb
_SMALLEST_FIELD = 0.1  # of the radiograph
_OPENED = np.ones((3, 3), np.uint8)
_WIDENED = np.ones((5, 5), np.uint8)
PACKED_SIDE = 64  # pixels a side of a packed silhouette, its aspect not kept
_NARROWED = np.ones((9, 9), np.uint8)


def silhouette(image: Grey) -> Mask:
    """What is brighter than the background: the limb, markers and other bright things.

    The background is a smooth surface fitted beside the limb, since exposures fall off to the
    sides. Bright borders and a dark frame (collimation) are left out; where the exposed field
    itself stands out from a dark frame, the limb is looked for inside it.

    Args:
        image: a small radiograph, uint8 (height, width), about 200 pixels on the longer side.

    Returns:
        uint8 (height, width), 1 on the limb.
    """
    mask = _bright(image)
    field = _exposed_field(mask)
    if field is None:
        return mask
    x, y, width, height = cv2.boundingRect(field)
    part = (slice(y, y + height), slice(x, x + width))
    inside = field[part] > 0
    cut = image[part].copy()
    cut[~inside] = np.percentile(cut[inside], 20)
    mask = np.zeros_like(mask)
    mask[part] = _bright(cut) * inside
    return mask


def regions(mask: Mask) -> list[Mask]:
    """The connected regions of a silhouette, each cut out, the largest first.

    Regions of less than a hundredth of the picture (markers, dust) are left out.
    """
    _, labels, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    found = []
    for number in np.argsort(-table[:, cv2.CC_STAT_AREA], kind="stable"):
        x, y, width, height, area = table[number]
        if number and area >= mask.size / 100:
            cut = labels[y : y + height, x : x + width] == number
            found.append(cut.astype(np.uint8))
    return found


def is_solid(region: Mask) -> bool:
    """Whether a region fills the rectangle around it, however turned: a frame, not a limb."""
    outline = _outline(np.pad(region, 1))
    _, sides, _ = cv2.minAreaRect(outline)
    around = sides[0] * sides[1]
    return bool(around > 0 and cv2.contourArea(outline) > _SOLID * around)


def pack_silhouette(mask: Mask) -> str:
    """A silhouette at PACKED_SIDE x PACKED_SIDE, a bit a pixel, as text for a table."""
    size = (PACKED_SIDE, PACKED_SIDE)
    small = cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) >= 128
    return base64.b64encode(np.packbits(small).tobytes()).decode("ascii")


def unpack_silhouette(text: str) -> Mask:
    """What `pack_silhouette` packed, uint8 (PACKED_SIDE, PACKED_SIDE)."""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8))
    return bits.reshape(PACKED_SIDE, PACKED_SIDE)


def _bright(image: Grey) -> Mask:
    """Pixels brighter than the background around the limb."""
    # The root evens out the noise, which grows with brightness.
    values = np.sqrt(cv2.GaussianBlur(image, (0, 0), 1).astype(np.float32))
    height, width = values.shape
    dy, dx = int(_MARGIN * height), int(_MARGIN * width)
    middle = (slice(dy, height - dy), slice(dx, width - dx))
    values = np.minimum(values, np.percentile(values[middle], 99.5)).astype(np.float32)
    limb = values > _otsu(values[middle])
    frame = _dark_frame(values, limb, middle)
    terms = _surface_terms(height, width)
    for _ in range(2):
        background = (cv2.dilate(limb.astype(np.uint8), _WIDENED) == 0) & ~frame
        background[: dy // 2] = background[height - dy // 2 :] = False
        background[:, : dx // 2] = background[:, width - dx // 2 :] = False
        raised = _above_background(values, background, terms)
        seen = ~frame[middle]
        if raised is None or seen.sum() < 100:
            break
        # Under Otsu's threshold, so that thin fingers of an overexposed hand stay.
        limb = raised > 0.85 * _otsu(raised[middle][seen])
    mask = (limb & ~frame).astype(np.uint8)
    _clear_borders(mask)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _OPENED), np.uint8)


def _otsu(values: _Float) -> float:
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return high
    levels = ((values - low) * (255 / (high - low))).astype(np.uint8).reshape(-1, 1)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
    return low + (float(threshold) + 0.5) / 255 * (high - low)


def _dark_frame(values: _Float, limb: _Bool, middle: tuple[slice, slice]) -> _Bool:
    """Where it is far darker than the background in the middle: what collimation shut out."""
    core, bright = values[middle], limb[middle]
    if bright.all() or not bright.any():
        return np.zeros(values.shape, np.bool_)
    background = float(np.median(core[~bright]))
    contrast = float(np.median(core[bright])) - background
    frame = (values < background - 0.8 * contrast - 0.3).astype(np.uint8)
    return np.asarray(cv2.dilate(frame, _OPENED) > 0)


@lru_cache(maxsize=16)  # a cohort's radiographs have few shapes
def _surface_terms(height: int, width: int) -> _Float:
    """1, x, y, x², y² and xy at each pixel, (height, width, 6); x and y go from -1 to 1."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    terms = np.empty((height, width, 6), np.float32)
    for number, term in enumerate((np.float32(1), x, y, x * x, y * y, x * y)):
        terms[..., number] = term
    terms.flags.writeable = False
    return terms


def _above_background(values: _Float, background: _Bool, terms: _Float) -> _Float | None:
    """How far each pixel is above a surface fitted to the background; None with too little of it.

    Every second row and column is enough for the fit. Background pixels far off the first fit (a
    marker, an edge) do not count in the second.
    """
    chosen = background[::2, ::2]
    if chosen.sum() < 50:
        return None
    some, known = terms[::2, ::2][chosen], values[::2, ::2][chosen]
    off = known - some @ _least_squares(some, known)
    middle = np.median(off)
    spread = 4 * np.median(np.abs(off - middle)) + 1e-3
    kept = np.abs(off - middle) < spread
    return np.asarray(values - terms @ _least_squares(some[kept], known[kept]), np.float32)


def _least_squares(terms: _Float, values: _Float) -> _Float:
    # A little of a ridge, for a background of one row.
    square = terms.T @ terms + 1e-3 * np.eye(terms.shape[1], dtype=np.float32)
    return np.asarray(np.linalg.solve(square, terms.T @ values), np.float32)


def _clear_borders(mask: Mask) -> None:
    """Clear bright rows and columns at the border, up to a quarter of each side."""
    for turned in (mask, mask[::-1], mask.T, mask.T[::-1]):
        full = turned.mean(1)[: len(turned) // 4] > _FULL
        turned[: len(full) if full.all() else int(full.argmin())] = 0


def _exposed_field(mask: Mask) -> Mask | None:
    """The largest region, filled and narrowed a little, if it is solid: the exposed field."""
    _, labels, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    areas = table[1:, cv2.CC_STAT_AREA]
    if not len(areas) or areas.max() < _SMALLEST_FIELD * mask.size:
        return None
    region = (labels == 1 + int(areas.argmax())).astype(np.uint8)
    if not is_solid(region):
        return None
    field = np.zeros_like(mask)
    cv2.drawContours(field, [_outline(region)], -1, 1, cv2.FILLED)
    field = np.asarray(
        cv2.erode(field, _NARROWED, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8
    )
    return field if field.sum() > 400 else None


def _outline(region: Mask) -> npt.NDArray[np.int32]:
    outlines, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(outlines, key=cv2.contourArea), np.int32)
