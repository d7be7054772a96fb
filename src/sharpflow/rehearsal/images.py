"""The phantom images that rehearsals read, and as many copies of them as a batch takes."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.files import read_table
from sharpflow.imaging.shards import ImageStack, read_shards

# Files in the folder that `phantom` made, by body part or by cohort.
RADIOGRAPHS, MASKS, BOXES = "{}.npy", "{}-masks.npy", "{}-boxes.csv"
SYNTHETIC = "{}-synthetic.npy"
PACKED = "{}.npy"


@dataclass(frozen=True)
class PhantomImages:
    """Images of one size.

    Attributes:
        images: uint8 (height, width) each.
        rows: of radiographs image_id, patient, limb, file (from the folder on), scale, x_offset,
            y_offset; of packed images image_id, height and width of the file, target (score points
            or months).
    """

    images: ImageStack
    rows: pd.DataFrame

    def copies(self, n: int) -> "PhantomImages":
        """`n` images, each of which has an id and a patient of its own; no pixel is copied."""
        numbers = numbers_of_copies(len(self.rows), n)
        rows = self.rows.iloc[numbers].reset_index(drop=True)
        ids = [f"{image_id}-{number}" for number, image_id in enumerate(rows["image_id"])]
        return PhantomImages(self.images.choose(numbers), rows.assign(image_id=ids, patient=ids))


@dataclass(frozen=True)
class Radiographs(PhantomImages):
    """Standardized radiographs of one body part.

    Attributes:
        masks: their true outlines, 0 or 255.
        boxes: of the joints that detectors look for: image_id, joint, class, x_min..y_max in
            standardized pixels, erosion, narrowing.
    """

    masks: ImageStack
    boxes: pd.DataFrame

    def copies(self, n: int) -> "Radiographs":
        """The same, with masks and boxes."""
        copied = super().copies(n)
        numbers = numbers_of_copies(len(self.rows), n)
        named = pd.DataFrame(
            {
                "image_id": self.rows["image_id"].iloc[numbers].to_numpy(),
                "copy": copied.rows["image_id"],
            }
        )
        boxes = named.merge(self.boxes, on="image_id").drop(columns="image_id")
        return Radiographs(
            copied.images,
            copied.rows,
            self.masks.choose(numbers),
            boxes.rename(columns={"copy": "image_id"}),
        )

    def for_training(self, batch: int, steps: int) -> "Radiographs":
        """As many copies as these steps take, and a batch more to validate; `split` in the rows."""
        copies = self.copies((steps + 1) * batch)
        split = ["train"] * (steps * batch) + ["validation"] * batch
        return replace(copies, rows=copies.rows.assign(split=split))


def numbers_of_copies(images: int, n: int) -> npt.NDArray[np.int64]:
    """The images' numbers, again and again, `n` of them."""
    return np.resize(np.arange(images, dtype=np.int64), n)


def radiographs(folder: Path, body_part: str) -> Radiographs:
    """The standardized radiographs of a body part."""
    images, rows = read_shards([folder / RADIOGRAPHS.format(body_part)])
    masks, _ = read_shards([folder / MASKS.format(body_part)])
    return Radiographs(images, rows, masks, read_table(folder / BOXES.format(body_part)))


def synthetic_joints(folder: Path, body_part: str) -> tuple[npt.NDArray[np.uint8], pd.DataFrame]:
    """Patches, uint8 (n, side, side), and the rows of `make_training_joints`."""
    patches, rows = read_shards([folder / SYNTHETIC.format(body_part)])
    return patches.take(range(len(patches))), rows


def packed(folder: Path, cohort: str) -> PhantomImages:
    """The packed images of "whole_image" or "bone_age"."""
    return PhantomImages(*read_shards([folder / PACKED.format(cohort)]))
