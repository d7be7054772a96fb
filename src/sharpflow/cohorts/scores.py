"""The RA2-DREAM score table: one row a patient, 90 columns, read by name.

Columns: Patient_ID, three sums (`Overall_Tol`, `Overall_erosion`, `Overall_narrowing`), and the
86 sites of `anatomy.score_columns`. Their order differs between releases and carries no meaning.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sharpflow.anatomy import LIMBS, MAX_SCORE, Damage, score_columns
from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.files import write_table

PATIENT = "Patient_ID"
SUMS: dict[str, tuple[Damage, ...]] = {
    "Overall_Tol": (Damage.EROSION, Damage.NARROWING),
    "Overall_erosion": (Damage.EROSION,),
    "Overall_narrowing": (Damage.NARROWING,),
}
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
LONG_COLUMNS = ["patient", "limb", "joint", "damage", "score"]


@dataclass(frozen=True)
class ScoreTable:
    """Scores in the long form, the row of each patient's first entry, and what is wrong."""

    scores: pd.DataFrame
    rows: dict[str, int]
    problems: list[Finding]


def column_order() -> list[str]:
    """The 90 columns as we write them: erosion of all limbs, then narrowing."""
    sites = sorted(score_columns().items(), key=lambda item: list(Damage).index(item[1][2]))
    return [PATIENT, *SUMS, *(name for name, _ in sites)]


def write_scores(path: str | Path, long: pd.DataFrame) -> None:
    """Write scores as the 90-column RA2-DREAM table, patients in the order of their ids.

    `long` has columns patient, limb (LH RH LF RF), joint (names of `anatomy`, wrist sites
    included), damage (erosion, narrowing) and score (whole number), each site of a patient once.
    The sums are over the sites. Raises ValueError when a site is missing, doubled or unknown.
    """
    names = {
        (limb, site.name, str(damage)): name
        for name, (limb, site, damage) in score_columns().items()
    }
    keys = zip(long["limb"], long["joint"], long["damage"].astype(str), strict=True)
    columns = [names.get(key, "") for key in keys]
    if "" in columns:
        row = long.iloc[columns.index("")].to_dict()
        raise ValueError(f"not a site of the score: {row}")
    if long.duplicated(["patient", "limb", "joint", "damage"]).any():
        raise ValueError("a site of a patient is given twice")
    table = long.assign(column=columns).pivot_table("score", "patient", "column")
    missing = [name for name in names.values() if name not in table or table[name].isna().any()]
    if missing:
        raise ValueError(f"scores missing for some patient: {missing[:5]}")
    table = table.astype(int)
    for total, damages in SUMS.items():
        table[total] = table[[n for n, (_, _, d) in score_columns().items() if d in damages]].sum(
            axis=1
        )
    table = table.sort_index().reset_index(names=PATIENT)
    write_table(table[column_order()], path)


def read_score_table(path: str | Path) -> ScoreTable:
    """Read a RA2-DREAM score table into the long form, and collect all that is wrong with it.

    Returns a table patient, limb, joint, damage, score (int; of each patient's first row, the
    sites whose score is valid) in the order of the file, and the problems: a file that is no
    table, a missing column (with the nearest name found), a score that is blank, not a number,
    not whole ("2.0" is) or out of range, a patient twice or without id, a sum that differs from
    its sites. Columns beyond the 90 are left alone. A table of hands needs none of the feet's: all
    columns of a limb may be missing, and the sums are then over the others.
    """
    file = str(path)
    table = read_rows(Path(path), _columns_due(path), "the 90 columns of a RA2-DREAM score table")
    problems = list(table.problems)
    scores: list[tuple[str, str, str, str, int]] = []
    first: dict[str, int] = {}
    for row in table.rows:
        patient = row.values[PATIENT]
        if not patient:
            problems.append(
                _problem(
                    file,
                    row,
                    PATIENT,
                    "no patient id",
                    expected="an id in every row",
                    remedy="Fill in the id, or delete the row.",
                )
            )
        elif patient in first:
            problems.append(
                _problem(
                    file,
                    row,
                    PATIENT,
                    f"patient {patient} again",
                    expected=f"each patient once (first in row {first[patient]})",
                    remedy="Delete the wrong row.",
                )
            )
        else:
            first[patient] = row.number
            found, wrong = _read_sites(file, row)
            problems += wrong or _sum_problems(file, row, found)
            scores += found
    long = pd.DataFrame(scores, columns=LONG_COLUMNS).astype({"score": int})
    return ScoreTable(long, first, problems)


def _columns_due(path: str | Path) -> list[str]:
    """The columns that a table must have: all but those of limbs of which it has none."""
    rows = read_rows(Path(path), (), "").rows
    header = rows[0].values if rows else {}
    limb_of = {name: limb for name, (limb, _, _) in score_columns().items()}
    left_out = set(LIMBS) - {limb for name, limb in limb_of.items() if name in header}
    if left_out == set(LIMBS):
        return column_order()
    return [name for name in column_order() if limb_of.get(name) not in left_out]


def _problem(
    file: str, row: Row, column: str, found: str, *, expected: str, remedy: str
) -> Finding:
    patient = row.values[PATIENT]
    return Finding(
        file,
        f"row {row.number}{f' (patient {patient})' if patient else ''}, column {column}",
        found,
        expected,
        remedy,
        Scope.PATIENT if patient else Scope.ENTRY,
        patient or f"row {row.number}",
    )


def _read_sites(file: str, row: Row) -> tuple[list[tuple[str, str, str, str, int]], list[Finding]]:
    scores, problems = [], []
    for column, (limb, site, damage) in score_columns().items():
        if column not in row.values:
            continue  # of a limb that the table leaves out
        most = MAX_SCORE[LIMBS[limb].body_part, damage]
        text = row.values[column]
        wrong = _wrong_score(text, most)
        if wrong:
            problems.append(
                _problem(
                    file,
                    row,
                    column,
                    wrong,
                    expected=f"a whole number from 0 to {most}",
                    remedy="Correct the score from the reader's sheet.",
                )
            )
        else:
            scores.append((row.values[PATIENT], limb, site.name, str(damage), int(float(text))))
    return scores, problems


def _wrong_score(text: str, most: int) -> str:
    """What is wrong with a score, in words; empty if nothing is."""
    if not text:
        return "no score"
    if not _NUMBER.fullmatch(text):
        return f"{text!r}, which is not a number"
    if float(text) % 1:
        return f"{text}, which is not whole"
    return "" if 0 <= float(text) <= most else f"{text}, which is out of range"


def _sum_problems(
    file: str, row: Row, scores: list[tuple[str, str, str, str, int]]
) -> list[Finding]:
    problems = []
    for column, damages in SUMS.items():
        total = sum(score for *_, damage, score in scores if Damage(damage) in damages)
        text = row.values[column]
        if not _NUMBER.fullmatch(text) or float(text) != total:
            problems.append(
                _problem(
                    file,
                    row,
                    column,
                    text or "no value",
                    expected=f"{total}, the sum of the patient's sites",
                    remedy="Correct the sum, or the site whose score is wrong.",
                )
            )
    return problems
