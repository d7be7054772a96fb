"""From a DICOM's stored values to the grey that a viewer shows (PS3.3 C.11.1, C.11.2).

Stored values have at most 16 bits, so each step is done once for each value, not for each pixel.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Grey: TypeAlias = npt.NDArray[np.uint8]
Values: TypeAlias = npt.NDArray[np.float64]

# Elements that say what stored values mean.
VALUE_ELEMENTS = (
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
)
_BAND = 256  # rows at a time: numpy indexes with 8 bytes a pixel


def to_grey(stored: npt.NDArray[np.uint16], dataset: Any, percentiles: tuple[float, float]) -> Grey:
    """Show stored values as grey, bone bright.

    Args:
        stored: uint16 (rows, columns), as `stored_pixels` gives them.
        dataset: the header.
        percentiles: of a deep image without window, that become 0 and 255.

    Returns:
        uint8 (rows, columns).

    Raises:
        Exception: of many kinds, where the header's transforms cannot be used.
    """
    bits, signed = int(dataset.BitsStored), bool(int(dataset.PixelRepresentation))
    lowest = -(1 << (bits - 1)) if signed else 0
    domain = np.arange(lowest, lowest + (1 << bits))
    values = _modality(domain, dataset)
    padding = _padding(domain, dataset)
    inverted = str(dataset.PhotometricInterpretation).strip() == "MONOCHROME1"
    table = _voi(values, dataset)
    if table is not None:
        table = 255 - np.rint(table) if inverted else table
    else:
        values = -values if inverted else values
        counts = _counts(stored, len(domain))
        counts[padding] = 0
        if bits == 8 and not signed:
            table = _between(values, float(values.min()), float(values.max()))
        else:
            table = _stretched(values, counts, percentiles)
    greys = np.clip(np.rint(table), 0, 255).astype(np.uint8)
    greys[padding] = 0
    shown = np.empty(stored.shape, np.uint8)
    for rows in _bands(stored):
        shown[rows] = greys[stored[rows]]
    return shown


def _modality(domain: npt.NDArray[Any], dataset: Any) -> Values:
    from pydicom.pixels import apply_modality_lut

    values: Values = np.asarray(apply_modality_lut(domain, dataset), np.float64)
    if not np.isfinite(values).all() or values.min() == values.max():
        raise ValueError("a rescale that leaves nothing")
    return values


def _padding(domain: npt.NDArray[Any], dataset: Any) -> npt.NDArray[np.bool_]:
    """Which stored values are padding: one, or all between two."""
    first = dataset.get("PixelPaddingValue")
    if first is None:
        return np.zeros(len(domain), np.bool_)
    last = dataset.get("PixelPaddingRangeLimit")
    ends = sorted((int(first), int(first if last is None else last)))
    between: npt.NDArray[np.bool_] = (domain >= ends[0]) & (domain <= ends[1])
    return between


def _voi(values: Values, dataset: Any) -> Values | None:
    """The first VOI lookup table or else the first window, as 0 to 255; None without either."""
    from pydicom.pixels import apply_voi

    if dataset.get("VOILUTSequence"):
        depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        looked_up = apply_voi(np.rint(values).astype(np.int64), dataset)
        return np.asarray(looked_up, np.float64) * (255 / ((1 << depth) - 1))
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    if centre is None or width is None or width < (1 if function == "LINEAR" else 1e-9):
        return None
    if not np.isfinite([centre, width]).all():
        raise ValueError("a window without end")
    return window(values, centre, width, function)


def window(values: Values, centre: float, width: float, function: str = "LINEAR") -> Values:
    """Values through a window, as 0 to 255 (PS3.3 C.11.2.1.2 and C.11.2.1.3).

    Args:
        values: any shape.
        centre: of the window.
        width: at least 1 where the function is LINEAR, else above 0.
        function: LINEAR, LINEAR_EXACT or SIGMOID.

    Raises:
        ValueError: there is no such function.
    """
    if function == "LINEAR":
        if width == 1:
            return np.where(values > centre - 0.5, 255.0, 0.0)
        shown = ((values - (centre - 0.5)) / (width - 1) + 0.5) * 255
    elif function == "LINEAR_EXACT":
        shown = ((values - centre) / width + 0.5) * 255
    elif function == "SIGMOID":
        shown = 255 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    else:
        raise ValueError("no such function")
    return np.asarray(np.clip(shown, 0, 255), np.float64)


def _first(value: Any) -> float | None:
    """The first of one or several numbers; None where there is none."""
    if value is None or isinstance(value, (str, bytes)):
        return None  # pydicom gives numbers; an empty element is ""
    if hasattr(value, "__len__"):
        return float(value[0]) if len(value) else None
    return float(value)


def _stretched(
    values: Values, counts: npt.NDArray[np.int64], percentiles: tuple[float, float]
) -> Values:
    """Values with the percentiles of the image, as `numpy.percentile` gives them, as 0 and 255."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(counts[order])
    n = int(cumulated[-1])
    if not n:
        return np.zeros(len(values))
    low, high = (_percentile(values[order], cumulated, share) for share in percentiles)
    if high <= low:
        seen = values[counts > 0]
        low, high = float(seen.min()), float(seen.max())
    return _between(values, low, high)


def _percentile(ordered: Values, cumulated: npt.NDArray[np.int64], percent: float) -> float:
    place = percent / 100 * (int(cumulated[-1]) - 1)
    below = int(place)
    first, second = (
        float(ordered[np.searchsorted(cumulated, rank, side="right")])
        for rank in (below, min(below + 1, int(cumulated[-1]) - 1))
    )
    return first + (second - first) * (place - below)


def _between(values: Values, low: float, high: float) -> Values:
    """`low` becomes 0 and `high` 255, in the arithmetic of deep pictures."""
    if high <= low:
        return np.zeros(len(values))
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low))
    return np.asarray(np.clip(scaled, 0, 255), np.float64)


def _counts(stored: npt.NDArray[np.uint16], n: int) -> npt.NDArray[np.int64]:
    counts = np.zeros(n, np.int64)
    for rows in _bands(stored):
        counts += np.bincount(stored[rows].reshape(-1), minlength=n)
    return counts


def _bands(stored: npt.NDArray[Any]) -> Iterator[slice]:
    for top in range(0, len(stored), _BAND):
        yield slice(top, top + _BAND)
