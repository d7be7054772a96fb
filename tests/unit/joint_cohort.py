"""A small joint cohort without fault, ways to spoil it, and what its check finds."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.anatomy import LIMBS, score_columns
from sharpflow.cohorts.boxes import write_voc
from sharpflow.cohorts.check_joint_cohort import JointCohort, check_joint_cohort
from sharpflow.cohorts.scores import write_scores
from sharpflow.errors import ProblemsError

PATIENTS = ("UAB001", "UAB002", "UAB003")
HEIGHT, WIDTH = 48, 40
RADIOGRAPH = "UAB002-LH.jpg"
LABEL = "UAB002-LH.xml"


def make_cohort(folder: Path) -> Path:
    """A cohort without fault: three patients, their scores, boxes on every radiograph."""
    (folder / "radiographs").mkdir()
    rng = np.random.default_rng(0)
    for patient in PATIENTS:
        for limb in LIMBS:
            image = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
            Image.fromarray(image).save(folder / "radiographs" / f"{patient}-{limb}.jpg")
            boxes = pd.DataFrame(
                [{"class": "PIP", "x_min": 5, "y_min": 6, "x_max": 15, "y_max": 18}]
            )
            image_id = f"{patient}-{limb}"
            write_voc(folder / "boxes" / f"{image_id}.xml", image_id, (HEIGHT, WIDTH), boxes)
    sites = [(limb, site.name, str(damage)) for limb, site, damage in score_columns().values()]
    rows = [(patient, *site, 1) for patient in PATIENTS for site in sites]
    long = pd.DataFrame(rows, columns=["patient", "limb", "joint", "damage", "score"])
    write_scores(folder / "scores.csv", long)
    return folder


def check(cohort: Path, **settings: Any) -> JointCohort:
    radiographs = settings.pop("radiographs", cohort / "radiographs")
    return check_joint_cohort(radiographs, cohort / "scores.csv", cohort / "boxes", **settings)


def problems_of(cohort: Path, **settings: Any) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        check(cohort, **settings)
    lines = [str(problem) for problem in caught.value.problems]
    assert all(line in str(caught.value) for line in lines)
    return lines


def assert_named(lines: list[str], *words: str) -> None:
    """Some one problem says all the words."""
    assert any(all(word in line for word in words) for line in lines), lines


def edit_scores(cohort: Path, row: int, column: str, value: str) -> None:
    """Change one value; `row` as a spreadsheet counts, the header being 1."""
    table = pd.read_csv(cohort / "scores.csv", dtype=str)
    table.loc[row - 2, column] = value
    table.to_csv(cohort / "scores.csv", index=False)


def edit_label(cohort: Path, old: str, new: str) -> None:
    path = cohort / "boxes" / "UAB002-LH.xml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def write_radiograph_list(cohort: Path, *changes: tuple[int, str, str]) -> Path:
    """The cohort's radiographs as a CSV, with single values changed."""
    rows = [
        {
            "image_id": f"{p}-{limb}",
            "patient": p,
            "limb": limb,
            "file": f"radiographs/{p}-{limb}.jpg",
        }
        for p in PATIENTS
        for limb in LIMBS
    ]
    table = pd.DataFrame(rows)
    for row, column, value in changes:
        table.loc[row - 2, column] = value
    table.to_csv(cohort / "radiographs.csv", index=False)
    return cohort / "radiographs.csv"
