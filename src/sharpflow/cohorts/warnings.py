"""Warnings: what is well formed in a cohort, and implausible. They never stop a run."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import NamedTuple

import pandas as pd


class Doubt(NamedTuple):
    """What is implausible of one thing, and what to do: the middle of a CohortWarning."""

    warning: str
    measured: str
    threshold: str
    remedy: str


@dataclass(frozen=True)
class CohortWarning:
    """One implausible thing of a radiograph or patient."""

    file: str  # path as the user gave it
    name: str  # image_id or patient; empty for the whole cohort
    body_part: str  # hand, foot, or empty
    warning: str  # what is implausible
    measured: str
    threshold: str
    remedy: str
    radiograph: str = ""  # path of the picture to look at


WARNING_TABLE = [field.name for field in fields(CohortWarning)]


def warning_table(warnings: Iterable[CohortWarning]) -> pd.DataFrame:
    """A row of WARNING_TABLE for each warning, in order."""
    return pd.DataFrame([astuple(warning) for warning in warnings], columns=WARNING_TABLE)
