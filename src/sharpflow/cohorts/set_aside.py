"""Tables of problems: what was set aside for each, and the stop where nothing was."""

import logging
from collections.abc import Mapping, Sequence

import pandas as pd

from sharpflow.errors import Problem, ProblemsError

log = logging.getLogger(__name__)

PROBLEM_TABLE = ["file", "where", "found", "expected", "remedy", "set_aside"]


def refused(problems: Sequence[Problem]) -> pd.DataFrame:
    """The problems of a cohort that cannot be used: PROBLEM_TABLE with set_aside blank."""
    for problem in problems:
        log.error("%s", problem)
    rows = [(p.file, p.where, p.found, p.expected, p.remedy, "") for p in problems]
    return pd.DataFrame(rows, columns=PROBLEM_TABLE)


def count_set_aside(problems: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many problems of each cohort were set aside: cohort, problems.

    `problems` has each cohort's PROBLEM_TABLE, as its check wrote it. ProblemsError with every
    problem for which nothing was set aside, in all cohorts; repeats are told together.
    """
    tables = [table.fillna("") for table in problems.values()]
    refusals = [
        Problem(*(str(row[part]) for part in PROBLEM_TABLE[:-1]))
        for table in tables
        for row in table[table["set_aside"] == ""].to_dict("records")
    ]
    if refusals:
        raise ProblemsError(refusals, together=True)
    return pd.DataFrame({"cohort": list(problems), "problems": [len(table) for table in tables]})
