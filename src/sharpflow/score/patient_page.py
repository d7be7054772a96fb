"""The page of a patient, or of a radiograph of nobody known: what it says."""

from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from sharpflow.anatomy import LIMBS, Damage
from sharpflow.bundle.manifest import Manifest
from sharpflow.cohorts.whole_images import MOST
from sharpflow.conformal import LEVEL
from sharpflow.evaluation.compared_patients import MAX_FINGER_SUM
from sharpflow.joints.scoring.scores import NOT_FOUND
from sharpflow.reporting.joint_grid import joint_grid, score_ranges, score_style
from sharpflow.reporting.names import counted, in_order, limb_name
from sharpflow.reporting.pages import picture_uri, template
from sharpflow.reporting.tables import MISSING, number, number_with_interval
from sharpflow.score.known import BOTH_HANDS, CODES
from sharpflow.score.outputs import class_words, models_lines, overlay_path
from sharpflow.score.page_template import BODY
from sharpflow.score.patient_results import PatientResults, trust_words
from sharpflow.score.trust import LIKELY
from sharpflow.whole_image.severity_classes import LOWER_BOUNDS

_HEIGHT = 1000  # pixels, of a labelled radiograph


def patient_body(results: PatientResults, folder: Path, manifest: Manifest) -> str:
    """The body of a page, as HTML.

    Args:
        results: of the patient.
        folder: of all that comes out; it has the overlays.
        manifest: the bundle's.
    """
    rows, visits, radiographs = results.rows, results.visits, results.radiographs
    limbs = [code for code in LIMBS if code in set(rows["limb"])]
    with_joints = [visit for visit in visits if (rows["visit"] == visit).any()]
    return template(BODY).render(
        not_for=manifest.not_for,
        summary=_summary(results),
        sums=_sums(results.totals),
        has_whole=(results.totals["limbs"] == BOTH_HANDS).any(),
        sum_notes=_sum_notes(results.totals),
        changes=[_change(row) for _, row in results.changes.iterrows()],
        change_notes=_change_notes(results.changes),
        missing=_missing(results),
        visits=[
            {"heading": _visit_heading(visit, results.patient), "pictures": pictures}
            for visit in visits
            if (pictures := _pictures(radiographs[radiographs["visit"] == visit], folder))
        ],
        grid=joint_grid(rows, with_joints, limbs, _cell),
        grid_visits=with_joints,
        last_heading="Trust",
        likely=LIKELY,
        ranges=score_ranges(limbs),
        models=models_lines(manifest),
    )


def _pictures(radiographs: pd.DataFrame, folder: Path) -> list[dict[str, Any]]:
    """The overlays of a visit's radiographs, in the order of the limbs."""
    cells = []
    for row in sorted((row for _, row in radiographs.iterrows()), key=_reading_order):
        of = _of(row)
        cells.append(
            {
                "uri": _uri(overlay_path(folder, row["image_id"])),
                "is_both": row["limbs"] == BOTH_HANDS,
                "alt": f"{of}, with what was found",
                "caption": f"{of}: {row['image']} ({_origin(row)})",
            }
        )
    return cells


def _origin(row: "pd.Series[Any]") -> str:
    """Where the limb is from, and what was done to the radiograph."""
    return "; ".join(filter(None, (f"limb: {row['limb_from']}", row["undone"])))


def _visit_heading(visit: str, patient: str) -> str:
    return f"Visit {visit}" if patient else "Radiograph"


def _summary(results: PatientResults) -> str:
    told = [
        counted(len(results.visits), "visit"),
        f"{counted(results.n_images, 'radiograph')} scored",
    ]
    if results.n_refused:
        told.append(f"{results.n_refused} refused")
    summary = ", ".join(told) + "."
    if len(results.rows):
        trust = trust_words(results.n_scored, results.n_doubted)
        summary += f" {results.scored_words} joints scored, {trust}."
    return summary


def _sums(totals: pd.DataFrame) -> list[dict[str, Any]]:
    """Each visit's radiographs, and then the visit."""
    rows = []
    for row in sorted((row for _, row in totals.iterrows()), key=_reading_order):
        has_joints = pd.notna(row["joints_expected"]) and row["joints_expected"] > 0
        severity = row["whole_image_severity"]
        done = f"{row['joints_scored']} of {row['joints_expected']}" if has_joints else MISSING
        rows.append(
            {
                "is_visit": row["of"] == "visit",
                "visit": row["visit"],
                "of": _of(row),
                **{name: _sum(row, name) for name in ("erosion", "narrowing", "total")},
                "joints": done,
                "doubted": row["joints_doubted"] if has_joints else MISSING,
                "whole": _sum(row, "whole_image_total", digits=1),
                "severity": MISSING if pd.isna(severity) else class_words(int(severity)),
                "differ": signed(row["pipelines_differ_by"], digits=1),
            }
        )
    return rows


def _sum(row: "pd.Series[Any]", name: str, digits: int = 0) -> str:
    """A sum, with its interval where the table has one."""
    low, high = (row.get(f"{name}_{end}", float("nan")) for end in ("low", "high"))
    return number_with_interval(row[name], low, high, digits)


def signed(value: Any, *, digits: int = 0) -> str:
    """A number with its sign, "+2", or 0 without; a dash if it is missing."""
    if pd.isna(value):
        return MISSING
    return f"{float(value):+.{digits}f}" if round(float(value), digits) else "0"


