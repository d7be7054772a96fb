"""PNG files without their metadata, which are not pixels and may be megabytes."""

import struct

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Texts (XMP too) and the colour profile, which a grey value does not need.
_NOT_PIXELS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
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
