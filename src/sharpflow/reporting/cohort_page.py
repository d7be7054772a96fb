"""The page of a study's cohorts: who is in which split, what was set aside, what is implausible."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from sharpflow.reporting.pages import picture_uri, table_html, template, write_page
from sharpflow.reporting.study_notes import data_sentence
from sharpflow.reporting.tables import MISSING, number, per_cent

COHORTS = {
    "joints": "Hands and feet, scored joint by joint",
    "boxed": "Synthetic hands and feet that train the detector",
    "whole_image": "Radiographs of both hands",
    "bone_age": "Hands of children, for pretraining",
}
_SPLITS = {"train": "Training", "validation": "Validation", "test": "Test"}
MOST = 100  # rows of warnings; warnings.csv has all
_SHEET_WIDTH = 1400  # pixels
_MOST_HIGH = 4000  # pixels of a sheet
_PICTURE = """<details><summary>The radiographs that were warned of</summary>
<img alt="Radiographs that were warned of, each with the reasons" src="{{ uri }}"></details>"""


@dataclass(frozen=True)
class CohortTables:
    """What a study knows of a cohort.

    Attributes:
        name: a key of COHORTS.
        data: "phantom" or the cohort's name.
        split: patient, split; image_id too where images are split. A row each.
        radiographs: how many there are.
        characteristics: image_id or patient, and any of total, months, age, sex; or empty.
        problems: problems.csv.
        warnings: warnings.csv; None of a synthetic cohort, which is not looked at for such.
        sheet: the picture of what was warned of; None likewise.
    """

    name: str
    data: str
    split: pd.DataFrame
    radiographs: int
    characteristics: pd.DataFrame
    problems: pd.DataFrame
    warnings: pd.DataFrame | None = None
    sheet: Path | None = None


def write_cohort_page(path: str | Path, cohorts: Sequence[CohortTables], unscored: int) -> None:
    """Write the page.

    Args:
        path: of the HTML file.
        cohorts: of the study.
        unscored: how many radiographs nobody has scored; they are only predicted.
    """
    overview = pd.DataFrame([_overview(cohort) for cohort in cohorts])
    notes = [
        "Training, validation, test: patients. They are split once, and all radiographs of a "
        "patient are in one split. Test patients choose no threshold, mask, epoch or network.",
    ]
    if unscored:
        notes.append(f"{unscored} more radiographs have no scores: they are predicted alone.")
    body = [table_html(overview, notes=notes)]
    for cohort in cohorts:
        body += _sections(cohort)
    write_page(path, "Cohorts: splits, problems and warnings", "\n".join(body))


def _overview(cohort: CohortTables) -> dict[str, str]:
    patients = cohort.split.drop_duplicates("patient")
    counts = patients["split"].value_counts()
    return {
        "Cohort": COHORTS[cohort.name],
        "Data": "phantom (synthetic)" if cohort.data == "phantom" else cohort.data,
        "Radiographs": f"{cohort.radiographs}",
        "Patients": f"{len(patients)}",
        **{word: f"{counts.get(split, 0)}" for split, word in _SPLITS.items()},
        "Problems": f"{len(cohort.problems)}",
        "Warnings": MISSING if cohort.warnings is None else f"{len(cohort.warnings)}",
    }


def _sections(cohort: CohortTables) -> list[str]:
    title, parts = COHORTS[cohort.name], []
    described = _characteristics(cohort)
    if not described.empty:
        notes = [data_sentence(cohort.data)]
        parts.append(table_html(described, heading=f"{title}: by split", notes=notes))
    if len(cohort.problems):
        parts.append(
            table_html(
                _text(
                    cohort.problems, ["file", "where", "found", "expected", "remedy", "set_aside"]
                ),
                heading=f"{title}: problems",
                notes=["Set aside: what the study goes on without. Blank: the run stopped for it."],
            )
        )
    if cohort.warnings is not None and len(cohort.warnings):
        counts = cohort.warnings.groupby(["body_part", "warning"], sort=False, dropna=False).size()
        counted = counts.rename("number").reset_index()
        heading = f"{title}: warnings"
        parts.append(
            table_html(_text(counted, ["warning", "body_part", "number"]), heading=heading)
        )
        columns = ["name", "warning", "measured", "threshold", "remedy"]
        left_out = len(cohort.warnings) - MOST
        notes = ["Warnings stop nothing. They are of files that are well formed and implausible."]
        notes += [f"{left_out} more are in warnings.csv."] * (left_out > 0)
        parts.append(table_html(_text(cohort.warnings.head(MOST), columns), notes=notes))
        if cohort.sheet:
            parts.append(template(_PICTURE).render(uri=_sheet_uri(cohort.sheet)))
    return parts


def _characteristics(cohort: CohortTables) -> pd.DataFrame:
    """A row for each split that has patients; empty if the cohort tells nothing of them."""
    known = cohort.characteristics
    measures = {"total": "Total score", "months": "Bone age, months", "age": "Age, years"}
    has = [name for name in measures if name in known and known[name].notna().any()]
    sex = next(
        (name for name in ("sex", "male") if name in known and known[name].notna().any()), ""
    )
    if not has and not sex:
        return pd.DataFrame()
    key = "image_id" if "image_id" in cohort.split and "image_id" in known else "patient"
    table = known.merge(cohort.split[[key, "split"]], on=key)
    rows = []
    for split, word in _SPLITS.items():
        own = table[table["split"] == split]
        row = {"Split": word, "Radiographs": f"{len(own)}"}
        for name in has:
            values = own[name].dropna()
            low, middle, high = (float(values.quantile(share)) for share in (0.25, 0.5, 0.75))
            spread = f" ({number(low, 0)} to {number(high, 0)})"
            text = number(middle, 0) + spread * bool(len(values))
            row[f"{measures[name]}: median (quartiles)"] = text
        if sex:
            values = own[sex].dropna()
            women = (
                values.astype(str)
                .str.lower()
                .isin(("f", "female", "w") if sex == "sex" else ("false",))
            )
            row["Female, %"] = per_cent(women.mean()) if len(values) else MISSING
        rows.append(row)
    return pd.DataFrame(rows)


def _text(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    shown = table[columns].fillna("").astype(str)
    return shown.rename(columns=lambda name: str(name).replace("_", " ").capitalize())


def _sheet_uri(sheet: Path) -> str:
    """The picture, small enough for a page; of a long one the beginning."""
    with Image.open(sheet) as image:
        scale = min(1, _SHEET_WIDTH / image.width)
        small = image.convert("L").resize((round(image.width * scale), round(image.height * scale)))
    return picture_uri(small.crop((0, 0, small.width, min(small.height, _MOST_HIGH))), quality=70)
