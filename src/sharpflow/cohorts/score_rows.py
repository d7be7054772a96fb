"""What a row of the score table says, and what is wrong with it.

Only the standard library is imported: the workflow looks at the rows while it is parsed.
"""

import re

from sharpflow.anatomy import LIMBS, MAX_SCORE, Damage, score_columns
from sharpflow.cohorts.csv_rows import Row
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.visits import SUMS, Visit, said_visit

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")

Score = tuple[str, str, str, str, str, int]  # patient, visit, limb, joint, damage, score


def read_row(file: str, row: Row, visit: Visit) -> tuple[list[Score], list[Finding]]:
    """The valid scores of a row, and what is wrong with its sites or else with its sums.

    Args:
        file: the table, for messages.
        row: of it.
        visit: that the row is of.
    """
    scores, wrong = _read_sites(file, row, visit)
    return scores, wrong or _sum_problems(file, row, visit, scores)


def row_problem(
    file: str, row: Row, column: str, found: str, visit: Visit, *, expected: str, remedy: str
) -> Finding:
    """What is wrong in a column of a row; it concerns the visit that the row is of."""
    patient, said = visit[0], said_visit(row)
    who = f" (patient {patient}{f', visit {said}' if said else ''})" if patient else ""
    return Finding(
        file,
        f"row {row.number}{who}, column {column}",
        found,
        expected,
        remedy,
        Scope.VISIT if patient else Scope.ENTRY,
        patient or f"row {row.number}",
        visit[1],
    )


def _read_sites(file: str, row: Row, visit: Visit) -> tuple[list[Score], list[Finding]]:
    scores: list[Score] = []
    problems: list[Finding] = []
    for column, (limb, site, damage) in score_columns().items():
        if column not in row.values:
            continue  # of a limb that the table leaves out
        most = MAX_SCORE[LIMBS[limb].body_part, damage]
        text = row.values[column]
        wrong = _wrong_score(text, most)
        if wrong:
            problems.append(
                row_problem(
                    file,
                    row,
                    column,
                    wrong,
                    visit,
                    expected=f"a whole number from 0 to {most}",
                    remedy="Correct the score from the reader's sheet.",
                )
            )
        else:
            scores.append((*visit, limb, site.name, str(damage), int(float(text))))
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


def _sum_problems(file: str, row: Row, visit: Visit, scores: list[Score]) -> list[Finding]:
    problems = []
    limbs = {limb for name, (limb, _, _) in score_columns().items() if name in row.values}
    missing = {
        damage
        for name, (limb, _, damage) in score_columns().items()
        if limb in limbs and name not in row.values
    }
    for column, damages in SUMS.items():
        if column not in row.values or missing & set(damages):
            continue  # the sum, or a site that it has, is not there
        total = sum(score for *_, damage, score in scores if Damage(damage) in damages)
        text = row.values[column]
        if not _NUMBER.fullmatch(text) or float(text) != total:
            problems.append(
                row_problem(
                    file,
                    row,
                    column,
                    text or "no value",
                    visit,
                    expected=f"{total}, the sum of the patient's sites",
                    remedy="Correct the sum, or the site whose score is wrong.",
                )
            )
    return problems
