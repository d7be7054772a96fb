"""Ids of patients that may mean one person: they differ by case, blanks, zeros in front or - _ .

Such a patient would be two people for a split: trained on as one, tested on as the other. Only the
standard library is used: the plan of a study asks while the workflow is parsed.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from sharpflow.cohorts.findings import Finding

_PARTS = re.compile(r"\d+|[^\W\d_]+")


def plain_id(patient: str) -> tuple[str, ...]:
    """The letters and numbers of an id: `UAB-002` and `uab2` have the same."""
    return tuple(part.lstrip("0") or "0" for part in _PARTS.findall(patient.casefold()))


def near_ids(cohorts: Mapping[str, Collection[str]]) -> list[list[str]]:
    """The ids, in one cohort or across several, that may mean one person; each group sorted.

    `cohorts`: the patients of each.
    """
    groups: dict[tuple[str, ...], set[str]] = {}
    for patient in (patient for patients in cohorts.values() for patient in patients):
        groups.setdefault(plain_id(patient), set()).add(patient)
    return sorted(sorted(group) for parts, group in groups.items() if parts and len(group) > 1)


def near_id_problems(file: str, groups: Iterable[Mapping[str, Sequence[str]]]) -> list[Finding]:
    """A problem for each group of ids that may mean one person.

    Args:
        file: the cohort's, in which the group is listed.
        groups: id -> the file that names it, and where in it.
    """
    return [
        Finding(
            file,
            "; ".join(where for other, where in group.values() if other == file) or "patients",
            " beside ".join(
                f"patient {patient}{'' if other == file else f' in {other}'} ({where})"
                for patient, (other, where) in group.items()
            ),
            "ids that differ by more than case, blanks, leading zeros, -, _ or ., since one "
            "person would be split as two",
            "Correct the ids or, if these are different people, set checks: near_ids: accept.",
        )
        for group in groups
    ]
