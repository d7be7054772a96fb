"""What is in files, told without reading again what has not been touched.

The plan of each run asks for the content of every file of the user's. A file is read when its size,
its date or the date of its last change of any kind (which nobody sets) are not those that it had
when it was read last.
"""

import atexit
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from sharpflow.files import atomic_write

NO_FILE = "none"
_READERS = 8  # threads: folders on a network answer several at a time
_BLOCK = 1 << 20  # bytes

_Stamp = list[int]


class Contents:
    """Digests of files' contents, kept from one run to the next.

    A digest is a file's size and CRC-32: a chance in four thousand million to miss a change, and
    a gigabyte in a third of a second.
    """

    def __init__(self) -> None:
        """Nothing is kept before `keep_in` says where."""
        self._path: Path | None = None
        self._kept: dict[str, tuple[_Stamp, str]] = {}
        self._known: dict[str, str] = {}  # in this process
        self._is_new = False

    def keep_in(self, path: Path, *, write: bool) -> None:
        """Begin with what an earlier run kept in a file, and `write` it anew at the end of this."""
        self._path = path.absolute()
        self._kept |= _read(self._path)
        if write:
            atexit.register(self._write)

    def of(self, paths: Iterable[str | Path]) -> list[str]:
        """The digest of each file, as it was when this process first asked; NO_FILE without one."""
        names = [str(path) for path in paths]
        asked = list(dict.fromkeys(name for name in names if name not in self._known))
        if len(asked) > 1:
            with ThreadPoolExecutor(_READERS) as readers:
                self._known |= dict(zip(asked, readers.map(self.now, asked), strict=True))
        else:
            self._known |= {name: self.now(name) for name in asked}
        return [self._known[name] for name in names]

    def now(self, path: str | Path) -> str:
        """The digest of a file as it is now."""
        name = str(path)
        try:
            told = os.stat(name)  # noqa: PTH116 - faster, and there are many
            stamp = [told.st_size, told.st_mtime_ns, told.st_ctime_ns]
            kept = self._kept.get(name)
            if kept and kept[0] == stamp:
                return kept[1]
            digest = f"{told.st_size}-{_checksum(name):08x}"
        except (OSError, ValueError):
            return NO_FILE
        self._kept[name], self._is_new = (stamp, digest), True
        return digest

    def forget(self) -> None:
        """Look at all files again."""
        self._known.clear()

    def _write(self) -> None:
        """Write what is new, where this user may; what has gone is left out."""
        if self._path is None or not self._is_new:
            return
        kept = {name: entry for name, entry in self._kept.items() if os.path.exists(name)}  # noqa: PTH110
        with suppress(OSError), atomic_write(self._path) as temporary:
            temporary.write_text(json.dumps(kept))


CONTENTS = Contents()


def contents_of(paths: Sequence[str | Path] | str | Path | None) -> list[str]:
    """The digests of these files, as they were when this process first asked."""
    if paths is None:
        return []
    return CONTENTS.of([paths] if isinstance(paths, str | Path) else paths)


def _checksum(path: str) -> int:
    total = 0
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - faster, and there are many
        while block := stream.read(_BLOCK):
            total = zlib.crc32(block, total)
    return total


def _read(path: Path) -> dict[str, tuple[_Stamp, str]]:
    """What is kept in a file; nothing if there is none, or it cannot be read."""
    try:
        found = json.loads(path.read_text())
        return {name: (list(stamp), str(digest)) for name, (stamp, digest) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
