"""Read a DICOM radiograph as 8-bit grey, and refuse in words what is none.

A header holds names, dates of birth and numbers. So only the elements that are named in this
package are read at all, and no message passes on a value, nor what pydicom says of one.
"""

import logging
import os
import threading
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from sharpflow.imaging.dicom_grey import VALUE_ELEMENTS, to_grey
from sharpflow.imaging.dicom_pixels import SYNTAXES, stored_pixels
from sharpflow.imaging.image_error import MAX_PIXELS, SMALLER, ImageError

Grey: TypeAlias = npt.NDArray[np.uint8]
T = TypeVar("T")

DICOM_SUFFIXES = (".dcm", ".dicom")
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
MODALITIES = {"CR": "computed", "DX": "digital", "RG": "conventional radiography"}

_KIND = "a DICOM radiograph (CR, DX or RG)"
_EXPORT = "Export the radiograph anew, as DICOM or as PNG."
_REMOVE = "Remove the file, or export the radiograph itself."
_OTHERS = {
    "CT": "computed tomography",
    "ES": "endoscopy",
    "KO": "a selection of key images",
    "MG": "mammography",
    "MR": "magnetic resonance",
    "NM": "nuclear medicine",
    "OT": "a picture of another kind",
    "PR": "a presentation state",
    "PT": "positron emission tomography",
    "PX": "a dental panorama",
    "RF": "fluoroscopy",
    "SC": "a secondary capture",
    "SEG": "a segmentation",
    "SR": "a structured report",
    "US": "ultrasound",
    "XA": "angiography",
    "XC": "a photograph",
}
_BURNED_IN = "BurnedInAnnotation"
_IMAGE_ELEMENTS = (
    "Modality",
    "PresentationIntentType",
    _BURNED_IN,
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelAspectRatio",
    "PixelSpacing",
    "ImagerPixelSpacing",
    *VALUE_ELEMENTS,
)
_SQUARE = 0.02  # sides of a pixel that differ by less count as equal
_MARGIN = 64 * 2**20  # bytes of a file that are not pixels
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
_LOCK = threading.Lock()


def is_dicom(path: Path) -> bool:
    """Whether a file is to be read as DICOM: by its suffix, its magic or, without both, its start.

    False for a folder, and for what is no file or cannot be opened, unless its suffix says DICOM.
    """
    suffix = path.suffix.lower()
    if suffix in DICOM_SUFFIXES:
        return not os.path.isdir(path)  # noqa: PTH112 - no error for a link into a locked folder
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as file:
            head = file.read(132)
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        return False
    return head[128:] == b"DICM" or (suffix not in _PICTURES and head[:2] in _FIRST_GROUPS)


def read_dicom(
    path: Path,
    max_pixels: int = MAX_PIXELS,
    percentiles: tuple[float, float] = (0.1, 99.9),
) -> Grey:
    """Read a DICOM radiograph as uint8 (height, width), bone bright, as a viewer shows it.

    The header's modality transform is applied, then its VOI: the first lookup table or else the
    first window (PS3.3 C.11.2); without a usable one, 8-bit pixels stay as they are and deeper ones
    are stretched as `read_image` stretches deep pictures. MONOCHROME1 is inverted, padding black.

    Args:
        path: the file; the suffix does not matter, nor a missing preamble.
        max_pixels: an image of more is refused by its header, before decoding.
        percentiles: of the values of a deep image without window, that become 0 and 255.

    Returns:
        uint8 (height, width).

    Raises:
        ImageError: the file is missing, damaged or no DICOM; no radiograph of one grey frame with
            square pixels, for presentation; compressed as we cannot decode; or too large.
    """
    check_header(path, max_pixels)
    dataset = read_elements(path, _IMAGE_ELEMENTS, pixels=True)
    stored = attempt(
        path,
        lambda: stored_pixels(dataset),
        "DICOM pixels that cannot be decoded: truncated, damaged, or not as the header says",
    )
    grey = attempt(
        path,
        lambda: to_grey(stored, dataset, percentiles),
        "a DICOM rescale, window or lookup table that cannot be used",
    )
    if grey.min() == grey.max() and stored.min() != stored.max():
        raise ImageError(
            path,
            "a window or lookup table that makes all pixels the same grey",
            "a window in which the radiograph can be seen",
            "Export it as PNG, as a viewer shows it, or correct the DICOM window.",
        )
    return grey


