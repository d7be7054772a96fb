"""Reads the tables of published numbers; standard library only, as the Snakefile uses it too."""

import csv
from pathlib import Path


def rows_beside(module: str) -> list[dict[str, str]]:
    """The rows of the CSV that lies beside a module and has its name.

    Args:
        module: the module's `__file__`.

    Returns:
        Column -> text for each row, in the file's order.
    """
    with Path(module).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers_beside(module: str) -> dict[str, dict[str, float]]:
    """The single numbers of the CSV beside a module.

    Its columns are paper, place (section or table), number (its name), of (what it is of; blank
    where the name says all), value (seconds, counts, fractions) and printed (the paper's words).

    Args:
        module: the module's `__file__`.

    Returns:
        Name -> what it is of -> value, in the file's order.
    """
    numbers: dict[str, dict[str, float]] = {}
    for row in rows_beside(module):
        numbers.setdefault(row["number"], {})[row["of"]] = float(row["value"])
    return numbers
