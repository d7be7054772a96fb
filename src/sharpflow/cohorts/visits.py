"""Visits of patients: which one a row of scores is of, and which visits have no scores.

Only the standard library is imported: the workflow looks for visits without scores while it is
parsed.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from sharpflow.anatomy import Damage, score_columns
from sharpflow.cohorts.csv_rows import Row, Rows, read_rows
from sharpflow.cohorts.radiographs import ID, ONLY_VISIT, Radiograph, visit_name

PATIENT = "Patient_ID"
VISIT = "visit"
SUMS: dict[str, tuple[Damage, ...]] = {
    "Overall_Tol": (Damage.EROSION, Damage.NARROWING),
    "Overall_erosion": (Damage.EROSION,),
    "Overall_narrowing": (Damage.NARROWING,),
}

Visit = tuple[str, str]  # a patient, and the visit's name


def visit_column(columns: Iterable[str]) -> str | None:
    """The column that names visits, however it is capitalised; None if there is none."""
    return next((name for name in columns if name.lower() == VISIT), None)


def visits_of(radiographs: Iterable[Radiograph]) -> dict[str, set[str]]:
    """The visits of each patient."""
    visits: dict[str, set[str]] = {}
    for radiograph in radiographs:
        visits.setdefault(radiograph.patient, set()).add(radiograph.visit)
    return visits


def only_visits(radiographs: Iterable[Radiograph]) -> dict[str, str]:
    """The visit of each patient who has a single one, where it is not called "1".

    A row of scores that names no visit is of this one.
    """
    visits = visits_of(radiographs)
    single = {patient: next(iter(names)) for patient, names in visits.items() if len(names) == 1}
    return {patient: visit for patient, visit in single.items() if visit != ONLY_VISIT}


def said_visit(row: Row) -> str:
    """The visit that a row names; empty if it names none."""
    column = visit_column(row.values)
    text = row.values[column] if column else ""
    return visit_name(text) if text else ""


def visit_of(row: Row, only: Mapping[str, str]) -> Visit:
    """The patient and visit that a row of scores is of.

    Args:
        row: of the score table.
        only: visits by patient, from `only_visits`.
    """
    patient = row.values.get(PATIENT, "")
    return patient, said_visit(row) or only.get(patient, ONLY_VISIT)


def has_scores(row: Row) -> bool:
    """Whether any score or sum of a row is filled in."""
    return any(row.values.get(name) for name in (*score_columns(), *SUMS))


def read_score_rows(scores: str | Path) -> Rows:
    """The rows of a score table, by the names of its columns, and why there are none."""
    columns = [*score_columns(), *SUMS]
    return read_rows(Path(scores), [PATIENT], "a RA2-DREAM score table", known=columns)


def scored_visits(rows: Iterable[Row], only: Mapping[str, str]) -> set[Visit]:
    """The visits that a score table has a row of, right or wrong.

    A row whose visit has no possible name is of none.

    Args:
        rows: of the table (`read_score_rows`).
        only: visits by patient, from `only_visits`.
    """
    visits = {visit_of(row, only) for row in rows if row.values[PATIENT] and has_scores(row)}
    return {visit for visit in visits if ID.fullmatch(visit[1])}


def unscored_visits(radiographs: Iterable[Radiograph], scored: Collection[Visit]) -> set[Visit]:
    """The visits whose radiographs are only predicted, since nobody has scored them.

    None, if as many rows of scores have no radiograph as have one: ids that do not match are more
    likely then, and the check says so.

    Args:
        radiographs: of the cohort.
        scored: visits that the score table has.
    """
    visits = {(radiograph.patient, radiograph.visit) for radiograph in radiographs}
    matched = visits & set(scored)
    return visits - matched if len(matched) > len(set(scored) - matched) else set()
