"""A cohort of synthetic children's hands in the RSNA bone-age layout."""

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from sharpflow.files import atomic_write, write_table
from sharpflow.phantom.bones.children import make_childs_hand
from sharpflow.phantom.cohorts.processes import in_processes
from sharpflow.seeds import seed_for

log = logging.getLogger(__name__)

# Of the RSNA's children: Halabi SS, et al. Radiology 2019;290:498-503. Ages are sampled from a
# normal distribution cut at both ends (ours).
MEAN_MONTHS, SD_MONTHS = 127.0, 41.0
MONTHS = (4, 228)
BOYS = 0.54

_Task = tuple[Path, str, str, int, int]


def make_bone_age_cohort(
    folder: Path,
    *,
    children: int,
    seed: int,
    height: int,
    workers: int,
    validation_share: float = 0.1,
) -> None:
    """Write the left hands of children and their bone ages into a folder.

    The training part, the larger one, is boneage-training-dataset.csv (id, boneage in months, male)
    and boneage-training-dataset/<id>.png; the rest is boneage-validation-dataset.csv (Image ID,
    Bone Age (months), male) and its folder; truth/radiographs.csv is of both. The same arguments
    give the same bytes, whatever the number of `workers`, and a child is the same, in the same
    part, in a larger cohort.

    Args:
        folder: where the files go.
        children: how many.
        seed: of the cohort.
        height: nominal height of a radiograph in pixels.
        workers: number of processes.
        validation_share: share of the children in the validation part.

    Raises:
        ValueError: a part would be empty.
    """
    parts = {
        str(number): "validation" if _in_validation(number, validation_share) else "training"
        for number in range(1, children + 1)
    }
    if len(set(parts.values())) < 2:
        raise ValueError(f"{children} children, share {validation_share}: a part would be empty")
    tasks = [(Path(folder), name, part, seed, height) for name, part in parts.items()]
    radiographs = pd.DataFrame(list(in_processes(_make_child, tasks, workers, chunk=4)))
    log.info("made %d children", children)
    table = radiographs[["image_id", "months", "male"]]
    training = table[radiographs["part"] == "training"]
    validation = table[radiographs["part"] == "validation"]
    names = {"image_id": "id", "months": "boneage"}
    write_table(training.rename(columns=names), Path(folder) / "boneage-training-dataset.csv")
    names = {"image_id": "Image ID", "months": "Bone Age (months)"}
    write_table(validation.rename(columns=names), Path(folder) / "boneage-validation-dataset.csv")
    write_table(radiographs, Path(folder) / "truth" / "radiographs.csv")


def _in_validation(number: int, share: float) -> bool:
    """Whether this child is one of the `share` of all, spread evenly."""
    return int(number * share + 1e-9) > int((number - 1) * share + 1e-9)


def _make_child(task: _Task) -> dict[str, Any]:
    """Make and write one radiograph: its row."""
    folder, image_id, part, seed, height = task
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed_for(seed, "child's age", image_id))
    months = MONTHS[1] + 1
    while not MONTHS[0] <= months <= MONTHS[1]:
        months = round(rng.normal(MEAN_MONTHS, SD_MONTHS))
    male = bool(rng.random() < BOYS)
    radiograph = make_childs_hand(months, male=male, seed=seed, image_id=image_id, height=height)
    with atomic_write(folder / f"boneage-{part}-dataset" / f"{image_id}.png") as path:
        cv2.imwrite(str(path), radiograph.image)
    return radiograph.row | {"months": months, "part": part}
