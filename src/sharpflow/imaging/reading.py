"""Read radiographs (JPG, PNG, BMP, TIFF, DICOM) into 8-bit grey, and refuse what cannot be trusted.

Pillow decodes, since it reports a truncated file; OpenCV fills the missing part with grey.
"""

import hashlib
import io
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from sharpflow.errors import in_short
from sharpflow.imaging.dicom import is_dicom, read_dicom
from sharpflow.imaging.image_error import MAX_PIXELS, SMALLER, ImageError
from sharpflow.imaging.png import PNG_SIGNATURE, refuse_overlay, without_text

# `max_pixels` is the limit, which a study can raise; Pillow's own cannot be raised there.
Image.MAX_IMAGE_PIXELS = None

Grey: TypeAlias = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "BMP", "TIFF")
_KINDS = "a JPG, PNG, BMP, TIFF or DICOM image"

_ORIENTATION = 0x0112  # the EXIF tag
_SUBFILE = 0x00FE  # the TIFF tag NewSubfileType, whose first bit says a smaller copy
# What an EXIF orientation asks for; 1 is upright.
_UPRIGHT: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image, 2).T,
    8: np.rot90,
}
_QUARTER_TURNED = (5, 6, 7, 8)
_WHITE_IS_ZERO = 0
_DEEP_MODES = ("I", "F")  # with "I;16" and its kin, all that is deeper than 8 bits


def read_image(
    path: str | Path,
    max_pixels: int = MAX_PIXELS,
    percentiles: tuple[float, float] = (0.1, 99.9),
) -> Grey:
    """Read a radiograph as uint8 (height, width), 0 black to 255 white.

    Colour becomes grey by the ITU-R 601 weights, transparency is ignored. An image deeper than 8
    bits is stretched linearly so that its `percentiles` become 0 and 255, as a 12-bit radiograph in
    a 16-bit file would else be nearly black (the papers' radiographs have 8 bits: the choice is
    ours). An EXIF orientation is applied, so the radiograph lies as viewers and labelImg show it.
    Of a TIFF with several pages the first is read, if the others are thumbnails of it. DICOM is
    shown as its header says (`read_dicom`).

    Args:
        path: a JPG, PNG, BMP, TIFF or DICOM file.
        max_pixels: an image of more is refused by its header, before decoding.
        percentiles: of a deep image's values, that become 0 and 255.

    Returns:
        uint8 (height, width).

    Raises:
        ImageError: the file is missing, empty, not an image, truncated, too large, or has several
            radiographs.
    """
    path = Path(path)
    try:
        if is_dicom(path):
            return read_dicom(path, max_pixels, percentiles)
        return _read(path, max_pixels, percentiles)
    except ImageError:
        raise
    # Whatever a library makes of a damaged file, one file must not end the check of all.
    except Exception as error:
        raise _unreadable(path, error) from error


def _read(path: Path, max_pixels: int, percentiles: tuple[float, float]) -> Grey:
    with _opened(path) as image:
        height, width = _shown_size(image)
        pixels = height * width
        if pixels > max_pixels:
            raise ImageError(
                path,
                f"an image of {width} x {height} = {pixels:,} pixels",
                f"at most {max_pixels:,} pixels",
                SMALLER,
            )
        if _has_further_radiographs(image):
            raise ImageError(
                path,
                "a TIFF with several pages",
                "one radiograph a file",
                "Export each page as a file of its own.",
            )
        white_is_zero = _is_white_zero(image)
        narrowed, file = _is_narrowed(image), getattr(image, "fp", None)
        try:
            image.load()
            deep = _deep_grey(file) if narrowed and file else None
        # Pillow's decoders raise many kinds for damaged data; whichever, the file is unusable.
        except Exception as error:
            raise ImageError(
                path,
                f"pixels that cannot be decoded ({in_short(error)})",
                "a whole image",
                "The file is truncated or damaged: copy or export it again.",
            ) from error
        if deep is None and _is_deep(image.mode):
            deep = np.asarray(image)
        if deep is not None:
            grey = _to_8_bits(deep.max() - deep if white_is_zero else deep, percentiles)
        else:
            grey = np.array(image.convert("L"), dtype=np.uint8)
        return np.ascontiguousarray(_UPRIGHT.get(_orientation(image), np.asarray)(grey))


def _has_further_radiographs(image: Image.Image) -> bool:
    """Whether a further page is no smaller copy of the first."""
    if image.format != "TIFF":
        return False
    width, height = image.size
    try:
        for page in range(1, getattr(image, "n_frames", 1)):
            image.seek(page)
            reduced = int(getattr(image, "tag_v2", {}).get(_SUBFILE, 0)) & 1
            if not reduced and 2 * image.size[0] > width and 2 * image.size[1] > height:
                return True
    except Exception:  # the first may be whole though those behind it are damaged
        return False
    finally:
        image.seek(0)
    return False


