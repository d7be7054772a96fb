"""How two runs compare, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.workflow.compare.provenance import KEPT, Brief, differences, read_brief
from sharpflow.workflow.compare.tables import Cell, TableDifference, compare_tables

LISTED = 8  # values of a table, unless all are asked for
SCORES = "scores/"  # a row each joint or patient: counted, not listed
COMMAND = "PYTHONPATH=src .uv/bin/uv run python -m sharpflow.workflow.compare"


@dataclass(frozen=True)
class Compared:
    """Two runs: their folders, their tables, and what made these."""

    folders: tuple[Path, Path]
    tables: list[TableDifference]
    briefs: tuple[Brief | None, Brief | None]

    @property
    def differs(self) -> bool:
        """Whether any table differs, or only one run has it."""
        return any(table.differs for table in self.tables)

    def provenance(self) -> dict[str, list[str]]:
        """What differs in settings, code, data, machine and packages, as far as both say."""
        first, second = self.briefs
        return differences(first, second) if first and second else {}


def compare(first: str | Path, second: str | Path) -> Compared:
    """Compare two folders of results.

    Args:
        first: of one run.
        second: of another one, or of reference tables, which have no scores.

    Raises:
        UserError: a folder, its tables, or what made them cannot be read.
    """
    roots = Path(first), Path(second)
    for root in roots:
        if not list((root / "tables").glob("*.csv")):
            raise UserError(
                f"{root}: found no tables (tables/*.csv); expected a folder of results, such as "
                "results/demo. Make its tables first: snakemake tables …"
            )
    try:
        reference = any((root / KEPT).is_file() for root in roots)
        tables = compare_tables(*roots, ("tables",) if reference else ("tables", "scores"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"a table cannot be read: {error}") from None
    return Compared(roots, tables, (read_brief(roots[0]), read_brief(roots[1])))


def report(compared: Compared, *, every: bool = False) -> str:
    """All that differs, for the terminal; `every`: all values, not only the largest."""
    lines = [
        f"first:  {compared.folders[0]}{_made_on(compared.briefs[0])}",
        f"second: {compared.folders[1]}{_made_on(compared.briefs[1])}",
        "",
        *_counted(compared.tables),
    ]
    for table in compared.tables:
        if table.differs and table.only_in is None:
            lines += ["", *_table(table, every=every)]
    lines += ["", *_provenance(compared)]
    return "\n".join(lines)


def in_short(compared: Compared) -> str:
    """A few lines for the end of a run: the first folder is this run, the second the reference."""
    here = [table for table in compared.tables if table.only_in != 1]
    differing = [table for table in here if table.differs]
    brief = compared.briefs[1]
    made = f" (made on {', '.join(brief['processors'])})" if brief else ""
    lines = [
        f"Compared with the reference tables{made}: {len(here) - len(differing)} of {len(here)} "
        "tables are equal."
    ]
    if differing:
        names = ", ".join(Path(table.name).stem for table in differing)
        lines.append(f"Differ: {names}.{_outside(differing, before=' ')}")
        # Another commit alone is no difference: its code is the same.
        other = [kind for kind in compared.provenance() if kind != "commit"]
        lines.append(
            f"Also different: {', '.join(other)}."
            if other
            else "Settings, code, data and processor are the same."
        )
        lines.append(f"In full: {COMMAND} {compared.folders[0]} {compared.folders[1]}")
    return "\n".join(lines)


def _made_on(brief: Brief | None) -> str:
    if brief is None:
        return "  (without provenance/index.json)"
    return f"  ({', '.join([*brief['commits'], *brief['processors'], *brief['gpus']])})"


def _counted(tables: Sequence[TableDifference]) -> list[str]:
    equal = [table.name for table in tables if not table.differs]
    lines = [f"{len(equal)} of {len(tables)} tables are equal" + _after(": ", equal)]
    for number, which in enumerate(("first", "second")):
        alone = [table.name for table in tables if table.only_in == number]
        if alone:
            lines.append(f"only in the {which}: {', '.join(alone)}")
    return lines


def _table(table: TableDifference, *, every: bool) -> list[str]:
    listed = 0 if table.name.startswith(SCORES) else LISTED
    shown = table.cells if every else table.cells[:listed]
    hint = ", which --all shows" if table.cells and not shown else ""
    lines = [f"{table.name}: {_counted_values(table)}{hint}{_outside([table], before='. ')}"]
    for number, which in enumerate(("first", "second")):
        lines += [f"  rows only in the {which}: {_few(table.only[number])}"] * bool(
            table.only[number]
        )
        lines += [f"  columns only in the {which}: {_few(table.columns[number])}"] * bool(
            table.columns[number]
        )
    lines += _aligned([_words(cell) for cell in shown])
    if shown and (more := len(table.cells) - len(shown)):
        lines.append(f"  and {more} more, which --all shows")
    return lines


def _counted_values(table: TableDifference) -> str:
    if not table.values:
        return "no row is in both" if any(table.only) else "no column is in both"
    if not table.cells and not table.attached:
        return f"all {table.values} values that are in both are equal"
    attached = f", and {table.attached} bounds or values over seeds" if table.attached else ""
    return f"{len(table.cells)} of {table.values} values differ{attached}"


def _words(cell: Cell) -> list[str]:
    first, second = cell.values
    difference = cell.difference
    words = [cell.row, cell.column, _short(first), "->", _short(second)]
    if difference is None:
        return words
    words.append(f"{difference:+.3g}")
    if cell.outside is not None:
        words.append("outside an interval" if cell.outside else "inside the intervals")
    if cell.seed_sd:
        words.append(f"{abs(difference) / cell.seed_sd:.1f} seed SD")
    return words


def _outside(tables: Iterable[TableDifference], before: str) -> str:
    """How many values lie outside the other run's interval; empty where none has an interval."""
    found = [cell.outside for table in tables for cell in table.cells if cell.outside is not None]
    if not found:
        return ""
    return (
        f"{before}{sum(found)} of {len(found)} values with an interval lie outside the other run's."
    )


def _provenance(compared: Compared) -> list[str]:
    lacking = [
        f"{folder}: no provenance/index.json, so that settings, code and machine cannot be compared"
        for folder, brief in zip(compared.folders, compared.briefs, strict=True)
        if brief is None
    ]
    if lacking:
        return lacking
    found = compared.provenance()
    if not found:
        return ["Settings, code, data, processor and packages are the same."]
    lines = ["What made them differs (first | second):"]
    for kind, differing in found.items():
        lines += [f"  {kind}", *(f"    {line}" for line in differing)]
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    longest = max(map(len, rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(longest)]
    return [
        (
            "  " + "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=False))
        ).rstrip()
        for row in rows
    ]


def _short(text: str) -> str:
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text or "blank"


def _few(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return "; ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _after(sign: str, names: Sequence[str]) -> str:
    return sign + ", ".join(names) if names else ""