def check_header(path: Path, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse, as `read_dicom` does, what its header alone says is no radiograph of ours.

    Args:
        path: the file.
        max_pixels: an image of more is refused.

    Raises:
        ImageError: see `read_dicom`.
    """
    _check_size(path, max_pixels)
    header = read_elements(path, _IMAGE_ELEMENTS, pixels=False)

    def check() -> None:
        _check_header(path, header, max_pixels)
        str(header.get(_BURNED_IN))  # an impossible value is found when it is read

    attempt(path, check, "a DICOM header with impossible values")


def has_burned_in_text(path: Path) -> bool:
    """Whether a file is DICOM and says that text is burned into its pixels.

    Raises:
        ImageError: its header cannot be read.
    """
    if not is_dicom(path):
        return False
    header = read_elements(path, [_BURNED_IN], pixels=False)
    return str(header.get(_BURNED_IN)).strip().upper() == "YES"


def read_elements(path: Path, names: Collection[str], *, pixels: bool) -> Any:
    """Read the named elements of a DICOM file, and skip all others unread.

    Args:
        path: the file.
        names: keywords of the elements.
        pixels: whether the pixel data are read too.

    Returns:
        A pydicom dataset that knows its transfer syntax.

    Raises:
        ImageError: there is no such file, or it is not DICOM that can be read.
    """
    found = "a file that cannot be read as DICOM: damaged, or of another format"
    return attempt(path, lambda: _read(path, names, pixels), found)


def attempt(path: Path, action: Callable[[], T], found: str) -> T:
    """What `action` gives; any failure becomes an ImageError that quotes nothing of it.

    pydicom's errors may hold a header's values, so not even their chain is kept.
    """
    try:
        return action()
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # pydicom and decoders raise many kinds for damaged data
        kind = type(error).__name__
    raise ImageError(path, f"{found} ({kind})", _KIND, _EXPORT)


def _read(path: Path, names: Collection[str], pixels: bool) -> Any:
    from pydicom import dcmread, uid
    from pydicom.filereader import read_dataset, read_preamble

    _silence_pydicom()
    with path.open("rb") as file:
        read_preamble(file, force=True)
        meta = read_dataset(
            file,
            is_implicit_VR=False,
            is_little_endian=True,
            stop_when=lambda tag, *_: tag.group != 2,
            specific_tags=[0x00020010],
        )
        # pydicom would inflate it whole, whatever its size.
        if meta.get("TransferSyntaxUID") == uid.DeflatedExplicitVRLittleEndian:
            found = "a deflated DICOM file"
            raise ImageError(path, found, "one that is not", "Export it uncompressed.")
        file.seek(0)
        dataset = dcmread(
            file,
            force=True,
            stop_before_pixels=not pixels,
            specific_tags=[*names, "SOPClassUID", *(["PixelData"] if pixels else [])],
        )
    if not len(dataset) and "TransferSyntaxUID" not in dataset.file_meta:
        raise ImageError(path, "a file that is not DICOM", _KIND, _EXPORT)
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        if not little:
            dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
        else:
            dataset.file_meta.TransferSyntaxUID = (
                uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
            )
    return dataset


def _silence_pydicom() -> None:
    """Keep pydicom from warning, in log or warnings, since it quotes values."""
    from pydicom import config

    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    config.settings.reading_validation_mode = config.IGNORE
    with _LOCK:  # threads read; `catch_warnings` is not theirs to use
        warnings.filterwarnings("ignore", module=r"pydicom\b|sharpflow\.imaging\.dicom")


def _check_size(path: Path, max_pixels: int) -> None:
    try:
        size = path.stat().st_size
        readable = path.is_file() and os.access(path, os.R_OK)
    except OSError:
        remedy = "Correct the path, or add the radiograph."
        raise ImageError(path, "no file", _KIND, remedy) from None
    if not readable:
        raise ImageError(path, "a file that cannot be opened", _KIND, "Correct its permissions.")
    if not size:
        raise ImageError(path, "an empty file", _KIND, "Copy or export the radiograph again.")
    if size > 2 * max_pixels + _MARGIN:
        raise ImageError(
            path,
            f"a DICOM file of {size / 1e6:,.0f} MB",
            f"one radiograph of at most {max_pixels:,} pixels",
            f"Export one radiograph a file. {SMALLER}",
        )


def _check_header(path: Path, header: Any, max_pixels: int) -> None:
    """Refuse what is not one grey radiograph that can be decoded and shown."""

    def refuse(found: str, expected: str = _KIND, remedy: str = _REMOVE) -> None:
        raise ImageError(path, found, expected, remedy)

    modality = str(header.get("Modality") or "").strip().upper()
    if modality and modality not in MODALITIES:
        refuse(f"DICOM of another modality: {_OTHERS.get(modality, 'none that we know')}")
    rows, columns = header.get("Rows"), header.get("Columns")
    if not rows or not columns:
        refuse(f"a DICOM file without an image{_kind_of_file(header)}")
    if str(header.get("PresentationIntentType") or "").strip().upper() == "FOR PROCESSING":
        refuse(
            "a detector's raw data (FOR PROCESSING)",
            "a radiograph FOR PRESENTATION",
            "Export the processed radiograph.",
        )
    frames = int(header.get("NumberOfFrames") or 1)
    if frames != 1:
        refuse(f"a DICOM file of {frames:,} frames", "one radiograph", "Export one frame a file.")
    photometric = str(header.get("PhotometricInterpretation") or "").strip()
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or int(header.SamplesPerPixel) != 1:
        refuse(
            "a DICOM picture in colour",
            "grey values (MONOCHROME1 or MONOCHROME2)",
            "It is a screen capture at best. Export the radiograph itself, or that picture as PNG.",
        )
    _check_bits(header, refuse)
    pixels = int(rows) * int(columns)
    if pixels > max_pixels:
        refuse(
            f"an image of {columns} x {rows} = {pixels:,} pixels",
            f"at most {max_pixels:,} pixels",
            SMALLER,
        )
    if not _has_square_pixels(header):
        refuse("pixels that are not square", "square pixels", "Export it with square pixels.")
    syntax = header.file_meta.TransferSyntaxUID
    if syntax not in SYNTAXES:
        known = syntax.name if syntax.name != str(syntax) else "unknown"
        refuse(
            f"DICOM pixels whose compression we cannot decode ({known})",
            "none, RLE, JPEG, JPEG-LS or JPEG 2000",
            "Export it uncompressed.",
        )


def _check_bits(header: Any, refuse: Callable[..., None]) -> None:
    allocated, stored = int(header.BitsAllocated), int(header.BitsStored)
    high = int(header.get("HighBit", stored - 1))
    if (
        allocated not in (8, 16)
        or not 8 <= stored <= allocated
        or not stored <= high + 1 <= allocated
    ):
        refuse(
            f"DICOM pixels of {stored} bits in {allocated}, the highest {high}",
            "8 to 16 bits in 8 or 16",
            _EXPORT,
        )


def _kind_of_file(header: Any) -> str:
    """What a file without an image is, in the standard's words; none of its own."""
    uid = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    name = getattr(uid, "name", "")
    return f" ({name})" if name and name != str(uid) else ""


def _has_square_pixels(header: Any) -> bool:
    for name in ("PixelAspectRatio", "ImagerPixelSpacing", "PixelSpacing"):
        sides = header.get(name)
        if sides:
            height, width = (float(side) for side in sides)
            return abs(height - width) <= _SQUARE * max(height, width)
    return True
