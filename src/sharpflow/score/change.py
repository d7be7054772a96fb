"""How sums changed between visits of a patient, beside the smallest change that can be detected.

Visits follow each other by the study's date where the DICOM headers number them, else in the
natural order of their names: visit 10 follows visit 9.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from sharpflow.anatomy import LIMBS, Damage
from sharpflow.reporting.names import in_order
from sharpflow.score.correction import CUT_OUT, are_cut_out
from sharpflow.score.known import BOTH_HANDS, CODES

SUMS = ("erosion", "narrowing", "total")
CHANGE_COLUMNS = [
    *("of", "patient", "limbs", "visit_before", "visit_after", "visits_from"),
    *(f"{name}_{part}" for name in SUMS for part in ("before", "after", "change")),
    *("smallest_detectable_change", "exceeds", "joints_doubted", "joints_changed", "note", "use"),
]
JOINTS_MISSING = "joints are missing: no sum"
NO_TOTAL = "the bundle gives no total of both hands"
OTHER_LIMBS = "other limbs at each visit"
CUT_ONCE = f"{CUT_OUT} at one visit alone: scores of such hands are not like those of single ones"

ResidualSd = Callable[[str], float | None]


def smallest_detectable_change(residual_sd: float | None) -> float | None:
    """The smallest change between two visits that is more than error, with 95% confidence.

    1.96 * sqrt(2) * SEM, the standard error of one measurement, since both visits have errors
    (Bruynesteyn et al., Ann Rheum Dis 2005;64:179-182). A model scores a radiograph the same each
    time, so its SEM is the standard deviation of predicted - true sums of patients whom it did not
    learn from. Errors of one patient that are alike at both visits would cancel out, so that this
    one is rather too large.

    Args:
        residual_sd: that standard deviation in points; None where nobody has measured it.

    Returns:
        Points; None where `residual_sd` is.
    """
    return None if residual_sd is None else 1.96 * math.sqrt(2) * residual_sd


def changes(totals: pd.DataFrame, joints: pd.DataFrame, residual_sd: ResidualSd) -> pd.DataFrame:
    """change.csv of one patient.

    Args:
        totals: the patient's rows of totals.csv, and visit_from: where the visit is from.
        joints: the patient's rows of scores.csv.
        residual_sd: the standard deviation of the errors of the total over limbs, as
            "LH RH LF RF", in points; None where it is not known.

    Returns:
        CHANGE_COLUMNS but use: a row for each limb, or both hands on one radiograph ("of"
        radiograph), and each sum of a visit, and each two visits that follow each other among those
        that have it. The total of both hands on one radiograph is the whole-image pipeline's. A
        change is blank where joints are missing, a visit's limbs are others than before, or hands
        are cut out of both hands at one of the visits alone.
    """
    rows = []
    of_limbs = totals[totals["of"] == "radiograph"]
    of_cut = of_limbs[are_cut_out(of_limbs["undone"])]
    cut = set(zip(of_cut["visit"], of_cut["limbs"], strict=True))
    for limb in CODES:
        own = of_limbs[of_limbs["limbs"] == limb]
        rows += [_row(pair, joints, limb, residual_sd, cut) for pair in _pairs(own)]
    visits = totals[(totals["of"] == "visit") & (totals["joints_expected"].fillna(0) > 0)]
    rows += [_row(pair, joints, None, residual_sd, cut) for pair in _pairs(visits)]
    return pd.DataFrame(rows).reindex(columns=CHANGE_COLUMNS)


def _pairs(rows: pd.DataFrame) -> Iterable[tuple["pd.Series[Any]", "pd.Series[Any]"]]:
    ordered = sorted((row for _, row in rows.iterrows()), key=lambda row: in_order(row["visit"]))
    return pairwise(ordered)


def _row(
    pair: tuple["pd.Series[Any]", "pd.Series[Any]"],
    joints: pd.DataFrame,
    limb: str | None,
    residual_sd: ResidualSd,
    cut: Collection[tuple[str, str]],
) -> dict[str, Any]:
    """A row of change.csv; of a limb, or of a visit if `limb` is None.

    `cut`: visits and limbs of hands that were cut out of both hands.
    """
    before, after = pair
    row: dict[str, Any] = {
        "of": before["of"],
        "patient": after["patient"],
        "limbs": after["limbs"],
        "visit_before": before["visit"],
        "visit_after": after["visit"],
        "visits_from": _origin(pair),
        "joints_doubted": _doubted(pair),
        "joints_changed": _changed_joints(pair, joints, limb),
    }
    for name in SUMS:
        row |= {f"{name}_before": _sum(before, name), f"{name}_after": _sum(after, name)}
    own_before, own_after = (_of_limbs(one["limbs"]) for one in pair)
    if own_before != own_after:
        return row | {"note": OTHER_LIMBS}
    if any(
        ((before["visit"], code) in cut) != ((after["visit"], code) in cut)
        for code in own_after.split()
    ):
        return row | {"note": CUT_ONCE}
    for name in SUMS:
        row[f"{name}_change"] = _difference(row[f"{name}_after"], row[f"{name}_before"])
    least = smallest_detectable_change(residual_sd(own_after))
    row["smallest_detectable_change"] = least
    change = row["total_change"]
    if change is None:
        row["note"] = NO_TOTAL if limb == BOTH_HANDS else JOINTS_MISSING
    elif least is not None:
        row["exceeds"] = "yes" if abs(change) > least else "no"
    return row


def _of_limbs(limbs: str) -> str:
    """Limbs whose joints are summed; of a radiograph of both hands, its own code."""
    alone = " ".join(code for code in limbs.split() if code in LIMBS)
    return alone or limbs


def _sum(row: "pd.Series[Any]", name: str) -> float | None:
    column = "whole_image_total" if name == "total" and row["limbs"] == BOTH_HANDS else name
    return None if pd.isna(row[column]) else float(row[column])


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _doubted(pair: Sequence["pd.Series[Any]"]) -> int | None:
    """How many scores at both visits are not to be trusted; None of whole images."""
    known = [row["joints_doubted"] for row in pair if pd.notna(row["joints_doubted"])]
    return int(sum(known)) if known else None


def _origin(pair: Sequence["pd.Series[Any]"]) -> str:
    """ "date" where both visits are numbered by the header's date, else "name"."""
    return "date" if all(row["visit_from"] == "header" for row in pair) else "name"


def _changed_joints(
    pair: Sequence["pd.Series[Any]"], joints: pd.DataFrame, limb: str | None
) -> str:
    """ "LH MCP2 erosion +2 narrowing +1; LH PIP3 narrowing -1"; empty where none changed."""
    own = joints if limb is None else joints[joints["limb"] == limb]
    key = ["limb", "joint"]
    before, after = (own[own["visit"] == row["visit"]].set_index(key) for row in pair)
    told = []
    for place, row in after.iterrows():
        if place not in before.index:
            continue
        differences = []
        for damage in Damage:
            old, new = before.loc[place, damage.value], row[damage.value]
            if pd.notna(old) and pd.notna(new) and old != new:
                differences.append(f"{damage} {int(new) - int(old):+d}")
        if differences:
            told.append(" ".join([*place, *differences]))  # type: ignore[misc]
    return "; ".join(told)
