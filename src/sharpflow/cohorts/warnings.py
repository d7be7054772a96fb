"""Warnings: what is well formed in a cohort, and implausible. They never stop a run."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
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


_FEW = 3  # warnings are listed singly up to here


def merge_if_most(
    warnings: Sequence[CohortWarning], of_all: int, file: str | Path
) -> list[CohortWarning]:
    """One warning in place of those of most of a cohort; the warnings as they are if of fewer.

    What is so of most has one cause; what is so of a few, each may have its own.

    Args:
        warnings: of one kind.
        of_all: how many things could have been warned of.
        file: what holds them all.
    """
    count = len(warnings)
    if count <= _FEW or count <= of_all / 2:
        return list(warnings)
    first = warnings[0]
    measured = f"{count} of {of_all}, such as {first.name}: {first.measured}"
    merged = replace(first, file=str(file), name="", body_part="", measured=measured, radiograph="")
    return [merged]


WARNING_TABLE = [field.name for field in fields(CohortWarning)]


def warning_table(warnings: Iterable[CohortWarning]) -> pd.DataFrame:
    """A row of WARNING_TABLE for each warning, in order."""
    return pd.DataFrame([astuple(warning) for warning in warnings], columns=WARNING_TABLE)
