"""A cohort of synthetic radiographs in the RA2-DREAM layout, with the truth beside it."""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS, BodyPart
from sharpflow.cohorts.boxes import write_voc
from sharpflow.cohorts.scores import write_scores
from sharpflow.files import atomic_write, write_table
from sharpflow.phantom.bones.limb import sample_person
from sharpflow.phantom.cohorts.processes import in_processes
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.radiographs import SyntheticRadiograph, make_radiograph
from sharpflow.seeds import seed_for

log = logging.getLogger(__name__)

JPEG_QUALITY = 92

_Task = tuple[Path, str, int, int, float, tuple[str, ...]]
_Rows = list[dict[str, Any]]


def make_joint_cohort(
    folder: Path,
    *,
    patients: int,
    seed: int,
    height: int,
    workers: int,
    severity: float = 1.0,
    body_parts: Collection[str] = tuple(BodyPart),
) -> None:
    """Write radiographs, scores, boxes and truth of patients into a folder.

    The same arguments give the same bytes, whatever the number of `workers`, and a patient is the
    same in a larger cohort, and a hand the same in a cohort without feet.

    Args:
        folder: where the files go.
        patients: how many.
        seed: of the cohort.
        height: nominal height of a radiograph in pixels; sizes vary by about 14% around it.
        workers: number of processes.
        severity: scales how much damage the cohort has.
        body_parts: those of which there are radiographs. The table of scores has all four limbs.
    """
    names = [f"UAB{number:03d}" for number in range(1, patients + 1)]
    limbs = tuple(code for code, limb in LIMBS.items() if limb.body_part in body_parts)
    tasks = [(Path(folder), name, seed, height, severity, limbs) for name in names]
    radiographs: _Rows = []
    joints: _Rows = []
    scores: _Rows = []
    for number, made in enumerate(in_processes(_make_patient, tasks, workers), 1):
        for table, rows in zip((radiographs, joints, scores), made, strict=True):
            table.extend(rows)
        if number % 16 == 0 or number == patients:
            log.info("made %d of %d patients", number, patients)
    write_table(pd.DataFrame(radiographs), Path(folder) / "truth" / "radiographs.csv")
    write_table(_whole_scores(pd.DataFrame(joints)), Path(folder) / "truth" / "joints.csv")
    write_scores(Path(folder) / "scores.csv", pd.DataFrame(scores))


def _whole_scores(joints: pd.DataFrame) -> pd.DataFrame:
    """Scores as whole numbers, blank where a site has no such score."""
    return joints.astype({"erosion": "Int64", "narrowing": "Int64"})


def _make_patient(task: _Task) -> tuple[_Rows, _Rows, _Rows]:
    """Make and write one patient's radiographs; rows of the tables of images, joints and scores."""
    folder, patient, seed, height, severity, limbs = task
    cv2.setNumThreads(1)
    scores = sample_scores(patient, seed, severity=severity)
    person = sample_person(np.random.default_rng(seed_for(seed, "person", patient)))
    radiographs: _Rows = []
    joints: _Rows = []
    for code in limbs:
        made = make_radiograph(code, person, scores, seed=seed, patient=patient, height=height)
        radiographs.append(made.row)
        joints += made.joints
        _write_radiograph(folder, made)
    rows: _Rows = [
        {"patient": patient, "limb": limb, "joint": joint, "damage": str(damage), "score": score}
        for (limb, joint, damage), score in scores.items()
    ]
    return radiographs, joints, rows


def _write_radiograph(folder: Path, radiograph: SyntheticRadiograph) -> None:
    image_id = radiograph.row["image_id"]
    with atomic_write(folder / "radiographs" / f"{image_id}.jpg") as path:
        cv2.imwrite(str(path), radiograph.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    with atomic_write(folder / "truth" / "masks" / f"{image_id}.png") as path:
        cv2.imwrite(str(path), radiograph.mask)
    body_part = LIMBS[radiograph.row["limb"]].body_part
    named = {joint.name for joint in DETECTED_JOINTS[body_part]}
    boxes = pd.DataFrame([row for row in radiograph.joints if row["joint"] in named])
    height, width = radiograph.image.shape
    write_voc(folder / "boxes" / f"{image_id}.xml", image_id, (height, width), boxes)
