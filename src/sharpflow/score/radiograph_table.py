"""The table in which a user says what radiographs are.

The workflow reads it while it is parsed: neither pandas nor what decodes images is imported.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.radiographs import ID, ID_RULE, same_path, visit_name
from sharpflow.errors import Problem, ProblemsError, first_of
from sharpflow.score.known import CODES, Known, Said
from sharpflow.score.source_files import real_path, shown, shown_name

_FILE = ("file", "image")  # the first of them that is there
_SAID = ("limb", "side", "patient", "visit")
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_SHOWN = 80  # signs of a wrong cell


@dataclass(frozen=True)
class Listed:
    """A row: the file as it stands there, and what it says."""

    path: Path
    said: Said


@dataclass(frozen=True)
class RadiographTable:
    """What a table says of radiographs.

    Attributes:
        rows: by the real path of the file.
        passed_over: columns that nothing reads.
    """

    rows: dict[str, Listed] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    def said_of(self, path: Path) -> Said:
        """What it says of a file; nothing of one that it does not list."""
        listed = self.rows.get(real_path(path))
        return listed.said if listed else Said()

    def warnings(self, name: Path, known: Sequence[Known]) -> list[str]:
        """What a user may have meant otherwise.

        Args:
            name: of the table.
            known: all radiographs of the call.
        """
        return [f"{shown(name)}: {text}" for text in self._doubts(known)]

    def _doubts(self, known: Sequence[Known]) -> list[str]:
        told = []
        if self.passed_over:
            read = "file (or image), limb, side, patient and visit"
            columns = first_of(self.passed_over)
            told.append(f"the columns {read} are read, others passed over: {columns}.")
        unlisted = [shown_name(one.path) for one in known if real_path(one.path) not in self.rows]
        if unlisted:
            told.append(
                f"it does not list {len(unlisted)} of the {len(known)} radiographs, which headers "
                f"and names alone tell of: {first_of(unlisted)}."
            )
        others = [
            f"{shown_name(one.path)} ({one.table.limb})"
            for one in known
            if one.table.limb and one.name.limb not in ("", one.table.limb)
        ]
        if others:
            told.append(f"it calls radiographs otherwise than their names: {first_of(others)}.")
        return told


def listed_files(table: Path) -> list[Path]:
    """The files that a table lists, by the names that it has for them; UserError if it is wrong."""
    return [listed.path for listed in read_table(table).rows.values()]


def read_table(path: Path) -> RadiographTable:
    """Read a table.

    Args:
        path: of a CSV with file (relative to it; or image) and, where known, limb (a code, or hand
            or foot with a side), side, patient, visit.

    Raises:
        UserError: all that is wrong with it.
    """
    what = "a list of radiographs: file and, where known, limb, side, patient, visit"
    table = read_rows(path, [], what, optional=[*_FILE, *_SAID])
    problems: list[Problem] = list(table.problems)
    file_column = next((name for name in _FILE if name in table.header), "")
    if not problems and not file_column:
        found = f"the columns {', '.join(table.header)[:200]}"
        problems.append(Problem(str(path), "", found, what, "Add the column file."))
    listed: dict[str, Listed] = {}
    for row in table.rows if not problems else ():
        wrong = [*_wrong_ids(path, row), *_wrong_limb(path, row)]
        file = row.values[file_column]
        there = same_path(path.parent / file)
        real = real_path(there)
        why = _why_no_file(there)
        if why is not None:
            expected = (
                f"a file that is there, seen from the table's folder {path.parent.absolute()}"
            )
            wrong.append(_in_row(path, row, file_column, file, expected, why=why))
        elif real in listed:
            wrong.append(_in_row(path, row, file_column, file, "each file once"))
        if wrong:
            problems += wrong
            continue
        visit = row.values.get("visit", "")
        patient = row.values.get("patient", "")
        said = Said(_limb_of(row), patient, visit_name(visit) if visit else "")
        listed[real] = Listed(there, said)
    if problems:
        raise ProblemsError(problems, together=True)
    read = ("", file_column, *_SAID)
    passed_over = [name for name in table.header if name not in read]
    return RadiographTable(listed, passed_over)


def _why_no_file(path: Path) -> str | None:
    """Why nothing can be at a path, if the system says it; None where there is a file.

    Empty where nothing is there, or a folder. A link to nothing is a file: it is refused when read.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    except OSError as error:  # a name that is too long, a folder that one may not enter
        return error.strerror or type(error).__name__
    return "" if os.path.isdir(path) else None  # noqa: PTH112 - no error where it leads to a lock


def _limb_of(row: Row) -> str:
    """The code that a row says: a code alone, or hand or foot with a side; empty where neither."""
    limb = row.values.get("limb", "").upper()
    side = _SIDES.get(row.values.get("side", "").lower(), "")
    if limb in CODES:
        return limb
    pairs = ((code, one.body_part.upper(), one.side) for code, one in LIMBS.items())
    return next((code for code, part, own in pairs if (part, own) == (limb, side)), "")


def _wrong_limb(path: Path, row: Row) -> list[Problem]:
    limb, side = row.values.get("limb", ""), row.values.get("side", "")
    code = _limb_of(row)
    own = LIMBS[code].side if code in LIMBS else ""
    is_right = not (limb or side) if not code else not side or _SIDES.get(side.lower()) == own
    if is_right:
        return []
    expected = f"one of {', '.join(CODES)}, or hand or foot with the side left or right"
    return [_in_row(path, row, "limb", f"{limb} {side}".strip(), expected)]


def _wrong_ids(path: Path, row: Row) -> list[Problem]:
    return [
        _in_row(path, row, column, text, ID_RULE)
        for column in ("patient", "visit")
        if (text := row.values.get(column, "")) and not ID.fullmatch(text)
    ]


def _in_row(
    path: Path, row: Row, column: str, text: str, expected: str, *, why: str = ""
) -> Problem:
    found = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...") if text else "nothing"
    found += f" ({why})" if why else ""
    return Problem(
        str(path), f"row {row.number}, column {column}", found, expected, "Correct the row."
    )
