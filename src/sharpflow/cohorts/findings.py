"""What the checks of a cohort find: a problem, and what it makes unusable."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sharpflow.errors import Problem

_ROW = re.compile(r"row (\d+)")


class Scope(StrEnum):
    """How much of a cohort a problem makes unusable."""

    COHORT = "cohort"  # nothing can be set aside: the run stops
    PATIENT = "patient"  # the patient's radiographs, scores and boxes
    VISIT = "visit"  # the same of one visit of a patient
    RADIOGRAPH = "radiograph"  # the radiograph, its boxes and its limb's scores
    BOXES = (
        "boxes"  # the radiograph's boxes: half a radiograph's boxes would teach a detector wrongly
    )
    ENTRY = "entry"  # the file or row alone, which belongs to nothing


@dataclass(frozen=True)
class Finding(Problem):
    """A problem and the patient or image that it concerns."""

    scope: Scope = Scope.COHORT
    name: str = ""  # patient or image_id; what stands in the row for an entry
    visit: str = ""  # of the patient, where the scope is a visit
    also: tuple[str, ...] = ()  # other patients or images that it concerns likewise

    @property
    def names(self) -> tuple[str, ...]:
        """All patients or images that it concerns."""
        return (self.name, *self.also)

    @property
    def set_aside(self) -> str:
        """What is left out when the study sets problems aside, in words."""
        if self.scope is Scope.VISIT:
            return visit_in_words(self.name, self.visit)
        return f"{self.scope} {' and '.join(self.names)}".strip()


def by_row(findings: Iterable[Finding]) -> list[Finding]:
    """What was found, file by file: what is wrong with a file itself first, then row by row."""
    every = list(findings)
    files = {file: number for number, file in enumerate(dict.fromkeys(f.file for f in every))}
    return sorted(every, key=lambda finding: (files[finding.file], _row_of(finding)))


def _row_of(finding: Finding) -> int:
    row = _ROW.match(finding.where)
    return int(row[1]) if row else 0


def visit_in_words(patient: str, visit: str) -> str:
    """A visit of a patient, for a message."""
    return f"visit {visit} of patient {patient}"
