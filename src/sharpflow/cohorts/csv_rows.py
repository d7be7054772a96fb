"""Rows of a CSV that a person made, with all that is wrong with the file itself.

Every table that people bring is read here, so that all forgive the same: encodings, separators,
blanks and capitals in the header, empty columns and rows. Only the standard library is used: the
workflow reads the list of radiographs while it is parsed.
"""

import csv
import difflib
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.table_kinds import TableKind, other_kind
from sharpflow.cohorts.text import read_text
from sharpflow.errors import first_of, in_short

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_TOLD = re.compile(r"sep=([^\r\n\"])\s*", re.IGNORECASE)  # a first line that spreadsheets write
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_NAMED_SINGLY = 3  # missing columns that resemble none; more are told together
_MISSPELT = 0.8  # of difflib: "vist" and "patient_id" are, "visit_date" and "image_id" are not

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet or editor counts it, and its values by column."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True)
class Rows:
    """The rows of a file, what was found wrong with it, and its header, rows or not."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    header: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Grid:
    """The fields of a file, as one separator divides them; rows without any text are left out."""

    separator: str
    lines: list[tuple[int, list[str]]]

    @property
    def header_row(self) -> str:
        """Where the header stands, in words."""
        return f"row {self.lines[0][0] if self.lines else 1}"

    @property
    def header(self) -> list[str]:
        """The names of the columns, without blanks around them or empty ones at the end."""
        names = [" ".join(name.split()) for name in self.lines[0][1]] if self.lines else []
        return _without_empty_end(names)

    def known(self, asked: Sequence[str]) -> int:
        """How many of the columns it has."""
        here = {name.casefold() for name in self.header}
        return sum(name.casefold() in here for name in asked)


def read_rows(
    path: Path,
    required: Sequence[str],
    what: str,
    named_in: str = "",
    *,
    optional: Sequence[str] = (),
    known: Sequence[str] = (),
    may_be_empty: bool = False,
    partial: bool = False,
) -> Rows:
    """Read a table by column name; values lose blanks around them.

    Its text is UTF-8, UTF-16 or Windows-1252 (`read_text`), its separator a comma, a semicolon or a
    tab. Capitals and blanks in the header do not count, nor do empty columns at the end.

    Args:
        path: of the file.
        required: columns that it must have; each missing one is a problem that names the nearest
            column found, and there are no rows then. Where the columns are those of another kind
            of table, that is the only problem, and there are no rows.
        what: which table was expected, for messages.
        named_in: which key of the config names the columns, if one does.
        optional: columns that it may have. A column that none asks for, with nearly the name of a
            missing one, is a problem: what it says would be passed over.
        known: columns that it may have, which others look for where they are missing.
        may_be_empty: whether it may have no rows.
        partial: whether rows are given too where columns are missing or doubled, or numbers have
            decimal commas, for who looks for all that is wrong: without the missing columns, the
            last of the doubled ones, and with decimal points.

    Returns:
        The rows, by the columns' names as they are asked for, others as they stand; and the
        problems. Rows with too few or too many fields are problems and left out.
    """
    try:
        asked = [*required, *optional, *known]
        grid = _read_grid(path, asked)
    except (OSError, ValueError, csv.Error) as error:
        remedy = "Correct the path, or save the table as comma-separated UTF-8."
        found = f"a file that cannot be read ({in_short(error)})"
        return Rows(problems=[Finding(str(path), "", found, what, remedy)])
    header = _asked_names(grid.header, asked)
    missing = [name for name in required if name not in header]
    kind = missing and other_kind(
        header, required, [*optional, *known], named_by_user=bool(named_in)
    )
    if kind:
        return Rows(
            problems=[_mistaken(path, header, kind, what, row=grid.header_row)], header=header
        )
    problems = _header_problems(path, header, required, what, named_in, row=grid.header_row)
    if not missing:
        problems += _misspelt(path, header, asked, optional, what, row=grid.header_row)
    has_points = grid.separator == "," or not header
    if not has_points:
        problems += _decimal_commas(path, grid, header, required)
    if header and len(grid.lines) < 2 and not may_be_empty:
        remedy = "Export the table again."
        expected = f"{what}, a row for each image or patient"
        problems.append(Finding(str(path), "", "no rows below the header", expected, remedy))
    if problems and not partial:
        return Rows(problems=problems, header=header)
    rows = []
    for number, fields in grid.lines[1:]:
        cells = [*fields[: len(header)], *_without_empty_end(fields[len(header) :])]
        if len(cells) == len(header):
            values = dict(zip(header, (text.strip() for text in cells), strict=True))
            if not has_points:
                values |= {
                    name: values[name].replace(",", ".")
                    for name in required
                    if _DECIMAL_COMMA.fullmatch(values.get(name, ""))
                }
            rows.append(Row(number, values))
        else:
            problems.append(
                Finding(
                    str(path),
                    f"row {number}",
                    f"{len(cells)} fields",
                    f"{len(header)}, as in the header",
                    f"Correct the row: {_one(grid.separator)} is missing, or is there too often.",
                    Scope.ENTRY,
                    f"row {number}",
                )
            )
    return Rows(rows, problems, header)


def _one(separator: str) -> str:
    return f"a {SEPARATORS.get(separator, 'separators')[:-1]}"


def _without_empty_end(fields: list[str]) -> list[str]:
    end = len(fields)
    while end and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def _read_grid(path: Path, asked: Sequence[str]) -> _Grid:
    """A file's fields, by the separator that finds most of the columns that are asked for."""
    text = read_text(path)
    first = text.partition("\n")[0]
    told = _TOLD.fullmatch(first)  # unstripped: the separator may be a tab
    if told:
        lines = _numbered(text[len(first) + 1 :], told[1])
        return _Grid(told[1], [(number + 1, fields) for number, fields in lines])
    grids = []
    failed: Exception | None = None
    for separator in SEPARATORS:
        if separator == "," or separator in text:
            try:
                grids.append(_Grid(separator, _numbered(text, separator)))
            except csv.Error as error:  # quotes may be right by another separator
                failed = failed or error
    if not grids and failed:
        raise failed
    best = max(grids, key=lambda grid: grid.known(asked))
    if failed and not best.known(asked):
        raise failed
    return best


