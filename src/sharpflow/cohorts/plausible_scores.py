"""Warn of scores that are in range and implausible."""

import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.radiographs import ONLY_VISIT
from sharpflow.cohorts.warnings import CohortWarning


def implausible_scores(file: str, scores: pd.DataFrame) -> list[CohortWarning]:
    """Warn of patients with one score everywhere, and of damage that varies in nobody.

    A patient with 0 everywhere is healthy, and not warned of.

    Args:
        file: the table of scores.
        scores: patient, visit, limb, joint, damage, score, a row a site.
    """
    return [*_one_score(file, scores), *_no_variation(file, scores)]


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
