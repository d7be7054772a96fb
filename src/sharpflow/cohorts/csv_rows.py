"""Rows of a CSV that a person made, with all that is wrong with the file itself.

Only the standard library is used: the workflow reads the list of radiographs while it is parsed.
"""

import csv
import difflib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sharpflow.cohorts.findings import Finding, Scope


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet or editor counts it, and its values by column."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True)
class Rows:
    """The rows of a file and what was found wrong with it."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)


def read_rows(path: Path, required: Sequence[str], what: str, named_in: str = "") -> Rows:
    """Read a comma-separated UTF-8 file by column name; values lose blanks around them.

    Args:
        path: of the file.
        required: columns that it must have; without one of them there are no rows, and each missing
            column is a problem that names the nearest column found.
        what: which table was expected, for messages.
        named_in: which key of the config names the columns, if one does.

    Returns:
        The rows, and the problems. Rows with too few or too many fields are problems and left out.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = list(_numbered(text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return Rows(
            problems=[
                Finding(
                    str(path),
                    "",
                    f"a file that cannot be read ({error})",
                    what,
                    "Correct the path, or save the table as comma-separated UTF-8.",
                )
            ]
        )
    header = [name.strip() for name in lines[0][1]] if lines else []
    problems = _header_problems(path, header, required, what, named_in)
    if problems:
        return Rows(problems=problems)
    rows = []
    for number, fields in lines[1:]:
        if len(fields) == len(header):
            values = dict(zip(header, (text.strip() for text in fields), strict=True))
            rows.append(Row(number, values))
        else:
            problems.append(
                Finding(
                    str(path),
                    f"row {number}",
                    f"{len(fields)} fields",
                    f"{len(header)}, as in the header",
                    "Correct the row: a comma is missing, or there is one too many.",
                    Scope.ENTRY,
                    f"row {number}",
                )
            )
    return Rows(rows, problems)


def _numbered(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    return [(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]


def _header_problems(
    path: Path, header: list[str], required: Sequence[str], what: str, named_in: str
) -> list[Finding]:
    if not header:
        return [Finding(str(path), "", "an empty file", what, "Export the table again.")]
    problems = [
        Finding(
            str(path),
            f"row 1, column {name}",
            f"this column {count} times",
            "each column once",
            "Delete or rename the wrong one.",
        )
        for name, count in Counter(header).items()
        if count > 1 and name
    ]
    spare = [name for name in header if name not in required]
    for name in required:
        if name not in header:
            near = difflib.get_close_matches(name, spare, n=1)
            problems.append(
                Finding(
                    str(path),
                    f"row 1, column {name}",
                    f"no such column{f', but {near[0]}' if near else ''}",
                    what,
                    _column_remedy(name, near, spare, named_in),
                )
            )
    return problems


def _column_remedy(name: str, near: list[str], spare: list[str], named_in: str) -> str:
    add = f"Rename {near[0]} to {name}." if near else f"Add the column {name}."
    if not named_in:
        return add
    others = f" (the table also has {', '.join(filter(None, spare))})" if any(spare) else ""
    return f"Correct {named_in} in the config{others}, or the table: {add}"
