"""A cohort of synthetic radiographs in the RA2-DREAM layout, with the truth beside it."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS, BodyPart
from sharpflow.cohorts.boxes import write_voc
from sharpflow.cohorts.radiographs import ONLY_VISIT, file_name
from sharpflow.cohorts.scores import write_scores
from sharpflow.files import atomic_write, write_table
from sharpflow.phantom.bones.children import make_childs_hand
from sharpflow.phantom.bones.limb import Person, sample_person
from sharpflow.phantom.cohorts.processes import in_processes
from sharpflow.phantom.damage.severity import Scores, sample_visits
from sharpflow.phantom.projection.radiographs import SyntheticRadiograph, make_radiograph
from sharpflow.seeds import seed_for

log = logging.getLogger(__name__)

JPEG_QUALITY = 92

_Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Mix:
    """Whose radiographs a cohort has, and how widely they vary.

    Attributes:
        children: share of the patients whose hands are those of a child or adolescent, without
            damage; feet are always grown.
        varied: share of the radiographs that vary as widely as `projection.variety` says.
    """

    children: float = 0.0
    varied: float = 0.0


SCORED = Mix()  # grown people, radiographs as usual
YEARS = (1.0, 18.0)  # of the children, evenly spread (ours)


@dataclass(frozen=True)
class _Task:
    """One patient's radiographs, as `make_joint_cohort` was asked for them."""

    folder: Path
    patient: str
    seed: int
    height: int
    visits: int
    severity: float
    limbs: tuple[str, ...]
    mix: Mix


def make_joint_cohort(
    folder: Path,
    *,
    patients: int,
    seed: int,
    height: int,
    workers: int,
    visits: int = 1,
    severity: float = 1.0,
    body_parts: Collection[str] = tuple(BodyPart),
    mix: Mix = SCORED,
) -> None:
    """Write radiographs, scores, boxes and truth of patients into a folder.

    The same arguments give the same bytes, whatever the number of `workers`, and a patient is the
    same in a larger cohort, a visit where there are more of them, and a hand in a cohort without
    feet.

    Args:
        folder: where the files go.
        patients: how many.
        seed: of the cohort.
        height: nominal height of a radiograph in pixels; sizes vary by about 14% around it.
        workers: number of processes.
        visits: of each patient, named "1", "2" and so on; from one to the next, scores stay or
            rise. The bones stay the same; erosions of one score are placed anew.
        severity: scales how much damage the cohort has.
        body_parts: those of which there are radiographs. The table of scores has all four limbs.
        mix: whose radiographs they are. That of a scored cohort gives the same bytes as no other.
    """
    names = [f"UAB{number:03d}" for number in range(1, patients + 1)]
    limbs = tuple(code for code, limb in LIMBS.items() if limb.body_part in body_parts)
    tasks = [
        _Task(Path(folder), name, seed, height, visits, severity, limbs, mix) for name in names
    ]
    radiographs: _Rows = []
    joints: _Rows = []
    scores: _Rows = []
    for number, made in enumerate(in_processes(_make_patient, tasks, workers), 1):
        for table, rows in zip((radiographs, joints, scores), made, strict=True):
            table.extend(rows)
        if number % 16 == 0 or number == patients:
            log.info("made %d of %d patients", number, patients)
    described = pd.DataFrame(radiographs)
    if visits == 1:
        described = described.drop(columns="visit")
    write_table(described, Path(folder) / "truth" / "radiographs.csv")
    write_table(_whole_scores(pd.DataFrame(joints)), Path(folder) / "truth" / "joints.csv")
    write_scores(Path(folder) / "scores.csv", pd.DataFrame(scores))


def _whole_scores(joints: pd.DataFrame) -> pd.DataFrame:
    """Scores as whole numbers, blank where a site has no such score."""
    return joints.astype({"erosion": "Int64", "narrowing": "Int64"})


def _make_patient(task: _Task) -> tuple[_Rows, _Rows, _Rows]:
    """Make and write one patient's radiographs; rows of the tables of images, joints and scores."""
    cv2.setNumThreads(1)
    patient, seed = task.patient, task.seed
    person = sample_person(np.random.default_rng(seed_for(seed, "person", patient)))
    who = _Patient(person, _sample_child(task))
    tables: tuple[_Rows, _Rows, _Rows] = ([], [], [])
    every_visit = sample_visits(patient, seed, visits=task.visits, severity=task.severity)
    for number, scores in enumerate(every_visit, int(ONLY_VISIT)):
        made = _make_visit(task, str(number), who, scores)
        for table, rows in zip(tables, made, strict=True):
            table.extend(rows)
    return tables


class _Child(NamedTuple):
    """How old a child is, and of which sex."""

    months: float
    male: bool


class _Patient(NamedTuple):
    """A person, and the child whose hands they have, if these are a child's."""

    person: Person
    child: _Child | None


def _sample_child(task: _Task) -> _Child | None:
    rng = np.random.default_rng(seed_for(task.seed, "child", task.patient))
    if rng.random() >= task.mix.children:
        return None
    return _Child(12 * float(rng.uniform(*YEARS)), bool(rng.random() < 0.5))


def _make_visit(
    task: _Task, visit: str, who: _Patient, scores: Scores
) -> tuple[_Rows, _Rows, _Rows]:
    """The same of one visit."""
    about = {"patient": task.patient, "visit": visit}
    if who.child:
        scores = {
            site: 0 if LIMBS[site[0]].body_part is BodyPart.HAND else score
            for site, score in scores.items()
        }
    radiographs: _Rows = []
    joints: _Rows = []
    for code in task.limbs:
        made = _make_limb(task, code, visit, who, scores)
        radiographs.append(made.row | about)
        joints += made.joints
        _write_radiograph(task.folder, made)
    rows: _Rows = [
        {**about, "limb": limb, "joint": joint, "damage": str(damage), "score": score}
        for (limb, joint, damage), score in scores.items()
    ]
    return radiographs, joints, rows


def _make_limb(
    task: _Task, code: str, visit: str, who: _Patient, scores: Scores
) -> SyntheticRadiograph:
    image_id = file_name(task.patient, visit, code)
    rng = np.random.default_rng(seed_for(task.seed, "varied", image_id))
    seed, height, varied = task.seed, task.height, bool(rng.random() < task.mix.varied)
    if who.child and LIMBS[code].body_part is BodyPart.HAND:
        months, male = who.child
        return make_childs_hand(
            months, male=male, image_id=image_id, limb=code, seed=seed, height=height, varied=varied
        )
    return make_radiograph(
        code,
        who.person,
        scores,
        patient=task.patient,
        visit=visit,
        seed=seed,
        height=height,
        varied=varied,
    )


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
