"""Local entropy, as `skimage.filters.rank.entropy` defines it, ten times as fast.

The window slides down the image, its histogram follows (Huang et al., IEEE Trans Acoust Speech
Signal Process 1979;27:13-18), and so does the sum of n log2 n over its counts n. That sum is kept
as a 64-bit fixed-point number, so that additions and removals cancel to the last bit: the result
depends neither on the path of the window nor on how the work is shared out.
"""

import math

import numba
import numpy as np
import numpy.typing as npt

_FRACTION_BITS = 40  # 1e-12 in the sum; fewer where a large window needs the room


def local_entropy(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.float64]:
    """Shannon entropy of the grey values around each pixel.

    `image` is uint8 (height, width), `size` the odd side of the square window in pixels; the part
    of a window outside the image does not count. Returns float64 (height, width), 0 to 8 bits,
    within 1e-9 of `skimage.filters.rank.entropy(image, np.ones((size, size)))`. The computation
    leaves Python's lock, so images can share a pool of threads.

    Raises ValueError for another dtype or shape, and for a size that is even or below 1.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 2:
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image)
        raise ValueError(f"local entropy needs uint8 (height, width), got {found}")
    if int(size) != size or size < 1 or size % 2 == 0:
        raise ValueError(f"the window's side is an odd number of pixels, 1 or more, got {size}")
    height, width = image.shape
    if image.size == 0:
        return np.zeros((height, width))
    # A window with a radius of the image's longest side already covers all of it.
    radius = min(int(size) // 2, max(height, width))
    most = min(2 * radius + 1, height) * min(2 * radius + 1, width)
    entropy: npt.NDArray[np.float64] = _slide(np.ascontiguousarray(image), radius, *_n_log_n(most))
    return entropy


def _n_log_n(most: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], float]:
    """Table of n log2 n for n up to `most` in fixed point, its differences, and the unit."""
    count = np.arange(most + 1, dtype=np.float64)
    exact = count * np.log2(np.maximum(count, 1))
    unit = 2.0 ** min(_FRACTION_BITS, 61 - math.ceil(math.log2(exact[-1] + 1)))
    table = np.rint(exact * unit).astype(np.int64)
    return table, np.diff(table), unit


# Not cached on disk: it compiles in seconds, jobs that start together would write one cache,
# and a cache would lie among the sources. Indices are unsigned, as signed ones cost a test each.
@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _slide(
    image: npt.NDArray[np.uint8],
    radius: int,
    table: npt.NDArray[np.int64],
    steps: npt.NDArray[np.int64],
    unit: float,
) -> npt.NDArray[np.float64]:
    height, width = image.shape
    entropy = np.empty((height, width))
    histogram = np.empty(256, np.uint32)
    for x in range(width):
        left, right = max(0, x - radius), min(width, x + radius + 1)
        histogram[:] = 0
        total, rows = 0, 0
        for y in range(-radius, height):
            leaves, enters = y - radius - 1, y + radius
            if leaves >= 0 and enters < height:
                before, after = image[leaves, left:right], image[enters, left:right]
                if _differ(before, after):
                    for i in range(right - left):
                        total += _remove(histogram, steps, before[np.uint64(i)])
                        total += _add(histogram, steps, after[np.uint64(i)])
            elif enters < height:
                rows += 1
                for value in image[enters, left:right]:
                    total += _add(histogram, steps, value)
            elif leaves >= 0:
                rows -= 1
                for value in image[leaves, left:right]:
                    total += _remove(histogram, steps, value)
            if y >= 0:
                count = rows * (right - left)
                # log2 N - sum(n log2 n) / N, over N; exactly 0 where all values are the same.
                entropy[y, x] = (table[count] - total) / (unit * count)
    return entropy


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _differ(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> bool:
    """Whether rows differ at all: on an empty ground they often do not."""
    difference = np.uint8(0)
    for i in range(len(before)):
        difference |= before[np.uint64(i)] ^ after[np.uint64(i)]
    return bool(difference != 0)


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _add(histogram: npt.NDArray[np.uint32], steps: npt.NDArray[np.int64], value: int) -> int:
    """Count a value; the change of the sum of n log2 n."""
    count = histogram[value]
    histogram[value] = count + np.uint32(1)
    return steps[count]  # type: ignore[no-any-return]


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _remove(histogram: npt.NDArray[np.uint32], steps: npt.NDArray[np.int64], value: int) -> int:
    """Uncount a value; the change of the sum of n log2 n."""
    count = histogram[value] - np.uint32(1)
    histogram[value] = count
    return -steps[count]  # type: ignore[no-any-return]
