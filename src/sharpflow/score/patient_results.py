"""What there is of a patient, for its page and for its line of the index."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sharpflow.joints.scoring.scores import SCORED
from sharpflow.reporting.names import in_order
from sharpflow.reporting.tables import MISSING
from sharpflow.score.sources import Refused


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

    @property
    def radiographs(self) -> pd.DataFrame:
        """The rows of totals that are a radiograph's."""
        return self.totals[self.totals["of"] == "radiograph"]

    @property
    def visits(self) -> list[str]:
        """In their order, those of which everything was refused among them."""
        refused = {one.visit for one in self.refused if one.visit}
        return sorted({*self.totals["visit"]} | refused, key=in_order)

    @property
    def n_images(self) -> int:
        """How many files were scored; one of both hands has rows of its halves, too."""
        return int(self.radiographs["image"].nunique())

    @property
    def n_refused(self) -> int:
        """How many files were refused as a whole."""
        return sum(not one.is_part for one in self.refused)

    @property
    def n_scored(self) -> int:
        """How many joints have scores."""
        return int((self.rows["state"] == SCORED).sum())

    @property
    def n_doubted(self) -> int:
        """How many of the joints with scores are not to be trusted."""
        return int(((self.rows["state"] == SCORED) & (self.rows["trust"] == "no")).sum())

    @property
    def scored_words(self) -> str:
        """ "28 of 30"; a dash where no joint was looked for."""
        return f"{self.n_scored} of {len(self.rows)}" if len(self.rows) else MISSING


def trust_words(joints: int, doubted: int) -> str:
    """How many of the scored joints are not to be trusted."""
    if joints and doubted == joints:
        return "none of them to be trusted"
    return f"{doubted} of them not to be trusted"