def _numbered(text: str, separator: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]
    except csv.Error as error:
        raise csv.Error(f"row {reader.line_num}: {error}") from error


def _asked_names(header: list[str], asked: Sequence[str]) -> list[str]:
    """The header, columns that differ from what is asked for by case alone under that name."""
    by_case: dict[str, str] = {}
    for name in asked:
        if name not in header:
            by_case.setdefault(" ".join(name.split()).casefold(), name)
    return [by_case.get(name.casefold(), name) for name in header]


def _header_problems(
    path: Path, header: list[str], required: Sequence[str], what: str, named_in: str, *, row: str
) -> list[Finding]:
    if not header:
        return [Finding(str(path), "", "an empty file", what, "Export the table again.")]
    problems = [
        Finding(
            str(path),
            f"{row}, column {name}",
            f"this column {count} times",
            "each column once",
            "Delete or rename the wrong one.",
        )
        for name, count in Counter(header).items()
        if count > 1 and name
    ]
    spare = [name for name in header if name and name not in required]
    missing = [name for name in required if name not in header]
    near = {name: difflib.get_close_matches(name, spare, n=1) for name in missing}
    alone = [name for name in missing if not near[name]]
    together = len(alone) > _NAMED_SINGLY
    problems += [
        Finding(
            str(path),
            f"{row}, column {name}",
            f"no such column{f', but {near[name][0]}' if near[name] else ''}",
            what,
            _column_remedy(name, near[name], spare, named_in),
        )
        for name in missing
        if near[name] or not together
    ]
    if together:
        problems.append(_columns_together(path, header, alone, what, named_in, row=row))
    return problems


def _misspelt(
    path: Path,
    header: list[str],
    asked: Sequence[str],
    optional: Sequence[str],
    what: str,
    *,
    row: str,
) -> list[Finding]:
    spare = {name.casefold(): name for name in header if name and name not in asked}
    near = {
        name: difflib.get_close_matches(name.casefold(), spare, n=1, cutoff=_MISSPELT)
        for name in optional
        if name not in header
    }
    return [
        Finding(
            str(path),
            f"{row}, column {name}",
            f"no such column, but {spare[found[0]]}",
            what,
            f"Rename {spare[found[0]]} to {name} or, if it says something else, to a name that is "
            "less like it.",
        )
        for name, found in near.items()
        if found
    ]


def _mistaken(path: Path, header: list[str], kind: TableKind, what: str, *, row: str) -> Finding:
    """The one problem of a table that has the columns of another kind."""
    return Finding(
        str(path),
        row,
        f"the columns {first_of(kind.found(header))}: this table looks like {kind.name}",
        what,
        "Name the right table in the config: perhaps two are swapped.",
    )


def _columns_together(
    path: Path, header: list[str], missing: list[str], what: str, named_in: str, *, row: str
) -> Finding:
    names = ", ".join(missing[:_NAMED_SINGLY])
    remedy = "Export the table with these columns, or correct the path."
    if named_in:
        remedy = f"Correct {named_in} in the config, or the table."
    return Finding(
        str(path),
        row,
        f"no columns {names} and {len(missing) - _NAMED_SINGLY} more; the columns are "
        f"{', '.join(map(repr, header[:_NAMED_SINGLY]))}{' …' * (len(header) > _NAMED_SINGLY)}",
        f"{what}, separated by commas, semicolons or tabs",
        remedy,
    )


def _column_remedy(name: str, near: list[str], spare: list[str], named_in: str) -> str:
    add = f"Rename {near[0]} to {name}." if near else f"Add the column {name}."
    if not named_in:
        return add
    others = f" (the table also has {', '.join(spare)})" if spare else ""
    return f"Correct {named_in} in the config{others}, or the table: {add}"


def _decimal_commas(
    path: Path, grid: _Grid, header: list[str], required: Sequence[str]
) -> list[Finding]:
    """One problem if numbers have decimal commas, as where such separators are the custom."""
    places = [
        (number, header[column], text.strip())
        for number, fields in grid.lines[1:]
        for column, text in enumerate(fields[: len(header)])
        if header[column] in required and _DECIMAL_COMMA.fullmatch(text.strip())
    ]
    if not places:
        return []
    row, name, text = places[0]
    return [
        Finding(
            str(path),
            f"row {row}, column {name}",
            f"{text}, a decimal comma, in {len(places)} fields",
            "decimal points",
            f"Export the table, which {SEPARATORS.get(grid.separator, 'others')} separate, with "
            "decimal points.",
        )
    ]
