"""What a run says at its end of what its checks found: how much, and which files list it."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path


def problems_in_short(lists: Iterable[str | Path]) -> str:
    """How many problems stop the run, and where they are listed; empty where none does.

    `lists`: problems.csv of each cohort, which may not exist.
    """
    counts = {path: sum(not row["set_aside"] for row in rows) for path, rows in _read(lists)}
    found = {path: count for path, count in counts.items() if count}
    if not found:
        return ""
    total = sum(found.values())
    are = "they are" if total > 1 else "it is"
    return (
        f"{total} problem{'s' * (total != 1)} with the input stopped this run; {are} listed "
        f"above, and in {', '.join(found)}. docs/how-to/fix_problems.md says what to do."
    )


def findings_in_short(
    problems: Iterable[str | Path], warnings: Iterable[str | Path]
) -> Iterator[str]:
    """How much was set aside, and how many warnings there are: a line for each list that has some.

    A check that is not made again says nothing, so that a later run would be silent.

    Args:
        problems: problems.csv of each cohort, which may not exist.
        warnings: warnings.csv, likewise.
    """
    for path, rows in _read(problems):
        if count := sum(bool(row["set_aside"]) for row in rows):
            yield said_of_set_aside(path, count)
    for path, rows in _read(warnings):
        if rows:
            yield said_of_warnings(path, len(rows))


def said_of_set_aside(path: str, count: int) -> str:
    """What is said of a list of problems, of which `count` stop nothing."""
    words = "1 problem was" if count == 1 else f"{count} problems were"
    return f"{words} set aside: {path} lists what was left out."


def said_of_warnings(path: str, count: int) -> str:
    """What is said of a list of warnings, beside which lies their contact sheet."""
    words = "1 warning" if count == 1 else f"{count} warnings"
    return f"{words}: see {path} and {Path(path).with_suffix('.png')}"


def _read(lists: Iterable[str | Path]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The rows of each list that exists."""
    for path in map(Path, lists):
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as lines:
                yield str(path), list(csv.DictReader(lines))
