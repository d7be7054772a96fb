"""The pixels that a DICOM file stores, decoded, as indices into a table of all that it can store.

pydicom takes native and RLE pixels apart, imagecodecs JPEG, JPEG-LS and JPEG 2000. Before a
decoder is called, the compressed image's own size is compared with the header's, which is limited.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Indices: TypeAlias = npt.NDArray[np.uint16]

_JPEG = (
    "1.2.840.10008.1.2.4.50",  # baseline
    "1.2.840.10008.1.2.4.51",  # extended, 12 bits
    "1.2.840.10008.1.2.4.57",  # lossless
    "1.2.840.10008.1.2.4.70",  # lossless, first-order prediction
)
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_RLE = "1.2.840.10008.1.2.5"
SYNTAXES = (*_NATIVE, _RLE, *_JPEG, *_JPEG_LS, *_JPEG_2000)

_END = b"\xff\xd9"  # the last marker of all three, but for padding
_SOF = (0xC0, 0xC1, 0xC2, 0xC3, 0xF7)  # headers of JPEG's frames that these syntaxes may have
_SIZ = b"\xff\x4f\xff\x51"  # start of a JPEG 2000 codestream, with its size


def stored_pixels(dataset: Any) -> Indices:
    """Decode a checked dataset's pixels.

    Args:
        dataset: one grey frame of 8 to 16 bits, with its pixel data and transfer syntax.

    Returns:
        uint16 (rows, columns): the stored value less the least that its bits can hold; bits that
        belong to overlays are masked.

    Raises:
        Exception: of many kinds, where the pixels cannot be decoded.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    bits = int(dataset.BitsStored)
    shift = 0
    if syntax in _NATIVE or syntax == _RLE:
        shift = int(dataset.get("HighBit", bits - 1)) + 1 - bits
        dataset.BitsStored = bits + shift  # pydicom clears what lies above, stored or not
        raw = dataset.pixel_array
        dataset.BitsStored = bits
    else:
        raw = _decode(dataset, syntax)
    if raw.shape != (dataset.Rows, dataset.Columns) or raw.dtype.itemsize > 2:
        raise ValueError("other pixels than the header says")
    raw = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    unsigned: Indices = raw.view(np.uint8 if raw.dtype.itemsize == 1 else np.uint16).astype(
        np.uint16
    )
    unsigned >>= np.uint16(shift)
    unsigned &= np.uint16((1 << bits) - 1)
    if int(dataset.PixelRepresentation):  # two's complement: the least becomes 0
        unsigned ^= np.uint16(1 << (bits - 1))
    return unsigned


def _decode(dataset: Any, syntax: str) -> npt.NDArray[Any]:
    import imagecodecs
    from pydicom.encaps import get_frame

    stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    if _END not in stream[-1024:]:
        raise ValueError("the compressed image has no end")
    size = _size_2000(stream) if syntax in _JPEG_2000 else _size_jpeg(stream)
    if size != (dataset.Rows, dataset.Columns):
        raise ValueError("the compressed image has another size")
    if syntax in _JPEG_2000:
        decoded = imagecodecs.jpeg2k_decode(stream)
    elif syntax in _JPEG_LS:
        decoded = imagecodecs.jpegls_decode(stream)
    else:
        decoded = imagecodecs.jpeg8_decode(stream)
    return np.ascontiguousarray(decoded)


def _size_jpeg(stream: bytes) -> tuple[int, int]:
    """Height and width by the first frame header of one component."""
    place = 2
    while True:
        marker, length = stream[place + 1], int.from_bytes(stream[place + 2 : place + 4])
        if stream[place] != 0xFF or length < 2:
            raise ValueError("no frame header")
        if marker in _SOF:
            if stream[place + 9] != 1:
                raise ValueError("colour")
            height = int.from_bytes(stream[place + 5 : place + 7])
            return height, int.from_bytes(stream[place + 7 : place + 9])
        place += 2 + length


def _size_2000(stream: bytes) -> tuple[int, int]:
    """Height and width by the SIZ segment of a codestream with one component."""
    place = stream.index(_SIZ) + len(_SIZ) + 4
    width, height, left, top = (
        int.from_bytes(stream[place + 4 * n : place + 4 * n + 4]) for n in range(4)
    )
    if int.from_bytes(stream[place + 32 : place + 34]) != 1:
        raise ValueError("colour")
    return height - top, width - left
