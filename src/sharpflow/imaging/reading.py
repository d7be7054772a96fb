"""Read radiographs (JPG, PNG, BMP, TIFF, DICOM) into 8-bit grey, and refuse what cannot be trusted.

Pillow decodes, since it reports a truncated file; OpenCV fills the missing part with grey.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from sharpflow.imaging.dicom import is_dicom, read_dicom
from sharpflow.imaging.image_error import MAX_PIXELS, ImageError

Grey: TypeAlias = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "BMP", "TIFF")

_ORIENTATION = 0x0112  # the EXIF tag
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
    Of a file with several pages the first is read. DICOM is shown as its header says
    (`read_dicom`).

    Args:
        path: a JPG, PNG, BMP, TIFF or DICOM file.
        max_pixels: an image of more is refused by its header, before decoding.
        percentiles: of a deep image's values, that become 0 and 255.

    Returns:
        uint8 (height, width).

    Raises:
        ImageError: the file is missing, empty, not an image, truncated, or too large.
    """
    path = Path(path)
    if is_dicom(path):
        return read_dicom(path, max_pixels, percentiles)
    with _opened(path) as image:
        height, width = _shown_size(image)
        pixels = height * width
        if pixels > max_pixels:
            raise ImageError(
                path,
                f"an image of {width} x {height} = {pixels:,} pixels",
                f"at most {max_pixels:,} pixels (max_pixels)",
                "Export it smaller, or raise max_pixels if the radiograph really is that large.",
            )
        white_is_zero = _is_white_zero(image)
        try:
            image.load()
            shown = ImageOps.exif_transpose(image)
        # Pillow's decoders raise many kinds for damaged data; whichever, the file is unusable.
        except Exception as error:
            raise ImageError(
                path,
                f"pixels that cannot be decoded ({error})",
                "a whole image",
                "The file is truncated or damaged: copy or export it again.",
            ) from error
        if _is_deep(shown.mode):
            deep = np.asarray(shown)
            return _to_8_bits(deep.max() - deep if white_is_zero else deep, percentiles)
        return np.array(shown.convert("L"), dtype=np.uint8)


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
    kinds = "a JPG, PNG, BMP, TIFF or DICOM image"
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            if path.stat().st_size == 0:
                raise ImageError(
                    path, "an empty file", kinds, "Copy or export the radiograph again."
                )
            image = stack.enter_context(Image.open(file, formats=FORMATS))
        except FileNotFoundError as error:
            remedy = "Correct the path, or add the radiograph."
            raise ImageError(path, "no file", kinds, remedy) from error
        except Image.DecompressionBombError as error:
            found = f"an absurdly large image ({error})"
            raise ImageError(path, found, kinds, "Export it smaller.") from error
        except UnidentifiedImageError as error:
            remedy = "Remove it, or export the radiograph as one of these."
            raise ImageError(path, "a file that is not an image", kinds, remedy) from error
        except (OSError, SyntaxError, ValueError, TypeError) as error:
            found = f"a file that cannot be read ({error})"
            raise ImageError(path, found, kinds, "Copy or export the radiograph again.") from error
        yield image


def _shown_size(image: Image.Image) -> tuple[int, int]:
    """Height and width once the EXIF orientation is applied, from the header alone."""
    width, height = image.size
    return (width, height) if _orientation(image) in _QUARTER_TURNED else (height, width)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation; 1 where Pillow would decode a PNG to look for it, or turns by itself."""
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):
        return 1
    return int(image.getexif().get(_ORIENTATION, 1))


def _is_deep(mode: str) -> bool:
    return mode in _DEEP_MODES or mode.startswith("I;16")


def _is_white_zero(image: Image.Image) -> bool:
    """Whether a deep TIFF stores white as 0, which Pillow mends for 8 bits only."""
    tags = getattr(image, "tag_v2", {})
    return _is_deep(image.mode) and tags.get(262) == _WHITE_IS_ZERO


def _to_8_bits(deep: npt.NDArray[Any], percentiles: tuple[float, float]) -> Grey:
    low, high = np.percentile(deep, percentiles)
    if high <= low:
        low, high = float(deep.min()), float(deep.max())
    if high <= low:
        return np.zeros(deep.shape, np.uint8)
    scaled = (deep.astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low))
    grey: Grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return grey
