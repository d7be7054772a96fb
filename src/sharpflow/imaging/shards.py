"""Shards: about 256 images in one memory-mapped file, with a table of their rows.

Only the standard library is imported at module level: the workflow calls `shard_of` while it
is parsed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharpflow.files import atomic_write, read_table, write_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


def shard_of(image_id: str, shards: int) -> str:
    """The shard of an image, "00" to `shards` - 1; it depends on nothing but the id."""
    if shards < 1:
        raise ValueError(f"shards is at least 1, got {shards}")
    number = int.from_bytes(hashlib.sha256(image_id.encode()).digest()[:8], "big") % shards
    return f"{number:02d}"


class ImageStack:
    """Images of several shards as one sequence; pixels stay on disk until they are asked for."""

    def __init__(
        self,
        shards: "Sequence[npt.NDArray[np.uint8]]",
        chosen: "npt.NDArray[np.int64] | None" = None,
    ) -> None:
        """Join arrays of shape (n, height, width); empty ones may have any height and width.

        `chosen` are numbers of images in the joined arrays, in the order wanted; None for all.
        """
        import numpy as np

        self._shards = [shard for shard in shards if len(shard)]
        sizes = sorted({shard.shape[1:] for shard in self._shards})
        if len(sizes) > 1:
            raise ValueError(f"shards of one stack have one image size, got {sizes}")
        self.size: tuple[int, int] = sizes[0] if sizes else (0, 0)  # height, width
        self._ends = np.cumsum([len(shard) for shard in self._shards], dtype=np.int64)
        every = int(self._ends[-1]) if len(self._ends) else 0
        self._chosen = np.arange(every, dtype=np.int64) if chosen is None else chosen

    def __len__(self) -> int:
        """Number of images."""
        return len(self._chosen)

    def __getitem__(self, index: int) -> "npt.NDArray[np.uint8]":
        """One image, uint8 (height, width), read-only."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of {len(self)}")
        index = int(self._chosen[index])
        shard = int(self._ends.searchsorted(index, side="right"))
        image: npt.NDArray[np.uint8] = self._shards[shard][index - int(self._ends[shard])]
        return image

    def take(self, indices: "Iterable[int]") -> "npt.NDArray[np.uint8]":
        """Copy images into memory, uint8 (n, height, width), in the order asked for."""
        import numpy as np

        chosen = [int(index) for index in indices]
        images = np.empty((len(chosen), *self.size), np.uint8)
        for row, index in enumerate(chosen):
            images[row] = self[index]
        return images

    def choose(self, indices: "Iterable[int]") -> "ImageStack":
        """Some of the images, in the order asked for; nothing is copied."""
        import numpy as np

        return ImageStack(self._shards, self._chosen[np.fromiter(indices, np.int64)])

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the files again; the pixels are not sent to it."""
        return _reopen, ([_opened_from(shard) for shard in self._shards], self._chosen)


def choose_images(stack: ImageStack, indices: "Iterable[int]") -> ImageStack:
    """Some images of a stack, in the order asked for; nothing is copied."""
    return stack.choose(indices)


def _opened_from(shard: "npt.NDArray[np.uint8]") -> "Path | npt.NDArray[np.uint8]":
    """The file that an array maps whole, or the array itself."""
    import numpy as np

    # A part of a mapped array names the file too, but rests on another array.
    if isinstance(shard, np.memmap) and isinstance(shard.base, mmap) and shard.filename:
        return Path(shard.filename)
    return shard


def _reopen(
    shards: "Sequence[Path | npt.NDArray[np.uint8]]", chosen: "npt.NDArray[np.int64]"
) -> ImageStack:
    import numpy as np

    opened = [np.load(s, mmap_mode="r") if isinstance(s, Path) else s for s in shards]
    return ImageStack(opened, chosen)


def write_shard(
    path: str | Path, images: "Iterable[npt.NDArray[np.uint8]]", rows: "pd.DataFrame"
) -> None:
    """Write images, uint8 (height, width) each, to `path` (.npy) and their rows to .csv beside it.

    Images may come from a generator: one is in memory at a time. A shard without images is legal.
    Raises ValueError when the images differ in size, are not uint8, or do not match the rows.
    """
    import numpy as np

    path = Path(path)
    iterator = iter(images)
    first = next(iterator, None)
    if first is None and len(rows):
        raise ValueError(f"{path}: no images for {len(rows)} rows")
    size = (0, 0) if first is None else first.shape
    with atomic_write(path) as temporary:
        if first is None:
            np.save(temporary, np.empty((0, *size), np.uint8))
        else:
            stack = np.lib.format.open_memmap(
                temporary, mode="w+", dtype=np.uint8, shape=(len(rows), *size)
            )
            written = 0
            for image in _chain(first, iterator):
                if written == len(rows):
                    raise ValueError(f"{path}: more images than the {len(rows)} rows")
                if image.dtype != np.uint8 or image.ndim != 2 or image.shape != size:
                    raise ValueError(
                        f"{path}: image {written} is {image.dtype} {image.shape}, "
                        f"expected uint8 {size}"
                    )
                stack[written] = image
                written += 1
            if written < len(rows):
                raise ValueError(f"{path}: {written} images for {len(rows)} rows")
            stack.flush()
            del stack
    write_table(rows, path.with_suffix(".csv"))


def read_shards(paths: Iterable[str | Path]) -> "tuple[ImageStack, pd.DataFrame]":
    """Open shards (.npy, their .csv beside them) as one stack and one table, in the order given."""
    import numpy as np
    import pandas as pd

    shards, tables = [], []
    for path in map(Path, paths):
        images = np.load(path, mmap_mode="r")
        rows = read_table(path.with_suffix(".csv"))
        if len(images) != len(rows):
            raise ValueError(f"{path} holds {len(images)} images, its table {len(rows)} rows")
        shards.append(images)
        tables.append(rows)
    if not tables:
        raise ValueError("no shards to read")
    filled = [table for table in tables if len(table)]
    return ImageStack(shards), pd.concat(filled or tables[:1], ignore_index=True)


def _chain(
    first: "npt.NDArray[np.uint8]", rest: "Iterable[npt.NDArray[np.uint8]]"
) -> "Iterable[npt.NDArray[np.uint8]]":
    yield first
    yield from rest
