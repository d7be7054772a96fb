"""The RA2-DREAM score table: one row a patient, 90 columns, read by name.

Columns: Patient_ID, three sums (`Overall_Tol`, `Overall_erosion`, `Overall_narrowing`), and the
86 sites of `anatomy.score_columns`. Their order differs between releases and carries no meaning.
"""

import difflib
from pathlib import Path

import pandas as pd

from sharpflow.anatomy import LIMBS, MAX_SCORE, Damage, score_columns
from sharpflow.errors import Problem
from sharpflow.files import write_table

PATIENT = "Patient_ID"
SUMS: dict[str, tuple[Damage, ...]] = {
    "Overall_Tol": (Damage.EROSION, Damage.NARROWING),
    "Overall_erosion": (Damage.EROSION,),
    "Overall_narrowing": (Damage.NARROWING,),
}
LONG_COLUMNS = ["patient", "limb", "joint", "damage", "score"]


def column_order() -> list[str]:
    """The 90 columns as we write them: erosion of all limbs, then narrowing."""
    sites = sorted(score_columns().items(), key=lambda item: list(Damage).index(item[1][2]))
    return [PATIENT, *SUMS, *(name for name, _ in sites)]


def write_scores(path: str | Path, long: pd.DataFrame) -> None:
    """Write scores as the 90-column RA2-DREAM table, patients in the order of their ids.

    `long` has columns patient, limb (LH RH LF RF), joint (names of `anatomy`, wrist sites
    included), damage (erosion, narrowing) and score (whole number), each site of a patient once.
    The sums are over the sites. Raises ValueError when a site lacks, is doubled or is unknown.
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


def read_scores(path: str | Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a RA2-DREAM score table into the long form, and collect all that is wrong with it.

    Returns a table patient, limb, joint, damage, score (int; only sites whose score is valid) in
    the order of the file, and the problems: a file that is no table, a missing column (with the
    nearest name found), a score that is blank, not a number, not whole or out of range, a patient
    twice or without id, a sum that differs from its sites. Columns beyond the 90 are left alone.
    """
    file = str(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        return _nothing(), [
            Problem(
                file,
                "",
                f"no readable CSV ({error})",
                "the RA2-DREAM score table",
                "Correct the path of the score table, or save it as comma-separated UTF-8.",
            )
        ]
    table.columns = table.columns.str.strip()
    missing = [
        _missing_column(file, name, list(table.columns))
        for name in column_order()
        if name not in table.columns
    ]
    if missing:
        return _nothing(), missing
    table = table.map(str.strip)
    problems = _patient_problems(file, table[PATIENT])
    scores, score_problems = _sites(file, table)
    problems += score_problems + _sum_problems(file, table, scores)
    return scores.drop(columns="row").reset_index(drop=True), problems


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in LONG_COLUMNS}).astype({"score": int})


def _missing_column(file: str, name: str, found: list[str]) -> Problem:
    spare = [column for column in found if column not in column_order()]
    near = difflib.get_close_matches(name, spare, n=1, cutoff=0.6)
    return Problem(
        file,
        f"column {name}",
        f"no such column{f', but {near[0]}' if near else ''}",
        "the 90 columns of the RA2-DREAM table",
        f"Rename {near[0]} to {name}." if near else f"Add the column {name}.",
    )


def _where(row: int, patient: str, column: str = "") -> str:
    """Line of the file as a spreadsheet counts it: the header is row 1."""
    return (
        f"row {row + 2}"
        + (f" ({patient})" if patient else "")
        + (f", column {column}" if column else "")
    )


def _patient_problems(file: str, patients: pd.Series) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for row, patient in enumerate(patients):
        if not patient:
            problems.append(
                Problem(
                    file,
                    _where(row, "", PATIENT),
                    "no patient id",
                    "an id in every row",
                    "Fill in the id, or delete the row.",
                )
            )
        elif patient in first:
            problems.append(
                Problem(
                    file,
                    _where(row, patient),
                    f"patient {patient} again",
                    f"each patient once (first in row {first[patient] + 2})",
                    "Delete the wrong row.",
                )
            )
        else:
            first[patient] = row
    return problems


def _sites(file: str, table: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    parts, problems = [], []
    for column, (limb, site, damage) in score_columns().items():
        most = MAX_SCORE[LIMBS[limb].kind, damage]
        values = pd.to_numeric(table[column], errors="coerce")
        good = values.between(0, most) & (values % 1 == 0)
        problems += [
            Problem(
                file,
                _where(int(row), table[PATIENT][row], column),
                _say_score(table[column][row], values[row]),
                f"a whole number from 0 to {most}",
                "Correct the score from the reader's sheet.",
            )
            for row in table.index[~good]
        ]
        parts.append(
            pd.DataFrame(
                {
                    "row": table.index[good],
                    "patient": table[PATIENT][good],
                    "limb": limb,
                    "joint": site.name,
                    "damage": str(damage),
                    "score": values[good].astype(int),
                }
            )
        )
    scores = pd.concat(parts).sort_values("row", kind="stable")
    return scores, sorted(problems, key=lambda p: int(p.where.split()[1]))


def _say_score(text: str, value: float) -> str:
    if not text:
        return "no score"
    if pd.isna(value):
        return f"{text!r}, which is not a number"
    return f"{text}, which is {'not whole' if value % 1 else 'out of range'}"


def _sum_problems(file: str, table: pd.DataFrame, scores: pd.DataFrame) -> list[Problem]:
    """Sums that differ from their sites, in rows whose sites are all valid."""
    problems = []
    whole_rows = scores.groupby("row").size().eq(len(score_columns()))
    for name, damages in SUMS.items():
        chosen = scores[scores["damage"].isin([str(d) for d in damages])]
        sums = chosen.groupby("row")["score"].sum()
        given = pd.to_numeric(table[name], errors="coerce")
        problems += [
            Problem(
                file,
                _where(int(row), table[PATIENT][row], name),
                table[name][row] or "no value",
                f"{sums[row]}, the sum of the patient's sites",
                "Correct the sum, or the site whose score is wrong.",
            )
            for row in whole_rows.index[whole_rows]
            if given[row] != sums[row]
        ]
    return problems
