"""Errors that a user can mend: what was wrong, where, what was expected, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass


class UserError(Exception):
    """Something in the input or the settings is wrong; the message says what to do."""


def in_short(error: Exception) -> str:
    """An error in some words, for a message; its kind, where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


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


class ProblemsError(UserError):
    """All problems of a cohort at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems and list them all in the message."""
        self.problems = list(problems)
        lines = "\n".join(f"  {number}. {p}" for number, p in enumerate(self.problems, 1))
        super().__init__(f"{len(self.problems)} problem(s) with the input:\n{lines}")
