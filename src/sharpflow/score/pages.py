"""A page a patient, that stands alone, and an index that lists the patients and what was refused.

A page is written as soon as its patient is whole; of the others only a line of the index is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from sharpflow.anatomy import LIMBS, Damage
from sharpflow.bundle.manifest import Manifest, TrainedOn
from sharpflow.cohorts.whole_images import MOST
from sharpflow.conformal import LEVEL
from sharpflow.evaluation.compared_patients import MAX_FINGER_SUM
from sharpflow.joints.scoring.scores import NOT_FOUND, SCORED
from sharpflow.reporting.joint_grid import joint_grid, score_ranges, score_style
from sharpflow.reporting.names import (
    INDEX_NAME,
    FileNames,
    counted,
    in_order,
    limb_name,
    page_link,
)
from sharpflow.reporting.pages import picture_uri, template, write_page
from sharpflow.reporting.patient_page_template import STYLE as GRID_STYLE
from sharpflow.reporting.tables import MISSING, number, number_with_interval
from sharpflow.score.known import BOTH_HANDS, CODES
from sharpflow.score.outputs import PAGES, class_words, learned_from, overlay_path
from sharpflow.score.page_template import BODY, INDEX, STYLE
from sharpflow.score.sources import HALF, Refused
from sharpflow.score.trust import LIKELY
from sharpflow.whole_image.severity_classes import LOWER_BOUNDS

_HEIGHT = 1000  # pixels, of a labelled radiograph
_MOST_REFUSED = 500  # in the index


@dataclass(frozen=True)
class PatientResults:
    """What there is of a patient, or of a radiograph of nobody known.

    Attributes:
        patient: empty where nobody is known.
        rows: of scores.csv.
        totals: of totals.csv.
        changes: of change.csv.
        refused: radiographs.
    """

    patient: str
    rows: pd.DataFrame
    totals: pd.DataFrame
    changes: pd.DataFrame
    refused: Sequence[Refused]


class Pages:
    """Writes the pages of a folder, and remembers what the index says.

    Attributes:
        written: how many pages.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Take the folder of all that comes out, and the bundle's manifest."""
        self._folder, self._manifest = folder, manifest
        self._names = FileNames()
        self._lines: list[dict[str, Any]] = []
        self._refused: list[Refused] = []
        self._n_refused = self._n_in_part = 0

    @property
    def written(self) -> int:
        """How many pages."""
        return len(self._lines)

    def refuse(self, refused: Refused) -> None:
        """Have the index list a radiograph that was not scored, or only in part."""
        self._n_refused += not refused.is_part
        self._n_in_part += refused.is_part
        if len(self._refused) < _MOST_REFUSED:
            self._refused.append(refused)

    def write(self, results: PatientResults) -> None:
        """Write pages/<patient>.html; of nobody known, pages/<image_id>.html."""
        radiographs = results.totals[results.totals["of"] == "radiograph"]
        if results.patient:
            title, wanted = f"Patient {results.patient}", results.patient
        else:
            wanted = radiographs["image_id"].iloc[0].partition(HALF)[0]
            title = f"Radiograph {wanted}"
        name = self._names.name(wanted)
        body = self._body(results, radiographs)
        path = self._folder / PAGES / f"{name}.html"
        write_page(path, title, body, style=GRID_STYLE + STYLE)
        self._lines.append(
            {
                "title": results.patient or f"(nobody known) {wanted}",
                "href": page_link(name, folder=PAGES),
                "visits": len(_visits(results)),
                "radiographs": _n_images(radiographs),
                "refused": _n_refused(results),
                "joints": _done(results.rows),
                "scored": _scored(results.rows),
                "doubted": _doubted(results.rows),
            }
        )

    def write_index(self, warnings: Sequence[str]) -> None:
        """Write index.html beside the tables.

        `warnings`: what a user may have meant otherwise.
        """
        joints = sum(line["scored"] for line in self._lines)
        doubted = sum(line["doubted"] for line in self._lines)
        scored = sum(line["radiographs"] for line in self._lines)
        summary = (
            f"{counted(len(self._lines), 'page')}. {scored} of "
            f"{counted(scored + self._n_refused, 'radiograph')} scored, {self._n_refused} refused."
        )
        if self._n_in_part:
            summary += f" Of {self._n_in_part} of those scored the joints were not."
        if joints:
            summary += f" {counted(joints, 'joint')} scored, {_trust(joints, doubted)}."
        body = template(INDEX).render(
            not_for=self._manifest.not_for,
            summary=summary,
            rows=self._lines,
            refused=self._refused,
            warnings=warnings,
            more=self._n_refused + self._n_in_part - len(self._refused),
            models=models_lines(self._manifest),
        )
        path = self._folder / f"{INDEX_NAME}.html"
        write_page(path, "Scored radiographs", body, style=STYLE)

    def _body(self, results: PatientResults, radiographs: pd.DataFrame) -> str:
        visits = _visits(results)
        rows = results.rows
        limbs = [code for code in LIMBS if code in set(rows["limb"])]
        with_joints = [visit for visit in visits if (rows["visit"] == visit).any()]
        return template(BODY).render(
            not_for=self._manifest.not_for,
            summary=_summary(results, radiographs, visits),
            sums=_sums(results.totals),
            has_whole=(results.totals["limbs"] == BOTH_HANDS).any(),
            sum_notes=_sum_notes(results.totals),
            changes=[_change(row) for _, row in results.changes.iterrows()],
            change_notes=_change_notes(results.changes),
            missing=_missing(results, visits),
            visits=[
                {"heading": _visit_heading(visit, results.patient), "pictures": pictures}
                for visit in visits
                if (pictures := self._pictures(radiographs[radiographs["visit"] == visit]))
            ],
            grid=joint_grid(rows, with_joints, limbs, _cell),
            grid_visits=with_joints,
            last_heading="Trust",
            likely=LIKELY,
            ranges=score_ranges(limbs),
            models=models_lines(self._manifest),
        )

    def _pictures(self, radiographs: pd.DataFrame) -> list[dict[str, Any]]:
        """The overlays of a visit's radiographs, in the order of the limbs."""
        cells = []
        for row in sorted((row for _, row in radiographs.iterrows()), key=_reading_order):
            path = overlay_path(self._folder, row["image_id"])
            of = _of(row)
            cells.append(
                {
                    "uri": _uri(path),
                    "is_both": row["limbs"] == BOTH_HANDS,
                    "alt": f"{of}, with what was found",
                    "caption": f"{of}: {row['image']} ({_origin(row)})",
                }
            )
        return cells


