"""Text of files that a person or another program made, in whatever encoding.

Only the standard library is used: the workflow reads lists of radiographs while it is parsed.
"""

import codecs
import logging
from pathlib import Path

log = logging.getLogger(__name__)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BYTES_OF_ZERO = {"utf-16-le": 1, "utf-16-be": 0}  # which of the two of an ASCII letter is 0
_FALLBACK = "cp1252"  # what spreadsheets on Windows write


def is_text(path: Path) -> bool:
    """Whether a path can be written down: its bytes are text in the file system's encoding."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def read_text(path: Path) -> str:
    """A file's text: UTF-8 or UTF-16 by its first bytes, else UTF-8, else Windows-1252.

    That last is a guess, and is said in the log. UTF-16 without such first bytes is known by its
    zero bytes, which the others do not have.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is text in none of these encodings.
    """
    if path.exists() and not path.is_file():  # a device would be read without end
        raise ValueError("no file but a folder or device")
    data = path.read_bytes()
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise
        text = _decode_fallback(data)
        line = data.count(b"\n", 0, error.start) + 1
        log.warning("%s: no UTF-8 (line %d); read as Windows-1252", path, line)
    if "\0" in text:
        raise ValueError("zero bytes, which text does not have; save it as UTF-8")
    return text


def _decode_fallback(data: bytes) -> str:
    try:
        return data.decode(_FALLBACK)
    except UnicodeDecodeError:
        raise ValueError("it is no text, or in an unusual encoding; save it as UTF-8") from None


def _encoding(data: bytes) -> str:
    """The encoding that the first bytes tell, or the zero bytes; else UTF-8."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    for encoding, which in _BYTES_OF_ZERO.items():
        half = data[which::2]
        if half.count(0) > len(half) / 2:  # the rest may be letters beyond Latin ones
            return encoding
    return "utf-8"