def image_digest(image: Grey) -> str:
    """SHA-256 of an image's shape and pixels, in hexadecimal.

    A copy with other metadata or in another lossless format has the same digest; one that was
    compressed anew has another.
    """
    digest = hashlib.sha256(str(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image without decoding it.

    Pillow gets the file, not its name: by name it maps an uncompressed TIFF into memory and
    garbles it where the TIFF says that it lies on its side.
    """
    with ExitStack() as stack:
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise ImageError(
                    path, "no file but a folder or device", _KINDS, "Correct the path."
                )
            refuse_overlay(path)
            file: IO[bytes] = stack.enter_context(path.open("rb"))
            if found.st_size == 0:
                raise ImageError(
                    path, "an empty file", _KINDS, "Copy or export the radiograph again."
                )
            image = stack.enter_context(Image.open(_pixels_only(file), formats=FORMATS))
        except FileNotFoundError as error:
            remedy = "Correct the path, or add the radiograph."
            raise ImageError(path, "no file", _KINDS, remedy) from error
        except UnidentifiedImageError as error:
            remedy = "Remove it, or export the radiograph as one of these."
            raise ImageError(path, "a file that is not an image", _KINDS, remedy) from error
        yield image


def _shown_size(image: Image.Image) -> tuple[int, int]:
    """Height and width once the EXIF orientation is applied, from the header alone."""
    width, height = image.size
    return (width, height) if _orientation(image) in _QUARTER_TURNED else (height, width)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation; 1 where there is none of use, where Pillow would decode a PNG to look for
    it, or turns by itself.
    """
    not_yet = image.format == "PNG" and "exif" not in image.info
    if image.format == "TIFF" or not_yet:
        return 1
    try:
        orientation = int(image.getexif().get(_ORIENTATION, 1))
    # Cameras and exporters write many kinds of damaged EXIF, which says nothing of the pixels.
    except Exception:
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _pixels_only(file: IO[bytes]) -> IO[bytes]:
    """A PNG without its texts, such as megabytes of XMP, of which Pillow refuses more than 1 MB."""
    head = file.read(len(PNG_SIGNATURE))
    file.seek(0)
    return io.BytesIO(without_text(file.read())) if head == PNG_SIGNATURE else file


def _unreadable(path: Path, error: Exception) -> ImageError:
    return ImageError(
        path,
        f"a file that cannot be read ({in_short(error)})",
        _KINDS,
        "Copy or export the radiograph again.",
    )


def _is_narrowed(image: Image.Image) -> bool:
    """Whether Pillow reads 16 bits a channel into 8, so that a 12-bit radiograph has 16 greys."""
    modes = [str(tile[3]) for tile in getattr(image, "tile", ())]
    return not _is_deep(image.mode) and any(";16" in mode for mode in modes)


def _deep_grey(file: IO[bytes]) -> npt.NDArray[Any]:
    """The grey values of an image in colours of 16 bits, uint16 (height, width), by OpenCV.

    It turns a TIFF by its orientation and no other, as Pillow does.
    """
    import cv2

    file.seek(0)
    colours = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if colours is None or colours.dtype != np.uint16 or colours.ndim != 3:
        raise ValueError("16-bit colours of a kind that is not read")
    return np.asarray(cv2.cvtColor(colours[..., :3], cv2.COLOR_BGR2GRAY), np.uint16)


def _is_deep(mode: str) -> bool:
    return mode in _DEEP_MODES or mode.startswith("I;16")


def _is_white_zero(image: Image.Image) -> bool:
    """Whether a deep TIFF stores white as 0, which Pillow mends for 8 bits only."""
    tags = getattr(image, "tag_v2", {})
    return _is_deep(image.mode) and tags.get(262) == _WHITE_IS_ZERO


def _to_8_bits(deep: npt.NDArray[Any], percentiles: tuple[float, float]) -> Grey:
    low, high = np.percentile(deep, percentiles)
    if not np.isfinite([low, high]).all():
        raise ValueError("pixels that are not numbers")
    if high <= low:
        low, high = float(deep.min()), float(deep.max())
    if high <= low:
        return np.zeros(deep.shape, np.uint8)
    scaled = deep.astype(np.float32)
    scaled -= np.float32(low)  # in place: it has four bytes a pixel
    scaled *= np.float32(255 / (high - low))
    return np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled).astype(np.uint8)