def _origin(row: "pd.Series[Any]") -> str:
    """Where the limb is from, and what was done to the radiograph."""
    return "; ".join(filter(None, (f"limb: {row['limb_from']}", row["undone"])))


def models_lines(manifest: Manifest) -> list[str]:
    """Which bundle scored, and what its networks learned from."""
    code = f", made by version {manifest.code.commit[:12]}" if manifest.code.commit else ""
    changed = ", with changes that were not committed" if manifest.code.uncommitted else ""
    lines = [f"The bundle of the study {manifest.study}{code}{changed}."]
    if joints := manifest.joints:
        lines.append(
            f"Joints: {_trained_on(joints.trained_on)} Detectors learned from "
            f"{learned_from(joints.detector_data)}."
        )
    if whole := manifest.whole_image:
        lines.append(f"Both hands on one radiograph: {_trained_on(whole.trained_on)}")
    return lines


def _trained_on(trained_on: TrainedOn) -> str:
    counts = f"{trained_on.train} {trained_on.unit} to train, {trained_on.validation} to validate"
    return f"trained on {learned_from(trained_on.data)}: {counts}, {trained_on.test} to test."


def _visits(results: PatientResults) -> list[str]:
    refused = {one.visit for one in results.refused if one.visit}
    return sorted({*results.totals["visit"]} | refused, key=in_order)


def _visit_heading(visit: str, patient: str) -> str:
    return f"Visit {visit}" if patient else "Radiograph"


def _summary(results: PatientResults, radiographs: pd.DataFrame, visits: Sequence[str]) -> str:
    n_images = _n_images(radiographs)
    told = [counted(len(visits), "visit"), f"{counted(n_images, 'radiograph')} scored"]
    if n_refused := _n_refused(results):
        told.append(f"{n_refused} refused")
    summary = ", ".join(told) + "."
    if len(results.rows):
        trust = _trust(_scored(results.rows), _doubted(results.rows))
        summary += f" {_done(results.rows)} joints scored, {trust}."
    return summary


def _n_images(radiographs: pd.DataFrame) -> int:
    """How many files; one of both hands has rows of its halves, too."""
    return int(radiographs["image"].nunique())


def _n_refused(results: PatientResults) -> int:
    return sum(not one.is_part for one in results.refused)


def _done(rows: pd.DataFrame) -> str:
    return f"{_scored(rows)} of {len(rows)}" if len(rows) else MISSING


def _scored(rows: pd.DataFrame) -> int:
    return int((rows["state"] == SCORED).sum())


def _trust(joints: int, doubted: int) -> str:
    """How many of the scored joints are not to be trusted, in words."""
    if joints and doubted == joints:
        return "none of them to be trusted"
    return f"{doubted} of them not to be trusted"


def _doubted(rows: pd.DataFrame) -> int:
    return int(((rows["state"] == SCORED) & (rows["trust"] == "no")).sum())


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


def _missing(results: PatientResults, visits: Sequence[str]) -> list[str]:
    """Radiographs that were refused, then joints without scores."""
    lines = [f"{one.image}: {one.reason}" for one in results.refused]
    rows = results.rows
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
