"""How many patients each part of a split has, and whether that is enough.

Only the standard library is imported at module level: the workflow asks while it is parsed.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sharpflow.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")
# Below this a table's row rests on so few people that it says nothing of others.
FEW_TESTED = 5


def split_sizes(patients: int, *, test: float, validation: float) -> dict[str, int]:
    """Patients of each part, as `splits.split_patients` shares them out.

    Args:
        patients: how many there are.
        test: share of all, which is rounded up.
        validation: share of the rest, likewise.

    Raises:
        UserError: a part would be empty.
    """
    tested = math.ceil(test * patients)
    validated = math.ceil(validation * (patients - tested))
    sizes = dict(zip(PARTS, (patients - tested - validated, validated, tested), strict=True))
    if min(sizes.values()) < 1:
        said = ", ".join(f"{size} to {part}" for part, size in sizes.items())
        raise UserError(
            f"split: of {patients} patient{'s' * (patients != 1)}, test {test:g} and validation "
            f"{validation:g} of the rest would give {said}; expected at least one each. "
            + (
                "At least three patients are needed."
                if patients < len(PARTS)
                else "Lower these shares, or name each patient's part in a table (split: table)."
            )
        )
    return sizes


def few_tested(sizes: dict[str, int]) -> str:
    """A warning where few patients test, else an empty text."""
    tested = sizes["test"]
    if tested >= FEW_TESTED:
        return ""
    return (
        f"split: only {tested} of {sum(sizes.values())} patients will test, so the tables say next "
        "to nothing of other patients, and scores that none of them has are missing there. Add "
        "patients, or raise split: test."
    )


class Lacking(NamedTuple):
    """A part of a split that has no patient with a radiograph of a body part."""

    part: str
    body_part: str
    patients: int  # with a radiograph of it

    def __str__(self) -> str:
        """In words."""
        return (
            f"of {self.patients} patient{'s' * (self.patients != 1)} with a radiograph of a "
            f"{self.body_part}, none is in the part {self.part}"
        )


def lacking_parts(
    body_parts: Mapping[str, Collection[str]], parts: Mapping[str, str]
) -> Iterator[Lacking]:
    """Each part of a split that lacks a body part which others have.

    Args:
        body_parts: of each patient's radiographs.
        parts: patient -> train, validation or test; others do not count.
    """
    for body_part in sorted({name for names in body_parts.values() for name in names}):
        having = [p for p, names in body_parts.items() if body_part in names and p in parts]
        for part in PARTS:
            if part not in {parts[patient] for patient in having}:
                yield Lacking(part, body_part, len(having))


def body_parts_of(radiographs: "pd.DataFrame") -> dict[str, set[str]]:
    """The body parts of each patient's radiographs, a table with patient and body_part."""
    body_parts: dict[str, set[str]] = {}
    for patient, body_part in zip(radiographs["patient"], radiographs["body_part"], strict=True):
        body_parts.setdefault(patient, set()).add(body_part)
    return body_parts


def check_body_parts(split: "pd.DataFrame", radiographs: "pd.DataFrame") -> None:
    """Refuse a split in which a part has no radiograph of a body part that others have.

    Args:
        split: patient, split.
        radiographs: patient, body_part.

    Raises:
        UserError: names each part and body part that lacks; U-Nets, detectors and heads of that
            body part would have nothing to learn from, to stop at or to be measured on.
    """
    parts = dict(zip(split["patient"], split["split"], strict=True))
    lacking = list(lacking_parts(body_parts_of(radiographs), parts))
    if lacking:
        raise UserError(
            f"split: {'; '.join(map(str, lacking))}. Add such patients, change split: random_state "
            "or its shares, name each patient's part in a table (split: table), or leave the "
            "radiographs of that body part out."
        )
