"""Writing a table for machines (CSV, fractions) and for readers (Markdown, LaTeX, HTML; per cent).

The module of each table decides which columns a reader sees and how; here are the number formats
and the writers.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sharpflow.files import atomic_write, write_table
from sharpflow.reporting.pages import table_html, write_page

MISSING = "–"
LIMB_NAMES = {"hand": "Hands", "foot": "Feet"}


def per_cent(value: float, digits: int = 1) -> str:
    """A fraction as per cent, "82.1"; a dash if it is missing."""
    return MISSING if pd.isna(value) else f"{100 * value:.{digits}f}"


def with_interval(
    value: float, low: float | None = None, high: float | None = None, digits: int = 1
) -> str:
    """A fraction and its interval as per cent, "82.1 (79.0–85.2)"; without bounds, the value."""
    text = per_cent(value, digits)
    if text == MISSING or low is None or high is None or pd.isna(low) or pd.isna(high):
        return text
    return f"{text} ({per_cent(low, digits)}–{per_cent(high, digits)})"


def interval_column(table: pd.DataFrame, name: str, digits: int = 1) -> list[str]:
    """`with_interval` of the columns name, name_low and name_high; the bounds may be missing."""
    nothing = pd.Series(float("nan"), index=table.index)
    bounds = (table.get(f"{name}_low", nothing), table.get(f"{name}_high", nothing))
    rows = zip(table[name], *bounds, strict=True)
    return [with_interval(value, low, high, digits) for value, low, high in rows]


def number(value: float | None, digits: int) -> str:
    """A number, "13.58"; a dash if it is missing."""
    return MISSING if value is None or pd.isna(value) else f"{value:.{digits}f}"


def number_with_interval(value: float, low: float, high: float, digits: int) -> str:
    """A number and its interval, "0.92 (0.90 to 0.94)"; "to", since bounds may be below 0."""
    text = number(value, digits)
    if text == MISSING or pd.isna(low) or pd.isna(high):
        return text
    return f"{text} ({number(low, digits)} to {number(high, digits)})"


def integers(values: "pd.Series[int] | Sequence[int]") -> list[str]:
    """Counts, "173"."""
    return [f"{int(value)}" for value in values]


def limb_names(table: pd.DataFrame) -> list[str]:
    """The body parts of column limb, "Hands" and "Feet"."""
    return [LIMB_NAMES.get(limb, limb) for limb in table["limb"]]


def check_columns(
    table: pd.DataFrame, columns: Sequence[str], fractions: Sequence[str] = ()
) -> pd.DataFrame:
    """Put the required columns first and check that fractions are fractions.

    Args:
        table: any table.
        columns: the required columns, in order.
        fractions: columns that must hold 0 to 1 or nothing.

    Returns:
        The table with the required columns first.

    Raises:
        ValueError: a required column is missing, or a fraction is outside [0, 1].
    """
    lacking = [name for name in columns if name not in table]
    if lacking:
        raise ValueError(
            f"the table lacks {', '.join(lacking)}; it has {', '.join(map(str, table))}"
        )
    for name in fractions:
        values = table[name].dropna()
        if not values.between(0, 1).all():
            raise ValueError(f"{name} must hold fractions of 0 to 1, found {values.max()}")
    return table[[*columns, *(name for name in table if name not in columns)]]


def publish(
    table: pd.DataFrame,
    folder: str | Path,
    name: str,
    *,
    shown: pd.DataFrame,
    caption: str,
    notes: Sequence[str],
) -> list[Path]:
    """Write folder/name.csv, .md, .tex and .html.

    Args:
        table: for machines, fractions; written as it is.
        folder: where the files go; made if it does not exist.
        name: file name without suffix; also the LaTeX label `tab:name`.
        shown: the same rows as a reader sees them, all text; columns have two levels if several
            share a heading.
        caption: one sentence, without a full stop at the end.
        notes: sentences below the table.

    Returns:
        The files.
    """
    paths = [Path(folder) / f"{name}{suffix}" for suffix in (".csv", ".md", ".tex", ".html")]
    write_table(table, paths[0])
    _write_text(paths[1], to_markdown(shown, caption=caption, notes=notes))
    _write_text(paths[2], to_latex(shown, name=name, caption=caption, notes=notes))
    write_page(paths[3], caption, table_html(shown, notes=notes))
    return paths


def to_markdown(shown: pd.DataFrame, *, caption: str, notes: Sequence[str]) -> str:
    """A Markdown page: caption, table, notes."""
    cells = shown.map(lambda text: str(text).replace("|", "\\|"))
    if cells.columns.nlevels == 2:
        cells.columns = pd.Index([": ".join(filter(None, heading)) for heading in cells.columns])
    # Text is left to right; every other column holds numbers.
    align = ("left", *("right" for _ in shown.columns[1:]))
    body = cells.to_markdown(index=False, disable_numparse=True, colalign=align)
    lines = "\n".join(f"- {note}" for note in notes)
    return f"**{caption}.**\n\n{body}\n\n{lines}\n"


def to_latex(shown: pd.DataFrame, *, name: str, caption: str, notes: Sequence[str]) -> str:
    """A LaTeX table environment; needs the package booktabs, and graphicx to fit the page."""
    escaped = shown.map(_escape_latex).rename(columns=_escape_latex)
    columns = "l" + "r" * (shown.shape[1] - 1)
    tabular = escaped.style.hide(axis="index").to_latex(
        hrules=True, column_format=columns, multicol_align="c"
    )
    below = " ".join(_escape_latex(note) for note in notes)
    return (
        "% needs \\usepackage{booktabs,graphicx}\n"
        "\\begin{table}\n"
        "\\centering\n"
        f"\\caption{{{_escape_latex(caption)}.}}\n"
        f"\\label{{tab:{name}}}\n"
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
        f"{tabular.strip()}}}\n\n"
        "\\smallskip\n"
        f"\\begin{{minipage}}{{\\linewidth}}\\footnotesize {below}\\end{{minipage}}\n"
        "\\end{table}\n"
    )


_LATEX = {
    "\\": r"\textbackslash{}",
    "±": r"$\pm$",
    "–": "--",
    "≥": r"$\geq$",
    "†": r"\dag{}",
    "×": r"$\times$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_LATEX_PATTERN = re.compile("|".join(map(re.escape, _LATEX)))


def _escape_latex(text: object) -> str:
    return _LATEX_PATTERN.sub(lambda found: _LATEX[found.group()], str(text))


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
