"""Making the few phantom images of all rehearsals, as far as their rules' inputs are made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sharpflow.anatomy import LIMBS, BodyPart
from sharpflow.files import read_table, write_table
from sharpflow.imaging.reading import read_image
from sharpflow.imaging.shards import write_shard
from sharpflow.imaging.standardize import Placement, standardize
from sharpflow.joints.scoring.crops import to_standard
from sharpflow.joints.scoring.synthetic_joints import make_training_joints
from sharpflow.phantom.cohorts.bone_age import make_bone_age_cohort
from sharpflow.phantom.cohorts.joints import make_joint_cohort
from sharpflow.phantom.cohorts.truth import read_true_joints, read_true_masks
from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort
from sharpflow.rehearsal import images as kept
from sharpflow.whole_image.data.packing import pack


def make_radiographs(
    folder: Path, settings: Mapping[str, Any], *, body_parts: list[str], n: int, seed: int
) -> None:
    """Make, of each body part, radiographs as files and standardized, and synthetic joints.

    Args:
        folder: where they go.
        settings: radiograph_height; height, width, crop_bottom (by body part), clahe and
            max_megapixels of `standardize`.
        body_parts: which.
        n: of each; radiographs may be one more, since a person has two.
        seed: of all of them.
    """
    cohort = folder / "joints"
    height = settings["radiograph_height"]
    make_joint_cohort(
        cohort, patients=-(-n // 2), seed=seed, height=height, workers=1, body_parts=body_parts
    )
    for body_part in body_parts:
        _standardize(cohort, folder, settings, body_part)
        patches, rows = make_training_joints(
            n,
            body_part=BodyPart(body_part),
            seed=seed,
            height=settings["height"],
            clahe_clip=settings["clahe"]["clip_limit"],
            clahe_grid=settings["clahe"]["grid"],
        )
        write_shard(folder / kept.SYNTHETIC.format(body_part), patches, rows)


def _standardize(cohort: Path, folder: Path, settings: Mapping[str, Any], body_part: str) -> None:
    rows = read_table(cohort / "truth" / "radiographs.csv")
    here = [LIMBS[limb].body_part == BodyPart(body_part) for limb in rows["limb"]]
    rows = rows.loc[here, ["image_id", "patient", "limb"]].reset_index(drop=True)
    files = [f"{cohort.name}/radiographs/{image_id}.jpg" for image_id in rows["image_id"]]
    images, places = zip(
        *(standardize_file(folder / file, settings, body_part) for file in files), strict=True
    )
    placed = pd.DataFrame(places, columns=["scale", "x_offset", "y_offset"])
    rows = pd.concat([rows.assign(file=files), placed], axis=1)
    masks = read_true_masks(
        cohort,
        rows["image_id"],
        height=settings["height"],
        width=settings["width"],
        crop_bottom=settings["crop_bottom"][body_part],
    )
    write_shard(folder / kept.RADIOGRAPHS.format(body_part), images, rows)
    write_shard(folder / kept.MASKS.format(body_part), masks, rows)
    joints = read_table(cohort / "truth" / "joints.csv")
    scores = joints[["image_id", "joint", "erosion", "narrowing"]]
    boxes = read_true_joints(cohort).merge(scores, on=["image_id", "joint"])
    boxes = boxes[boxes["image_id"].isin(rows["image_id"])]
    write_table(to_standard(boxes, rows), folder / kept.BOXES.format(body_part))


def standardize_file(
    file: Path, settings: Mapping[str, Any], body_part: str
) -> tuple[Any, Placement]:
    """Read and standardize a radiograph, as the rule does; settings as of `make_radiographs`."""
    return standardize(
        read_image(file, round(settings["max_megapixels"] * 1e6)),
        settings["height"],
        settings["width"],
        settings["crop_bottom"][body_part],
        clahe_clip=settings["clahe"]["clip_limit"],
        clahe_grid=settings["clahe"]["grid"],
    )


def make_whole_images(folder: Path, settings: Mapping[str, Any], *, n: int, seed: int) -> None:
    """Make radiographs of both hands and of children's hands, packed, with their targets.

    Args:
        folder: where they go.
        settings: whole_image_height, child_radiograph_height, size, contrast.
        n: of each, two or more.
        seed: of all of them.
    """
    both, children = folder / "whole_image", folder / "bone_age"
    height = settings["whole_image_height"]
    make_whole_image_cohort(both, patients=n, seed=seed, height=height, workers=1)
    labels = read_table(both / "labels.csv")
    ids = [Path(image).stem for image in labels["image"]]
    _pack(both, settings, pd.DataFrame({"image_id": ids, "target": labels["total"]}))
    make_bone_age_cohort(
        children,
        children=n,
        validation_share=0.5,
        seed=seed,
        height=settings["child_radiograph_height"],
        workers=1,
    )
    ages = read_table(children / "truth" / "radiographs.csv")
    _pack(children, settings, ages.rename(columns={"months": "target"}))


def _pack(cohort: Path, settings: Mapping[str, Any], targets: pd.DataFrame) -> None:
    files = {path.stem: path for path in cohort.glob("*/*") if path.suffix in (".jpg", ".png")}
    images, rows, _ = pack(files, settings["size"], contrast=settings["contrast"])
    rows = rows[["image_id", "height", "width"]].merge(
        targets[["image_id", "target"]], on="image_id"
    )
    write_shard(cohort.parent / kept.PACKED.format(cohort.name), np.asarray(images), rows)
