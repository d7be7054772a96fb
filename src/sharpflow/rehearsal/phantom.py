"""The few phantom images of all rehearsals, and as many copies of them as a batch takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.files import read_table
from sharpflow.imaging.reading import read_image
from sharpflow.imaging.shards import ImageStack
from sharpflow.imaging.standardize import standardize
from sharpflow.joints.scoring.crops import to_standard
from sharpflow.phantom.cohorts.bone_age import make_bone_age_cohort
from sharpflow.phantom.cohorts.joints import make_joint_cohort
from sharpflow.phantom.cohorts.truth import read_true_joints, read_true_masks
from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort
from sharpflow.whole_image.data.packing import pack

JOINTS, COHORTS = "joints", ("whole_image", "bone_age")


def make_phantom(
    folder: Path, heights: Mapping[str, int], *, images: int, seed: int, workers: int
) -> None:
    """Make the images of all rehearsals.

    Args:
        folder: where they go, a folder each cohort.
        heights: of a cohort's radiographs, typically, in pixels: of "joints", "whole_image",
            "bone_age", or of some of them.
        images: of each body part, of both hands, and of children's hands; two or more.
        seed: of all of them.
        workers: processes.
    """
    common: dict[str, Any] = {"seed": seed, "workers": workers}
    for cohort, height in heights.items():
        where, sized = folder / cohort, common | {"height": height}
        if cohort == JOINTS:
            make_joint_cohort(where, patients=-(-images // 2), **sized)  # each has two of them
        elif cohort == "whole_image":
            make_whole_image_cohort(where, patients=images, **sized)
        else:
            make_bone_age_cohort(where, children=images, validation_share=0.5, **sized)


@dataclass(frozen=True)
class Radiographs:
    """Standardized phantom radiographs of one body part.

    Attributes:
        images: uint8 (height, width) each.
        masks: their true outlines, 0 or 255.
        rows: image_id, patient, limb, file, scale, x_offset, y_offset of each.
        boxes: of the joints that detectors look for: image_id, joint, class, x_min..y_max, in
            standardized pixels.
    """

    images: ImageStack
    masks: ImageStack
    rows: pd.DataFrame
    boxes: pd.DataFrame

    def copies(self, n: int) -> "Radiographs":
        """`n` radiographs, each of which has an id of its own; no pixel is copied."""
        numbers = np.resize(np.arange(len(self.rows)), n)
        rows = self.rows.iloc[numbers].reset_index(drop=True)
        ids = [f"{image_id}-{number}" for number, image_id in enumerate(rows["image_id"])]
        named = pd.DataFrame({"image_id": rows["image_id"], "copy": ids})
        boxes = named.merge(self.boxes, on="image_id").drop(columns="image_id")
        return Radiographs(
            self.images.choose(numbers),
            self.masks.choose(numbers),
            rows.assign(image_id=ids, patient=ids),
            boxes.rename(columns={"copy": "image_id"}),
        )


def radiograph_rows(phantom: Path, body_part: str) -> pd.DataFrame:
    """image_id, patient, limb and file of the radiographs of a body part."""
    rows = read_table(phantom / JOINTS / "truth" / "radiographs.csv")
    kept = [LIMBS[limb].body_part == body_part for limb in rows["limb"]]
    rows = rows.loc[kept, ["image_id", "patient", "limb"]].reset_index(drop=True)
    folder = phantom / JOINTS / "radiographs"
    return rows.assign(file=[str(folder / f"{image_id}.jpg") for image_id in rows["image_id"]])


def standardized(phantom: Path, body_part: str, settings: Mapping[str, Any]) -> Radiographs:
    """Standardize the radiographs of a body part.

    Args:
        phantom: the folder that `make_phantom` wrote.
        body_part: "hand" or "foot".
        settings: height, width, crop_bottom and clahe of `standardize`.
    """
    height, width = settings["height"], settings["width"]
    folder, crop_bottom = phantom / JOINTS, settings["crop_bottom"]
    rows = radiograph_rows(phantom, body_part)
    images, placements = [], []
    for file in rows["file"]:
        image, placement = standardize_file(file, settings)
        images.append(image)
        placements.append(placement)
    placed = pd.DataFrame(placements, columns=["scale", "x_offset", "y_offset"])
    rows = pd.concat([rows, placed], axis=1)
    masks = read_true_masks(
        folder, rows["image_id"], height=height, width=width, crop_bottom=crop_bottom
    )
    joints = read_true_joints(folder)
    joints = joints[joints["image_id"].isin(rows["image_id"])]
    return Radiographs(
        ImageStack([np.stack(images)]),
        ImageStack([np.stack(list(masks))]),
        rows,
        to_standard(joints, rows),
    )


def standardize_file(path: str, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """Read and standardize a radiograph, as the rule does: the image and where it lies."""
    return standardize(
        read_image(path, round(settings["max_megapixels"] * 1e6)),
        settings["height"],
        settings["width"],
        settings["crop_bottom"],
        clahe_clip=settings["clahe"]["clip_limit"],
        clahe_grid=settings["clahe"]["grid"],
    )


@dataclass(frozen=True)
class WholeImages:
    """Packed phantom images.

    Attributes:
        images: uint8 (size, size) each.
        rows: image_id, height and width of each file, target (score points or months).
    """

    images: ImageStack
    rows: pd.DataFrame

    def copies(self, n: int) -> "WholeImages":
        """`n` images, each of which has an id of its own; no pixel is copied."""
        numbers = np.resize(np.arange(len(self.rows)), n)
        rows = self.rows.iloc[numbers].reset_index(drop=True)
        ids = [f"{image_id}-{number}" for number, image_id in enumerate(rows["image_id"])]
        return WholeImages(self.images.choose(numbers), rows.assign(image_id=ids, patient=ids))


def packed(phantom: Path, cohort: str, *, size: int, contrast: Any) -> WholeImages:
    """Pack the images of a cohort.

    Args:
        phantom: the folder that `make_phantom` wrote.
        cohort: "whole_image" or "bone_age".
        size: pixels a side.
        contrast: "none" or "clahe".
    """
    folder = phantom / cohort
    files = {path.stem: path for path in folder.glob("*/*") if path.suffix in (".jpg", ".png")}
    images, rows, _ = pack(files, size, contrast=contrast)
    return WholeImages(ImageStack([images]), rows.merge(_targets(folder, cohort), on="image_id"))


def _targets(folder: Path, cohort: str) -> pd.DataFrame:
    """image_id and target of each image."""
    if cohort == "bone_age":
        table = read_table(folder / "truth" / "radiographs.csv")
        return table[["image_id", "months"]].rename(columns={"months": "target"})
    labels = read_table(folder / "labels.csv")
    ids = [Path(image).stem for image in labels["image"]]
    return pd.DataFrame({"image_id": ids, "target": labels["total"]})
