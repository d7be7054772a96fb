"""Fields of a protobuf message, without protobuf: what an untrusted file holds, before use."""

from collections.abc import Mapping
from typing import Any

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

MOST_FIELDS = 10**5  # of a message: the networks of a bundle have some thousand nodes and weights
MOST_NUMBERS = 10**4  # of an attribute or a shape, in bytes where they are packed

Fields = dict[int, list[Any]]


def read_fields(message: memoryview, allowed: Mapping[int, int]) -> Fields:
    """The fields of a message: number -> its values, whole numbers or parts of `message`.

    Args:
        message: nothing of it is copied.
        allowed: number of each field that it may have -> its wire type. Repeated numbers may also
            be packed into BYTES.

    Raises:
        ValueError: it is no message, or has a field that is not allowed.
    """
    found: Fields = {}
    place, end, count = 0, len(message), 0
    while place < end:
        count += 1
        if count > MOST_FIELDS:
            raise ValueError(f"more than {MOST_FIELDS} fields in a message")
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if number not in allowed:
            raise ValueError(f"a field {number} that it should not have")
        value: Any
        if kind == VARINT:
            value, place = _varint(message, place)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
            value, place = message[place : place + size], place + size
        elif kind == BYTES:
            size, place = _varint(message, place)
            value, place = message[place : place + size], place + size
        else:
            raise ValueError(f"a field of the wire type {kind}")
        if place > end:
            raise ValueError("a field that ends beyond the message")
        if kind not in (allowed[number], BYTES):
            raise ValueError(f"a field {number} of the wire type {kind}")
        found.setdefault(number, []).append(value)
    return found


def whole_numbers(values: list[Any]) -> list[int]:
    """Repeated int64s, packed or not."""
    if sum(1 if isinstance(value, int) else len(value) for value in values) > MOST_NUMBERS:
        raise ValueError("numbers without end")
    numbers: list[int] = []
    for value in values:
        if isinstance(value, int):
            numbers.append(_signed(value))
            continue
        place = 0
        while place < len(value):
            number, place = _varint(value, place)
            numbers.append(_signed(number))
    return numbers


def text(value: Any) -> str:
    """A string. ValueError if it is none."""
    if not isinstance(value, memoryview):
        raise ValueError("a number where a text should be")
    return str(value.tobytes(), "utf-8")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & (2**64 - 1), place
    raise ValueError("a number that does not end")


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number
