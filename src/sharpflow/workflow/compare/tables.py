"""Which tables of two runs differ, and by how much against their intervals and seeds.

Read as text by the csv module: the end of a run compares too, and must not load pandas for it.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, str]
# Columns that belong to another one.
OF_ANOTHER = ("_low", "_high", "_seed_mean", "_seed_sd")
DATA = "data"  # the cohort's name; it never tells rows apart


@dataclass(frozen=True)
class Cell:
    """A value that differs.

    Attributes:
        row: what names the row, such as "hand, template".
        column: the table's.
        values: in the first and in the second run, as the tables have them.
        intervals: 95% intervals of both, None where the table gives none.
        seed_sd: the larger of both standard deviations over seeds, None where there is none.
    """

    row: str
    column: str
    values: tuple[str, str]
    intervals: tuple[tuple[float, float] | None, tuple[float, float] | None] = (None, None)
    seed_sd: float | None = None

    @property
    def difference(self) -> float | None:
        """The second value less the first; None if one is no number."""
        first, second = map(_number, self.values)
        return None if first is None or second is None else second - first

    @property
    def outside(self) -> bool | None:
        """Whether a value lies outside the other run's interval; None without intervals."""
        first, second = map(_number, self.values)
        pairs = ((first, self.intervals[1]), (second, self.intervals[0]))
        known = [
            not low <= value <= high
            for value, (low, high) in (
                (value, interval) for value, interval in pairs if interval and value is not None
            )
        ]
        return any(known) if known else None

    @property
    def place(self) -> tuple[int, float]:
        """To sort by: numbers, largest difference first, then words, then what one run lacks."""
        difference = self.difference
        if difference is None:
            return (1 if all(self.values) else 2), 0.0
        widths = [high - low for low, high in filter(None, self.intervals)]
        unit = max(widths, default=0.0) / 2 or max(abs(_number(v) or 0) for v in self.values) or 1
        return 0, -abs(difference) / unit


@dataclass(frozen=True)
class TableDifference:
    """How one table of two runs differs."""

    name: str  # relative to the folders of results
    values: int = 0  # compared
    cells: list[Cell] = field(default_factory=list)  # that differ
    attached: int = 0  # bounds and values over seeds that differ, beside those cells
    only: tuple[list[str], list[str]] = ((), ())  # type: ignore[assignment]  # rows of one alone
    columns: tuple[list[str], list[str]] = ((), ())  # type: ignore[assignment]
    only_in: int | None = None  # 0 or 1: the run that alone has the table

    @property
    def differs(self) -> bool:
        """Whether the table is another one in the second run."""
        lists = (*self.only, *self.columns)
        return self.only_in is not None or bool(self.cells or self.attached or any(lists))


def compare_tables(
    first: str | Path, second: str | Path, folders: Sequence[str] = ("tables", "scores")
) -> list[TableDifference]:
    """Compare all CSV files of some folders of two runs' results, by their names.

    Times are never the same, so `timing` is not among the folders.
    """
    roots = Path(first), Path(second)
    names = sorted(
        {
            path.relative_to(root).as_posix()
            for root in roots
            for folder in folders
            for path in (root / folder).rglob("*.csv")
        }
    )
    return [_compare(name, roots[0] / name, roots[1] / name) for name in names]


def _compare(name: str, first: Path, second: Path) -> TableDifference:
    if not (first.is_file() and second.is_file()):
        return TableDifference(name, only_in=0 if first.is_file() else 1)
    tables = _read(first), _read(second)
    columns = [list(rows[0]) if rows else [] for rows in tables]
    shared = [column for column in columns[0] if column in columns[1] and column]
    key = _key(shared, tables)
    by_name = [_by_name(rows, key) for rows in tables]
    values, attached, cells = 0, 0, []
    for row in by_name[0].keys() & by_name[1].keys():
        one, other = by_name[0][row], by_name[1][row]
        values += len(shared)
        for column in shared:
            if _same(one[column], other[column]):
                continue
            if column.endswith(OF_ANOTHER):
                attached += 1
            else:
                cells.append(_cell(row, column, one, other))
    missing = [sorted(set(mine) - set(theirs)) for mine, theirs in (by_name, by_name[::-1])]
    return TableDifference(
        name,
        values,
        sorted(cells, key=lambda cell: (cell.place, cell.row, cell.column)),
        attached,
        (missing[0], missing[1]),
        (
            [column for column in columns[0] if column not in columns[1] and tables[1]],
            [column for column in columns[1] if column not in columns[0] and tables[0]],
        ),
    )


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, restval=""))


def _key(columns: Sequence[str], tables: Iterable[Sequence[Row]]) -> list[str]:
    """The fewest first columns that tell all rows apart; none if all together do not."""
    usable = [column for column in columns if column != DATA]
    for number in range(1, len(usable) + 1):
        key = usable[:number]
        if all(len({_name(row, key) for row in rows}) == len(rows) for rows in tables):
            return key
    return []


def _by_name(rows: Iterable[Row], key: Sequence[str]) -> dict[str, Row]:
    if not key:
        return {f"row {number}": row for number, row in enumerate(rows, 1)}
    return {_name(row, key): row for row in rows}


def _name(row: Row, key: Sequence[str]) -> str:
    return ", ".join(row[column] for column in key)


def _cell(row: str, column: str, one: Row, other: Row) -> Cell:
    deviations = [_number(each.get(f"{column}_seed_sd")) for each in (one, other)]
    return Cell(
        row,
        column,
        (one[column], other[column]),
        (_interval(one, column), _interval(other, column)),
        max((sd for sd in deviations if sd), default=None),
    )


def _interval(row: Row, column: str) -> tuple[float, float] | None:
    low, high = (_number(row.get(f"{column}{end}")) for end in ("_low", "_high"))
    return None if low is None or high is None else (low, high)


def _same(one: str, other: str) -> bool:
    return one == other or (_number(one) is not None and _number(one) == _number(other))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
