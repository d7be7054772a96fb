"""What the checks of a cohort find: a problem, and what it makes unusable."""

from dataclasses import dataclass
from enum import StrEnum

from sharpflow.errors import Problem


class Scope(StrEnum):
    """How much of a cohort a problem makes unusable."""

    COHORT = "cohort"  # nothing can be set aside: the run stops
    PATIENT = "patient"  # the patient's radiographs, scores and boxes
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

    @property
    def set_aside(self) -> str:
        """What is left out when the study sets problems aside, in words."""
        return f"{self.scope} {self.name}".strip()
