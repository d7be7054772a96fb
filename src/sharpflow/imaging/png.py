"""What PNG files have beside pixels: the mark of our overlays, and texts to leave out."""

import struct
from pathlib import Path

from sharpflow.imaging.image_error import ImageError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Texts (XMP too) and the colour profile, which a grey value does not need.
_NOT_PIXELS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
SOFTWARE, MADE_HERE = "Software", "Sharpflow overlay"  # the text that marks overlays
_MARK = f"tEXt{SOFTWARE}\0{MADE_HERE}".encode()
_HEAD = 128  # bytes in which it stands, behind the size
_AROUND = 12  # bytes of a chunk's length, kind and checksum


def without_text(data: bytes) -> bytes:
    """A PNG's bytes without texts and colour profile; what is damaged stays as it is."""
    kept = [data[: len(PNG_SIGNATURE)]]
    place = len(PNG_SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + _AROUND + length
        if end > len(data):
            break
        if kind not in _NOT_PIXELS:
            kept.append(data[place:end])
        place = end
    kept.append(data[place:])
    return b"".join(kept)


def is_overlay(path: Path) -> bool:
    """Whether a file is an overlay that Sharpflow made; False where it cannot be read."""
    try:
        if not path.is_file():  # a pipe would wait for ever
            return False
        with path.open("rb") as file:
            return has_mark(file.read(_HEAD))
    except (OSError, ValueError):
        return False


def refuse_overlay(path: Path) -> None:
    """ImageError for an overlay that Sharpflow made."""
    if is_overlay(path):
        found = "an overlay that Sharpflow made"
        raise ImageError(path, found, "a radiograph", "Take the radiograph that it shows.")


def has_mark(head: bytes) -> bool:
    """Whether the beginning of a file is that of an overlay."""
    return head.startswith(PNG_SIGNATURE) and _MARK in head[:_HEAD]