def _sum_notes(totals: pd.DataFrame) -> list[str]:
    notes = [
        "A sum is blank where a joint is missing, since it would look like a low total.",
        "Sums of joints do not contain the wrists, so they are not the complete Sharp/van der "
        "Heijde score.",
    ]
    reasons = dict.fromkeys(totals["no_interval"].fillna(""))
    notes += [f"Sums without an interval: {reason}." for reason in reasons if reason]
    if "" in reasons:
        notes.append(f"Brackets: the {LEVEL:.0%} interval, for patients like those of the study.")
    if (totals["limbs"] == BOTH_HANDS).any():
        notes += [
            "Whole image: another estimate, from the radiograph of both hands. Its total contains "
            f"the wrists (0 to {MOST:g}); the sum of both hands' joints does not (0 to "
            f"{MAX_FINGER_SUM}). Severity classes are 0 to {len(LOWER_BOUNDS) - 1}; in brackets "
            "the totals that they stand for.",
            "Pipelines differ by: the whole-image total less the sum of both hands' joints, which "
            "a line, fitted on training patients, brings to the scale of totals; blank where the "
            "bundle has no line, or a hand no sum.",
        ]
    return notes


def _change(row: "pd.Series[Any]") -> dict[str, Any]:
    least = row["smallest_detectable_change"]
    exceeds = {"yes": "yes", "no": "no"}.get(row["exceeds"], "not known")
    if pd.notna(row["joints_doubted"]) and row["joints_doubted"]:
        exceeds += f"; {counted(int(row['joints_doubted']), 'score')} not to be trusted"
    return {
        "is_visit": row["of"] == "visit",
        "visits": f"{row['visit_before']} to {row['visit_after']}",
        "of": _of(row),
        **{name: _change_of(row, name) for name in ("erosion", "narrowing", "total")},
        "least": number(least, 1),
        "exceeds": exceeds if pd.notna(row["total_change"]) else (row["note"] or MISSING),
        "joints": "as above" if row["of"] == "visit" else _own_joints(row),
    }


def _change_of(row: "pd.Series[Any]", name: str) -> str:
    """ "+3 (5 to 8)"."""
    digits = 1 if row["limbs"] == BOTH_HANDS else 0
    before, after, change = (row[f"{name}_{part}"] for part in ("before", "after", "change"))
    if pd.isna(change):
        return MISSING
    return f"{signed(change, digits=digits)} ({before:.{digits}f} to {after:.{digits}f})"


def _own_joints(row: "pd.Series[Any]") -> str:
    """The joints of a limb that changed, without the limb."""
    return row["joints_changed"].replace(f"{row['limbs']} ", "") or MISSING


def _change_notes(changes: pd.DataFrame) -> list[str]:
    by_date = {"date": "the study's date in the DICOM headers", "name": "the visits' names"}
    origins = " or ".join(by_date[one] for one in dict.fromkeys(changes["visits_from"]))
    notes = [
        f"Visits follow each other by {origins}.",
        "Smallest detectable change: 1.96 x √2 x the standard deviation of the models' errors on "
        "patients they did not learn from. A smaller change of the total may be error alone.",
    ]
    if changes["smallest_detectable_change"].isna().all():
        notes.append("This bundle does not know it: no change here is shown to be more than error.")
    return notes


def _missing(results: PatientResults) -> list[str]:
    """Radiographs that were refused, then joints without scores."""
    lines = [f"{one.image}: {one.reason}" for one in results.refused]
    rows, visits = results.rows, results.visits
    for visit in visits:
        for code in LIMBS:
            own = rows[(rows["visit"] == visit) & (rows["limb"] == code)]
            for state, words in ((NOT_FOUND, "not found"), ("not scored", "found and not scored")):
                names = ", ".join(own.loc[own["state"] == state, "joint"])
                when = f", visit {visit}" if len(visits) > 1 else ""
                if names:
                    lines.append(f"{limb_name(code)}{when}: {names} {words}.")
    return lines


def _cell(row: "pd.Series[Any]") -> dict[str, Any]:
    """A joint at a visit."""
    predicted = row.rename({damage.value: f"{damage}_predicted" for damage in Damage})
    scores = {
        damage.value: {
            "text": number(row[damage.value], 0),
            "style": score_style(predicted, damage),
        }
        for damage in Damage
    }
    doubt = row["doubt"]
    return {"last": doubt or "yes", "last_class": "text no" if doubt else "text", **scores}


def _place(limbs: str) -> int:
    return CODES.index(limbs) if limbs in CODES else len(CODES)


def _of(row: "pd.Series[Any]") -> str:
    """What a row of totals or changes is of."""
    if row["of"] == "visit":
        return "All of the visit"
    return "Both hands, whole" if row["limbs"] == BOTH_HANDS else limb_name(row["limbs"])


def _reading_order(row: "pd.Series[Any]") -> tuple[Any, ...]:
    return in_order(row["visit"]), row["of"] == "visit", _place(row["limbs"])


def _uri(path: Path) -> str:
    with Image.open(path) as image:
        image.thumbnail((2 * _HEIGHT, _HEIGHT), Image.Resampling.LANCZOS)
        return picture_uri(image)
