"""Warn of scores that are in range and implausible."""

import math

import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.radiographs import ONLY_VISIT
from sharpflow.cohorts.warnings import CohortWarning
from sharpflow.errors import first_of

_MEANS = (0, 1 / 3, 1 / 2, 2 / 3)  # parts of whole that means of two or three readers have
_DIGITS = 3  # after the point, of which a mean must be right; programs differ in the last
_RARE = 0.05  # of all totals


def implausible_scores(file: str, scores: pd.DataFrame) -> list[CohortWarning]:
    """Warn of patients with one score everywhere, and of damage that varies in nobody.

    A patient with 0 everywhere is healthy, and not warned of.

    Args:
        file: the table of scores.
        scores: patient, visit, limb, joint, damage, score, a row a site.
    """
    return [*_one_score(file, scores), *_no_variation(file, scores)]


def implausible_totals(file: str, totals: pd.DataFrame) -> list[CohortWarning]:
    """Warn of totals that are no sums of whole scores, nor means of two or three readers' sums.

    And of a few halves or thirds where all others are whole: readers who differ would make more.

    Args:
        file: the table of totals.
        totals: image_id, total (NaN where nobody has scored the image).
    """
    scored = totals[totals["total"].notna()]
    parts = scored["total"] % 1
    if scored.empty:
        return []
    broken = scored[[not _is_mean(total) for total in scored["total"]]]
    fractions = scored[(parts != 0) & ~scored["image_id"].isin(broken["image_id"])]
    kinds = [
        (
            broken,
            "totals that are no sums of scores, nor means of two or three readers",
            "whole numbers, halves or thirds",
            "Look whether the column holds totals, and not means over joints or another score.",
        )
    ]
    if len(fractions) <= _RARE * len(scored):
        kinds.append(
            (
                fractions,
                "a few totals are halves or thirds",
                "whole numbers, or halves and thirds throughout, as means of readers are",
                "Compare them with the readers' sheets.",
            )
        )
    return [
        CohortWarning(file, "", "hand", warning, _listed(rows, len(scored)), threshold, remedy)
        for rows, warning, threshold, remedy in kinds
        if len(rows)
    ]


def _is_mean(total: float) -> bool:
    """Whether a total is a mean of two or three whole numbers, rounded or cut off as written.

    12.33, 12.3 and 12.333 are such, as are 12.66 and 12.67; 12.37 is none, since nobody writes a
    third so.
    """
    digits = min(_DIGITS, len(f"{total:.12g}".partition(".")[2]))
    part = round(total % 1 * 10**digits)
    return (
        any(part in (math.floor(mean * 10**digits), round(mean * 10**digits)) for mean in _MEANS)
        or part == 10**digits
    )


def _listed(totals: pd.DataFrame, of_all: int) -> str:
    """How many totals there are, and the first of them, in words."""
    each = [f"{row['total']:g} of {row['image_id']}" for row in totals.to_dict("records")]
    return f"{len(totals)} of {of_all}: {first_of(each)}"


def _one_score(file: str, scores: pd.DataFrame) -> list[CohortWarning]:
    found = []
    for (patient, visit), group in scores.groupby(["patient", "visit"], sort=True)["score"]:
        if len(group) > 1 and _is_constant(group) and group.iloc[0] != 0:
            found.append(
                CohortWarning(
                    file,
                    str(patient),
                    "",
                    "one score at every site",
                    f"{group.iloc[0]} at all {len(group)} sites{_said(str(visit))}",
                    "scores that differ, or 0 everywhere",
                    "Compare the row with the reader's sheet.",
                )
            )
    return found


def _said(visit: str) -> str:
    return "" if visit == ONLY_VISIT else f" of visit {visit}"


def _no_variation(file: str, scores: pd.DataFrame) -> list[CohortWarning]:
    if scores["patient"].nunique() < 2:
        return []
    parts = scores["limb"].map({code: str(limb.body_part) for code, limb in LIMBS.items()})
    found = []
    for (body_part, damage), group in scores.groupby([parts, "damage"], sort=True)["score"]:
        if _is_constant(group):
            found.append(
                CohortWarning(
                    file,
                    "",
                    str(body_part),
                    f"{damage} has one score in all patients",
                    f"{group.iloc[0]} at all {len(group)} sites",
                    "at least two different scores",
                    "Check the columns: nothing can be learned from them.",
                )
            )
    return found


def _is_constant(values: "pd.Series[int]") -> bool:
    return bool((values == values.iloc[0]).all())
