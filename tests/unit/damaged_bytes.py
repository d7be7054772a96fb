"""Files as half a transfer, a wrong disk or somebody who wants to do harm leaves them."""

import random

NUMBERS = (b"\0", b"\1", b"\x7f", b"\x80", b"\xff", b"\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four faults: cut, changed, doubled, moved, put in."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.randint(1, 40))
        part = chance.choice(NUMBERS) * chance.randint(1, 3)
        data = chance.choice(
            [
                data[:start],
                data[:start] + data[end:],
                data[:start] + part + data[start + len(part) :],
                data[:start] + part + data[start:],
                data[:end] + data[start:end] + data[end:],
                data[:start] + chance.randbytes(end - start) + data[end:],
                data[start:end] + data[:start] + data[end:],
            ]
        )
    return data
