"""A cohort of synthetic radiographs of both hands with their totals, and the truth beside it."""

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from sharpflow.anatomy import LIMBS, BodyPart
from sharpflow.files import atomic_write, write_table
from sharpflow.phantom.bones.limb import Person, sample_person
from sharpflow.phantom.cohorts.joints import JPEG_QUALITY
from sharpflow.phantom.cohorts.processes import in_processes
from sharpflow.phantom.damage.severity import Scores, sample_scores
from sharpflow.phantom.projection.bilateral import make_bilateral
from sharpflow.seeds import seed_for

log = logging.getLogger(__name__)

AGES = (25, 85)  # years, sampled evenly (ours; Wang et al.'s are mostly above 30)
# Of the rates of damage, so that totals spread as in Wang et al.'s cohort. Its spread is not told,
# but RMSE and PCC together imply it (rows of Bo et al.'s Table 1: an SD of 47 points), and
# accuracies so near to balanced accuracies that the ten classes are about equally frequent. Of 1,
# 1.5 ... 4 times the joint cohort's rates, 3 comes nearest to both: SD 45.
SEVERITY = 3.0
_WOMEN = 0.7  # of the persons that `sample_person` samples

Rows = list[dict[str, Any]]
_Task = tuple[Path, str, int, int, float]


def make_whole_image_cohort(
    folder: Path,
    *,
    patients: int,
    shared: int = 0,
    seed: int,
    height: int,
    workers: int,
    severity: float = SEVERITY,
) -> None:
    """Write a radiograph of both hands of each patient, labels and truth into a folder.

    The files: images/<image_id>.jpg; labels.csv (image, patient, total of both hands with their
    wrists 0-280, age, sex); truth/radiographs.csv and truth/joints.csv (all sites of LH and RH in
    radiograph pixels, with their scores). The same arguments give the same bytes, whatever the
    number of `workers`, and a patient is the same in a larger cohort.

    Args:
        folder: where the files go.
        patients: how many.
        shared: the first so many patients are those of the joint cohort of that seed, with its
            scores.
        seed: of the cohort.
        height: nominal height of a radiograph in pixels; sizes vary by about 14%.
        workers: number of processes.
        severity: how many times as high the rates of the other patients' damage are.
    """
    names = [f"UAB{number:03d}" for number in range(1, patients + 1)]
    tasks = [
        (Path(folder), name, seed, height, 1.0 if number < shared else severity)
        for number, name in enumerate(names)
    ]
    labels: Rows = []
    radiographs: Rows = []
    joints: Rows = []
    for number, (label, radiograph, sites) in enumerate(
        in_processes(_make_patient, tasks, workers, chunk=4), 1
    ):
        labels.append(label)
        radiographs.append(radiograph)
        joints += sites
        if number % 64 == 0 or number == patients:
            log.info("made %d of %d patients", number, patients)
    whole_scores = {"erosion": "Int64", "narrowing": "Int64"}
    write_table(pd.DataFrame(radiographs), Path(folder) / "truth" / "radiographs.csv")
    write_table(pd.DataFrame(joints).astype(whole_scores), Path(folder) / "truth" / "joints.csv")
    write_table(pd.DataFrame(labels), Path(folder) / "labels.csv")


def who(patient: str, seed: int) -> tuple[Person, int, str]:
    """The person whom a joint cohort of that seed has, age in years and sex (M, F)."""
    stream = seed_for(seed, "person", patient)
    # The sex is the first that is sampled of a person, who is then built by it.
    woman = np.random.default_rng(stream).random() < _WOMEN
    age = np.random.default_rng(seed_for(seed, "age", patient)).integers(*AGES, endpoint=True)
    return sample_person(np.random.default_rng(stream)), int(age), "F" if woman else "M"


def total_of_hands(scores: Scores) -> int:
    """Erosion and narrowing of both hands, wrists included, 0-280."""
    return sum(
        score for (limb, _, _), score in scores.items() if LIMBS[limb].body_part is BodyPart.HAND
    )


def _make_patient(task: _Task) -> tuple[dict[str, Any], dict[str, Any], Rows]:
    """Make and write one radiograph: its label, its row and its joints' rows."""
    folder, patient, seed, height, severity = task
    cv2.setNumThreads(1)
    scores = sample_scores(patient, seed, severity=severity)
    person, age, sex = who(patient, seed)
    radiograph = make_bilateral(person, scores, seed=seed, patient=patient, height=height)
    name = f"{radiograph.row['image_id']}.jpg"
    with atomic_write(folder / "images" / name) as path:
        cv2.imwrite(str(path), radiograph.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    about = {"patient": patient, "total": total_of_hands(scores), "age": age, "sex": sex}
    return {"image": name, **about}, radiograph.row | about, radiograph.joints
