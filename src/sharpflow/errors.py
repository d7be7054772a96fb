"""Errors that a user can mend: what was wrong, where, what was expected, what to do."""

import re
from collections import Counter
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
    """A line for each problem, in order, but only the first three of many that differ by place,
    patient and numbers alone; the third says how many more there are.
    """
    kinds = [(_NAMES.sub("0", p.found), _NAMES.sub("0", p.expected)) for p in problems]
    counts, told = Counter(kinds), Counter[tuple[str, str]]()
    lines = []
    for problem, kind in zip(problems, kinds, strict=True):
        told[kind] += 1
        more = counts[kind] - _TOLD_SINGLY
        if told[kind] == _TOLD_SINGLY and more > 0:
            lines.append(f"{problem} (And {more} more of this kind.)")
        elif told[kind] <= _TOLD_SINGLY:
            lines.append(str(problem))
    return lines


class ProblemsError(UserError):
    """All problems of a cohort at once."""

    def __init__(self, problems: Sequence[Problem], *, together: bool = False) -> None:
        """Keep the problems and list them all in the message, repeats together if asked to."""
        self.problems = list(problems)
        told = in_groups(self.problems) if together else map(str, self.problems)
        lines = "\n".join(f"  {number}. {line}" for number, line in enumerate(told, 1))
        super().__init__(f"{len(self.problems)} problem(s) with the input:\n{lines}")
