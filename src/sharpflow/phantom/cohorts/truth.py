"""What a synthetic cohort knows of its radiographs, in pixels of the standardized radiographs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.files import read_table
from sharpflow.imaging.reading import read_image
from sharpflow.imaging.standardize import standardize_mask


def read_true_masks(
    folder: str | Path, image_ids: "pd.Series[str]", *, height: int, width: int, crop_bottom: float
) -> Iterator[npt.NDArray[np.uint8]]:
    """The limb's true outline in each standardized radiograph.

    Args:
        folder: the one that `make_joint_cohort` wrote.
        image_ids: of the radiographs.
        height: of the standardized radiographs, pixels.
        width: likewise.
        crop_bottom: fraction of the height that is cut off, as for the radiographs themselves.

    Yields:
        Masks, uint8 0/255 (height, width), in the order of `image_ids`.
    """
    for image_id in image_ids:
        mask = read_image(Path(folder) / "truth" / "masks" / f"{image_id}.png")
        yield standardize_mask(mask, height, width, crop_bottom)


def read_true_joints(folder: str | Path) -> pd.DataFrame:
    """The joints that detectors look for: image_id, joint, class, x_min..y_max, in pixels."""
    joints = read_table(Path(folder) / "truth" / "joints.csv")
    columns = ["image_id", "joint", "class", *BOX_COLUMNS]
    return joints.loc[joints["class"].notna(), columns].reset_index(drop=True)
