"""Errors that a user can mend: what was wrong, where, what was expected, what to do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOLD_SINGLY = 3
_NAMES = re.compile(r"(?<=patient )[^\s,]+|\d+(\.\d+)?")


class UserError(Exception):
    """Something in the input or the settings is wrong; the message says what to do."""


def in_short(error: Exception) -> str:
    """An error in some words, for a message; its kind, where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def first_of(names: Sequence[str], shown: int = 3) -> str:
    """Names for a message: the first, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a cohort."""

    file: str  # path as the user gave it
    where: str  # row, column, key or box; empty when it is the whole file
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        """One line for a log."""
        place = f"{self.file}, {self.where}" if self.where else self.file
        return f"{place}: found {self.found}; expected {self.expected}. {self.remedy}"


def in_groups(problems: Sequence[Problem]) -> list[str]:
    """A line for each problem, but only the first three of many that differ by place, patient and
    numbers alone, with how many there are.
    """
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        kind = (_NAMES.sub("0", problem.found), _NAMES.sub("0", problem.expected))
        groups.setdefault(kind, []).append(problem)
    lines: list[str] = []
    for group in groups.values():
        lines += map(str, group[:_TOLD_SINGLY])
        if len(group) > _TOLD_SINGLY:
            lines[-1] += f" (And {len(group) - _TOLD_SINGLY} more of this kind.)"
    return lines


class ProblemsError(UserError):
    """All problems of a cohort at once."""

    def __init__(self, problems: Sequence[Problem], *, together: bool = False) -> None:
        """Keep the problems and list them all in the message, repeats together if asked to."""
        self.problems = list(problems)
        told = in_groups(self.problems) if together else map(str, self.problems)
        lines = "\n".join(f"  {number}. {line}" for number, line in enumerate(told, 1))
        super().__init__(f"{len(self.problems)} problem(s) with the input:\n{lines}")
