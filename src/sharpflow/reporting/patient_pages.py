"""A page a patient: radiographs with joints and scores, sums, what was not found, by visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from sharpflow.anatomy import LIMBS, Damage
from sharpflow.joints.scoring.scores import NOT_FOUND, SCORED, total_scores
from sharpflow.reporting.joint_grid import joint_grid, score_ranges, score_style
from sharpflow.reporting.names import (
    INDEX_NAME,
    counted,
    file_names,
    in_order,
    limb_name,
    page_link,
)
from sharpflow.reporting.pages import picture_uri, template, write_page
from sharpflow.reporting.patient_page_template import BODY, INDEX, STYLE
from sharpflow.reporting.style import data_note
from sharpflow.reporting.tables import MISSING
from sharpflow.research_only import RESEARCH_ONLY

_HEIGHT = 1100  # pixels, of a labelled radiograph
_MASKS = {
    "empty": "the U-Net's mask is empty",
    "small": "the U-Net's mask is small",
    "large": "the U-Net's mask is large",
}


@dataclass(frozen=True)
class PatientTables:
    """What pages are made from.

    Attributes:
        joints: scores/joints.csv, and that of radiographs without scores.
        radiographs: image_id and mask ("empty", "small", "large" or blank), of these or more.
        overlays: the folders of labelled radiographs.
        data: "phantom" or the cohort's name.
        unit: what was split, "patient" or "joint".
    """

    joints: pd.DataFrame
    radiographs: pd.DataFrame
    overlays: Sequence[Path]
    data: str
    unit: str


def write_patient_pages(folder: str | Path, tables: PatientTables) -> None:
    """Write folder/<patient>.html for each patient, and folder/index.html, which links them.

    Args:
        folder: made if it does not exist.
        tables: what they are made from.
    """
    groups = tables.joints.groupby("patient", sort=True)
    patients = {str(patient): joints for patient, joints in groups}
    names = file_names(patients)
    masks = dict(zip(tables.radiographs["image_id"], tables.radiographs["mask"], strict=True))
    Path(folder).mkdir(parents=True, exist_ok=True)
    for patient, joints in patients.items():
        body = _body(joints, tables, masks)
        write_page(Path(folder) / f"{names[patient]}.html", f"Patient {patient}", body, style=STYLE)
    _write_index(Path(folder) / f"{INDEX_NAME}.html", patients, names, tables)


def _body(joints: pd.DataFrame, tables: PatientTables, masks: Mapping[str, Any]) -> str:
    visits = sorted(joints["visit"].unique(), key=in_order)
    limbs = [code for code in LIMBS if code in set(joints["limb"])]
    number = joints["image_id"].nunique()
    scored = int((joints["state"] == SCORED).sum())
    return template(BODY).render(
        research_only=RESEARCH_ONLY,
        data=f"{data_note(tables.data, tables.unit)}.",
        summary=f"{counted(len(visits), 'visit')}, {counted(number, 'radiograph')}; "
        f"{scored} of {counted(len(joints), 'joint')} found and scored.",
        sums=_sums(joints, visits) if tables.unit == "patient" else [],
        missing=_missing(joints, visits),
        columns=2 if len(visits) == 1 else len(visits),
        pictures=_pictures(joints, visits, limbs, tables.overlays, masks),
        visits=visits,
        grid=joint_grid(joints, visits, limbs, _cell),
        grid_visits=visits,
        last_heading="Confidence",
        ranges=score_ranges(limbs),
    )


def _sums(joints: pd.DataFrame, visits: Sequence[str]) -> list[dict[str, str]]:
    totals = total_scores(joints).set_index("visit")
    rows = []
    for visit in visits:
        row = totals.loc[visit]
        sums = {
            name: _predicted_true(row[f"{name}_predicted"], row[f"{name}_true_all_joints"])
            for name in ("erosion", "narrowing", "total")
        }
        limbs = ", ".join(limb_name(code).lower() for code in row["limbs"].split())
        done = f"{row['joints_scored']} of {row['joints_expected']}"
        rows.append({"visit": visit, "limbs": limbs, "joints": done, **sums})
    return rows


def _missing(joints: pd.DataFrame, visits: Sequence[str]) -> list[str]:
    """A line for each radiograph with joints that have no scores."""
    lines = []
    for visit in visits:
        of_visit = joints[joints["visit"] == visit]
        for code in LIMBS:
            rows = of_visit[of_visit["limb"] == code]
            for state, words in ((NOT_FOUND, "not found"), ("not scored", "found and not scored")):
                names = list(rows.loc[rows["state"] == state, "joint"])
                every = len(names) == len(rows)
                which = f"all {len(names)} joints" if every else ", ".join(names)
                if names:
                    lines.append(f"{_place(code, visit, visits)}: {which} {words}.")
    return lines


def _pictures(
    joints: pd.DataFrame,
    visits: Sequence[str],
    limbs: Sequence[str],
    overlays: Sequence[Path],
    masks: Mapping[str, Any],
) -> list[dict[str, str]]:
    """A cell for each limb and visit: the visits of a limb follow each other."""
    cells = []
    for code in limbs:
        for visit in visits:
            here = joints[(joints["visit"] == visit) & (joints["limb"] == code)]
            heading = _place(code, visit, visits)
            if here.empty:
                cells.append({"heading": heading, "uri": "", "note": "No radiograph."})
            for image_id in here["image_id"].unique():
                paths = [folder / f"{image_id}.png" for folder in overlays]
                uri = next((_uri(path) for path in paths if path.exists()), "")
                note = _MASKS.get(str(masks.get(image_id)), "") if uri else "No picture was made."
                cells.append({"heading": heading, "uri": uri, "image_id": image_id, "note": note})
    return cells


def _uri(path: Path) -> str:
    with Image.open(path) as image:
        image.thumbnail((image.width, _HEIGHT), Image.Resampling.LANCZOS)
        return picture_uri(image)


def _cell(row: "pd.Series[Any]") -> dict[str, Any]:
    """A joint at a visit."""
    is_found = row["state"] != NOT_FOUND
    scores = {
        damage.value: {
            "text": _predicted_true(row[f"{damage}_predicted"], row[f"{damage}_true"]),
            "style": score_style(row, damage),
        }
        for damage in Damage
    }
    found = f"{float(row['confidence']):.2f}" if is_found else "not found"
    return {"last": found, "last_class": "" if is_found else "missing", **scores}


def _write_index(
    path: Path,
    patients: Mapping[str, pd.DataFrame],
    names: Mapping[str, str],
    tables: PatientTables,
) -> None:
    rows = [
        {
            "patient": patient,
            "href": page_link(names[patient]),
            "visits": joints["visit"].nunique(),
            "radiographs": joints["image_id"].nunique(),
            "joints": f"{(joints['state'] == SCORED).sum()} of {len(joints)}",
        }
        for patient, joints in patients.items()
    ]
    body = template(INDEX).render(
        research_only=RESEARCH_ONLY,
        data=f"{data_note(tables.data, tables.unit)}.",
        summary="Test patients, and patients with radiographs that nobody has scored.",
        rows=rows,
    )
    write_page(path, "Scores of patients", body)


def _predicted_true(predicted: Any, true: Any) -> str:
    text = MISSING if pd.isna(predicted) else f"{int(predicted)}"
    return text if pd.isna(true) else f"{text} ({int(true)})"


def _place(code: str, visit: str, visits: Sequence[str]) -> str:
    return limb_name(code) + (f", visit {visit}" if len(visits) > 1 else "")
