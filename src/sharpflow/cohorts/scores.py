"""The RA2-DREAM score table: one row a patient or visit, 90 columns, read by name.

Columns: Patient_ID, three sums (`Overall_Tol`, `Overall_erosion`, `Overall_narrowing`), and the
86 sites of `anatomy.score_columns`. Their order differs between releases and carries no meaning.
Ours: a column `visit` beside Patient_ID, in capitals or not, where patients have several visits.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sharpflow.anatomy import LIMBS, Damage, score_columns
from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.findings import Finding
from sharpflow.cohorts.radiographs import ID, ID_RULE, ONLY_VISIT
from sharpflow.cohorts.score_rows import Score, read_row, row_problem
from sharpflow.cohorts.visits import (
    PATIENT,
    SUMS,
    VISIT,
    Visit,
    has_scores,
    said_visit,
    visit_column,
    visit_of,
)
from sharpflow.files import write_table

LONG_COLUMNS = ["patient", "visit", "limb", "joint", "damage", "score"]


@dataclass(frozen=True)
class ScoreTable:
    """Scores in the long form, the first row of each visit, and what is wrong.

    `without_visit` has the row of each patient whose first row names no visit.
    """

    scores: pd.DataFrame
    rows: dict[Visit, int]
    problems: list[Finding]
    without_visit: dict[str, int] = field(default_factory=dict)


def column_order() -> list[str]:
    """The 90 columns as we write them: erosion of all limbs, then narrowing."""
    sites = sorted(score_columns().items(), key=lambda item: list(Damage).index(item[1][2]))
    return [PATIENT, *SUMS, *(name for name, _ in sites)]


def write_scores(path: str | Path, long: pd.DataFrame) -> None:
    """Write scores as the 90-column RA2-DREAM table, patients in the order of their ids.

    `long` has columns patient, limb (LH RH LF RF), joint (names of `anatomy`, wrist sites
    included), damage (erosion, narrowing), score (whole number) and, optionally, visit, each site
    of a visit once. The table has a column visit where any is another than "1". The sums are over
    the sites. Raises ValueError when a site is missing, doubled or unknown.
    """
    if VISIT not in long:
        long = long.assign(visit=ONLY_VISIT)
    names = {
        (limb, site.name, str(damage)): name
        for name, (limb, site, damage) in score_columns().items()
    }
    keys = zip(long["limb"], long["joint"], long["damage"].astype(str), strict=True)
    columns = [names.get(key, "") for key in keys]
    if "" in columns:
        row = long.iloc[columns.index("")].to_dict()
        raise ValueError(f"not a site of the score: {row}")
    if long.duplicated(["patient", VISIT, "limb", "joint", "damage"]).any():
        raise ValueError("a site of a patient is given twice")
    table = long.assign(column=columns).pivot_table("score", ["patient", VISIT], "column")
    missing = [name for name in names.values() if name not in table or table[name].isna().any()]
    if missing:
        raise ValueError(f"scores missing for some patient: {missing[:5]}")
    table = table.astype(int)
    for total, damages in SUMS.items():
        table[total] = table[[n for n, (_, _, d) in score_columns().items() if d in damages]].sum(
            axis=1
        )
    table = table.sort_index().reset_index(names=[PATIENT, VISIT])
    order = column_order()
    if (table[VISIT] != ONLY_VISIT).any():
        order.insert(1, VISIT)
    write_table(table[order], path)


def read_score_table(path: str | Path, only: Mapping[str, str] | None = None) -> ScoreTable:
    """Read a RA2-DREAM score table into the long form, and collect all that is wrong with it.

    A row without any score or sum is left alone: nobody has scored that visit yet. A table of hands
    needs none of the feet's columns: all columns of a limb may be missing, and the sums are then
    over the others. Sums may be missing too; those that are there must be right.

    Args:
        path: of the table. Columns beyond the 90, or those of them that are due, and `visit` are
            left alone.
        only: which visit a row is of that names none, by patient, from `visits.only_visits`;
            without one it is of the visit "1".

    Returns:
        A table patient, visit, limb, joint, damage, score (int; of each visit's first row, the
        sites whose score is valid) in the order of the file, and the problems: a file that is no
        table, a missing column (with the nearest name found), a score that is blank, not a number,
        not whole ("2.0" is) or out of range, a visit twice or with a name that is none, a row
        without a patient's id, a sum that differs from its sites.
    """
    file = str(path)
    due = _columns_due(path)
    table = read_rows(Path(path), due, _in_words(due), partial=True)
    problems = list(table.problems)
    scores: list[Score] = []
    first: dict[Visit, int] = {}
    without_visit: dict[str, int] = {}
    for row in filter(has_scores, table.rows):
        visit = visit_of(row, only or {})
        found, wrong = read_row(file, row, visit)
        unclear = _unclear_visit(file, row, visit, first)
        problems += [*unclear, *wrong]
        if visit[0] and not said_visit(row):
            without_visit.setdefault(visit[0], row.number)
        if visit[0] and not unclear:
            first[visit] = row.number
            scores += found
    long = pd.DataFrame(scores, columns=LONG_COLUMNS).astype({"score": int})
    return ScoreTable(long, first, problems, without_visit)


def _unclear_visit(file: str, row: Row, visit: Visit, first: Mapping[Visit, int]) -> list[Finding]:
    """Why a row is of no visit, or of one that an earlier row is of; nothing where all is clear.

    `first`: the rows of earlier visits.
    """
    if PATIENT not in row.values:
        return []  # told already: the column is missing
    if not visit[0]:
        column, found, expected = PATIENT, "no patient id", "an id in every row"
        remedy = "Fill in the id, or delete the row."
    elif not ID.fullmatch(visit[1]):
        column, found, expected = visit_column(row.values) or VISIT, repr(visit[1]), ID_RULE
        remedy = "Give it another name, here and in the list of radiographs."
    elif visit in first:
        column, found = PATIENT, f"patient {visit[0]} again"
        expected = f"each {_unit(row)} once (first in row {first[visit]})"
        remedy = "Delete the wrong row, or name each row's visit in a column visit."
    else:
        return []
    return [row_problem(file, row, column, found, visit, expected=expected, remedy=remedy)]


def _unit(row: Row) -> str:
    return "visit of a patient" if visit_column(row.values) else "patient"


def _columns_due(path: str | Path) -> list[str]:
    """The columns that are read: without sums that are missing, and limbs missing altogether."""
    header = read_rows(Path(path), (), "", known=column_order()).header
    limb_of = {name: limb for name, (limb, _, _) in score_columns().items()}
    limbs = {limb for name, limb in limb_of.items() if name in header} or set(LIMBS)
    return [
        name
        for name in column_order()
        if (name in header if name in SUMS else name == PATIENT or limb_of[name] in limbs)
    ]


def _in_words(due: Collection[str]) -> str:
    """Which columns were expected: "the 63 columns of a RA2-DREAM score table of LH, RH"."""
    limbs = {limb for name, (limb, _, _) in score_columns().items() if name in due}
    of_limbs = f" of {', '.join(limb for limb in LIMBS if limb in limbs)}"
    return f"the {len(due)} columns of a RA2-DREAM score table{of_limbs * (limbs != set(LIMBS))}"
