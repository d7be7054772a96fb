"""What comes out, as radiographs are scored: each patient's rows are kept until all are there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.bundle.manifest import Manifest
from sharpflow.score.calibration import Calibrator
from sharpflow.score.change import CHANGE_COLUMNS, changes
from sharpflow.score.joints import ScoredJoints
from sharpflow.score.outputs import (
    CHANGE,
    REFUSED,
    SCORES,
    TOTALS,
    Tables,
    models_note,
    write_captioned,
    write_overlays,
)
from sharpflow.score.pages import Pages
from sharpflow.score.patient_results import PatientResults
from sharpflow.score.sources import Refused, Source
from sharpflow.score.tables import (
    SCORE_COLUMNS,
    TOTAL_COLUMNS,
    USE,
    radiograph_totals,
    score_rows,
    visit_totals,
    whole_image_totals,
)

Grey = npt.NDArray[np.uint8]
Key = tuple[str, str]  # a patient, or a radiograph of nobody known


@dataclass
class _Open:
    """A patient of whom more radiographs may come."""

    joints: list[pd.DataFrame] = field(default_factory=list)
    rows: list[pd.DataFrame] = field(default_factory=list)
    totals: list[pd.DataFrame] = field(default_factory=list)


class Results:
    """Writes tables, overlays and pages; keeps the rows of the patients that are not yet whole.

    Attributes:
        refused: how many radiographs so far.
        in_part: how many were scored but for their joints.
        reasons: how many were refused, or in part, for each reason, in short.
    """

    def __init__(self, manifest: Manifest, tables: Tables, folder: Path) -> None:
        """Take a bundle's manifest, tables to append to, and the folder."""
        self._manifest, self._tables, self._folder = manifest, tables, folder
        self._calibrator = Calibrator(manifest.calibration)
        self._pages = Pages(folder, manifest)
        self._open: dict[Key, _Open] = {}
        self._refused: dict[Key, list[Refused]] = {}
        self._scored: set[str] = set()  # files: one of both hands has rows of its halves, too
        self.refused = self.in_part = 0
        self.reasons = Counter[str]()

    @property
    def scored(self) -> int:
        """How many radiographs so far."""
        return len(self._scored)

    @property
    def patients(self) -> int:
        """Of how many patients, and radiographs of nobody known, there are pages so far."""
        return self._pages.written

    def refuse(self, refused: Iterable[Refused]) -> None:
        """List radiographs that are not scored, or whose joints alone are not."""
        refused = list(refused)
        rows = [(one.image, one.reason, USE) for one in refused]
        self._tables.append(REFUSED, pd.DataFrame(rows, columns=["image", "reason", "use"]))
        for one in refused:
            if one.patient or one.is_part:
                key = (one.patient, "") if one.patient else ("", one.image)
                self._refused.setdefault(key, []).append(one)
            self.reasons[in_short(one.reason)] += 1
            self._pages.refuse(one)
            self.refused += not one.is_part
            self.in_part += one.is_part

    def add_limbs(self, scored: ScoredJoints, sources: Sequence[Source]) -> None:
        """Write what comes out of radiographs of a limb, those of `sources` alone."""
        models = self._manifest.joints
        assert models, "they scored"
        own = {source.image_id: source for source in sources}
        joints = scored.joints[scored.joints["image_id"].isin(own)]
        joints = self._calibrator.with_moments(joints, scored.bits)
        rows = score_rows(scored, own, models, self._calibrator)
        totals = radiograph_totals(joints, rows, own, self._calibrator)
        trust = zip(rows["image_id"], rows["joint"], rows["trust"], strict=True)
        note = models_note(self._manifest, models.trained_on)
        write_overlays(self._folder, scored, {(i, j): told for i, j, told in trust}, note)
        self._tables.append(SCORES, rows)
        self._add(totals, own.values())
        for source in own.values():
            patient = self._open[key_of(source)]
            patient.joints.append(joints[joints["image_id"] == source.image_id])
            patient.rows.append(rows[rows["image_id"] == source.image_id])

    def add_both_hands(self, predicted: pd.DataFrame, read: Sequence[tuple[Source, Grey]]) -> None:
        """Write what comes out of radiographs of both hands."""
        models = self._manifest.whole_image
        assert models, "they predicted"
        own = {source.image_id: source for source, _ in read}
        images = {source.image_id: image for source, image in read}
        totals = whole_image_totals(predicted, models, own, self._calibrator)
        write_captioned(
            self._folder, images, totals, models_note(self._manifest, models.trained_on)
        )
        self._add(totals, own.values())

    def close(self, *, but: Source | None = None) -> None:
        """Write what belongs to whole patients, of whom no more radiographs come.

        Args:
            but: of whose patient more may come.
        """
        still_open = key_of(but) if but else None
        for key in [key for key in self._open if key != still_open]:
            self._close(key, self._open.pop(key))

    def finish(self, warnings: Sequence[str]) -> None:
        """Write all that is left, and the page that lists the others and the warnings."""
        self.close()
        for key in list(self._refused):  # of whom nothing was scored
            self._close(key, _Open())
        self._pages.write_index(warnings)

    def _add(self, totals: pd.DataFrame, sources: Iterable[Source]) -> None:
        self._scored.update(totals["image"])
        self._tables.append(TOTALS, totals)
        for source in sources:
            own = totals[totals["image_id"] == source.image_id]
            patient = self._open.setdefault(key_of(source), _Open())
            patient.totals.append(own.assign(visit_from=source.visit_from))

    def _close(self, key: Key, patient: _Open) -> None:
        refused = self._refused.pop(key, [])
        joints, rows = _joined(patient.joints, []), _joined(patient.rows, SCORE_COLUMNS)
        totals = _joined(patient.totals, [*TOTAL_COLUMNS, "visit_from"])
        changed = pd.DataFrame(columns=CHANGE_COLUMNS)
        if key[0]:
            counts = Counter(one.visit for one in refused if one.visit and not one.is_part)
            line = self._manifest.finger_line
            visits = visit_totals(
                key[0],
                joints,
                rows,
                totals,
                refused=counts,
                line=line,
                calibrator=self._calibrator,
            )
            self._tables.append(TOTALS, visits)
            origins = dict(zip(totals["visit"], totals["visit_from"], strict=True))
            visits = visits.assign(visit_from=visits["visit"].map(origins))
            totals = _joined([totals, visits], [])
            changed = changes(totals, rows, self._calibrator.error_sd).assign(use=USE)
            self._tables.append(CHANGE, changed)
        self._pages.write(PatientResults(key[0], rows, totals, changed, refused))


def key_of(source: Source) -> Key:
    """Whose radiograph it is: two that nobody knows are not one patient's."""
    return (source.patient, "") if source.patient else ("", source.image)


def in_short(reason: str) -> str:
    """The kind of a reason: what was found, without numbers, names and what was expected."""
    part, told, why = reason.partition(" alone: ")
    if told:
        return f"{part} alone: {in_short(why)}"
    found = reason.removeprefix("found ")
    for end in (";", ":", ",", "("):
        found = found.split(end)[0]
    words = ("..." if any(map(str.isdigit, word)) else word for word in found.split())
    return " ".join(words)[:80]


def _joined(tables: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Tables one below the other; an empty one where there are none."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
