"""Whole images brought to one size once, and what the training split's pixels are like.

Bo et al., 2.2: images are resized to 1024x1024, pixels and targets are standardised with the mean
and SD of the training set. The aspect isn't kept, and no radiograph is decoded again in training.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.errors import UserError
from sharpflow.imaging.dicom import has_burned_in_text
from sharpflow.imaging.dicom_limb import OnContradiction, check_limb
from sharpflow.imaging.image_error import MAX_PIXELS, ImageError
from sharpflow.imaging.reading import image_digest, read_image
from sharpflow.imaging.shards import ImageStack

log = logging.getLogger(__name__)

Grey = npt.NDArray[np.uint8]

PACKED_TABLE = ["image_id", "height", "width", "digest"]
UNPACKED_TABLE = ["image_id", "file", "found", "expected", "remedy"]


def resize(image: Grey, size: int) -> Grey:
    """A grey image, uint8 (height, width), as `size` x `size`, its aspect not kept (the paper's).

    By the mean of areas where both sides shrink, by cubic interpolation where one grows (ours).
    """
    shrinks = min(image.shape) >= size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (size, size), interpolation=how), np.uint8)


CLIP, GRID = 4.0, 8


def equalize(image: Grey) -> Grey:
    """A grey image with its contrast made even place by place, by CLAHE (ours).

    Exposure then weighs less, also where a bright border or marker stands beside a dark hand.
    """
    clahe = cv2.createCLAHE(clipLimit=CLIP, tileGridSize=(GRID, GRID))
    return np.asarray(clahe.apply(image), np.uint8)


def prepare(image: Grey, size: int, contrast: Literal["none", "clahe"]) -> Grey:
    """A grey image as networks see it before its pixels are normalised: uint8 `size` x `size`."""
    small = resize(image, size)
    return equalize(small) if contrast == "clahe" else small


def scale_and_shift(pixel_mean: float, pixel_sd: float) -> tuple[float, float]:
    """By which a byte becomes a pixel of mean 0 and SD 1: byte * scale - shift.

    Mean and SD are those of the training images' pixels, as 0 to 1.
    """
    return 1 / (255 * pixel_sd), pixel_mean / pixel_sd


def pack(
    paths: Mapping[str, Path],
    size: int,
    max_pixels: int = MAX_PIXELS,
    *,
    contrast: Literal["none", "clahe"] = "none",
    contradicting_headers: OnContradiction = "problem",
    workers: int = 1,
    look: Callable[[str, Grey, str, bool], None] | None = None,
) -> tuple[Grey, pd.DataFrame, pd.DataFrame]:
    """Decode each image once, in `workers` threads, and resize it.

    Raises nothing for bad files.

    Args:
        paths: image_id -> its file.
        size: pixels a side of the packed images.
        max_pixels: an image of more is refused before it is decoded.
        contrast: "none" (the paper's) or "clahe".
        contradicting_headers: whether an image whose DICOM header says that it shows no hand counts
            as one that cannot be read ("problem"), or is looked at and logged ("warn").
        workers: threads.
        look: called in these threads with each image's image_id, pixels, what its header says
            against the table (blank where nothing), and whether it says that text is burned in.

    Returns:
        The images that can be read, uint8 (n, size, size), sorted by image_id; their rows:
        image_id, height, width (pixels of the original), digest (of its pixels); and a row for each
        that cannot: image_id, file, found, expected, remedy.
    """

    def read(image_id: str) -> tuple[Grey, tuple[int, int, str]] | ImageError:
        try:
            image = read_image(paths[image_id], max_pixels)
            path = paths[image_id]
            says = check_limb(path, BodyPart.HAND, None, "the table", contradicting_headers)
            burned_in = has_burned_in_text(path)
        except ImageError as error:
            return error
        if look:
            look(image_id, image, says, burned_in)
        return prepare(image, size, contrast), (*image.shape, image_digest(image))

    names = sorted(paths)
    images = np.empty((len(names), size, size), np.uint8)
    rows: list[tuple[str, int, int, str]] = []
    problems: list[tuple[str, str, str, str, str]] = []
    with ThreadPoolExecutor(workers) as pool:
        for name, seen in zip(names, pool.map(read, names), strict=True):
            if isinstance(seen, ImageError):
                wrong = (seen.found, seen.expected, seen.remedy)
                problems.append((name, str(paths[name]), *wrong))
            else:
                images[len(rows)] = seen[0]
                rows.append((name, *seen[1]))
    log.info("packed %d images, %d cannot be read", len(rows), len(problems))
    return (
        images[: len(rows)],
        pd.DataFrame(rows, columns=PACKED_TABLE),
        pd.DataFrame(problems, columns=UNPACKED_TABLE),
    )


def statistics(
    stack: ImageStack, rows: pd.DataFrame, split: pd.DataFrame, targets: pd.DataFrame
) -> dict[str, float]:
    """Mean and SD of the training split's pixels (as 0-1) and of its targets.

    Pixels are counted as whole numbers, so neither order nor shards change a bit of them.

    Args:
        stack: packed images.
        rows: image_id of each image of the stack.
        split: image_id, split; images that it has not are left out.
        targets: image_id and one more column, the target.

    Returns:
        pixel_mean, pixel_sd, target_mean, target_sd (of the population) and n.

    Raises:
        UserError: the split has no training images, or all pixels or targets are the same.
    """
    training = set(split.loc[split["split"] == "train", "image_id"])
    chosen = np.flatnonzero(rows["image_id"].isin(training))
    if not len(chosen):
        raise UserError("No image of the training split was packed. Give more images, or shares.")
    counts = np.zeros(256, np.int64)
    for index in chosen:
        counts += np.bincount(stack[int(index)].reshape(-1), minlength=256)
    pixel_mean, pixel_sd = _mean_sd(np.arange(256) / 255, counts)
    named = targets.set_index("image_id")
    ids = sorted(rows["image_id"].iloc[chosen])
    values = named.loc[ids, named.columns[0]].to_numpy(float)
    target_mean, target_sd = float(values.mean()), float(values.std())
    for sd, what in ((pixel_sd, "pixels"), (target_sd, f"{named.columns[0]}s")):
        if not sd > 0:
            raise UserError(
                f"The {what} of all {len(ids)} training images are the same ({values[0]:g} is the "
                "first target): nothing can be learned. Check the table of labels and the images."
            )
    return {
        "pixel_mean": pixel_mean,
        "pixel_sd": pixel_sd,
        "target_mean": target_mean,
        "target_sd": target_sd,
        "n": len(ids),
    }


def _mean_sd(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> tuple[float, float]:
    share = counts / counts.sum()
    mean = float((values * share).sum())
    return mean, float(np.sqrt(((values - mean) ** 2 * share).sum()))
