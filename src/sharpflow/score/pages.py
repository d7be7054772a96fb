"""A page a patient, that stands alone, and an index that lists the patients and what was refused.

A page is written as soon as its patient is whole; of the others only a line of the index is kept.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sharpflow.bundle.manifest import Manifest
from sharpflow.reporting.names import INDEX_NAME, FileNames, counted, page_link
from sharpflow.reporting.pages import template, write_page
from sharpflow.reporting.patient_page_template import STYLE as GRID_STYLE
from sharpflow.score.outputs import PAGES, models_lines
from sharpflow.score.page_template import INDEX, STYLE
from sharpflow.score.patient_page import patient_body
from sharpflow.score.patient_results import PatientResults, trust_words
from sharpflow.score.sources import HALF, Refused

_MOST_REFUSED = 500  # in the index


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
        if results.patient:
            title, wanted = f"Patient {results.patient}", results.patient
        else:
            wanted = results.radiographs["image_id"].iloc[0].partition(HALF)[0]
            title = f"Radiograph {wanted}"
        name = self._names.name(wanted)
        body = patient_body(results, self._folder, self._manifest)
        path = self._folder / PAGES / f"{name}.html"
        write_page(path, title, body, style=GRID_STYLE + STYLE)
        self._lines.append(
            {
                "title": results.patient or f"(nobody known) {wanted}",
                "href": page_link(name, folder=PAGES),
                "visits": len(results.visits),
                "radiographs": results.n_images,
                "refused": results.n_refused,
                "joints": results.scored_words,
                "scored": results.n_scored,
                "doubted": results.n_doubted,
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
            summary += f" {counted(joints, 'joint')} scored, {trust_words(joints, doubted)}."
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
