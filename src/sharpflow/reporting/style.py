"""One style for all figures, and atomic writes that give the same bytes for the same figure.

Sizes are those of a journal: one column is 3.5 inches wide, two are 7.2, text is 6 to 8 points.
Colours are seaborn's "colorblind" palette. The font comes with matplotlib, so that a figure is the
same on every machine.
"""

import logging
from collections.abc import Callable, Sequence
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.patheffects as effects
import seaborn as sns
from matplotlib.figure import Figure
from PIL import Image

from sharpflow.anatomy import Damage
from sharpflow.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

# They log each glyph of a PDF, and scores that are categories on purpose.
for _logger in ("fontTools", "matplotlib.category"):
    logging.getLogger(_logger).setLevel(logging.WARNING)

P = ParamSpec("P")
R = TypeVar("R")

COLUMN = 3.5  # inches
TWO_COLUMNS = 7.2  # inches
DOTS_PER_INCH = 300
_NO_PDF_DATES: dict[str, Any] = {"Creator": None, "Producer": None, "CreationDate": None}
PAD = 0.03  # inches round a panel
NOTE_HEIGHT = 0.16  # inches kept free at the bottom for the note on the data

PALETTE: tuple[str, ...] = tuple(sns.color_palette("colorblind").as_hex())
DAMAGE_COLOURS: dict[Damage, str] = {Damage.EROSION: PALETTE[3], Damage.NARROWING: PALETTE[0]}
# By detector class: PIP joints, and MCP or MTP joints. Light, to be visible on radiographs.
CLASS_COLOURS: dict[str, str] = {"PIP": "#56b4e9", "MCP": "#ffb000", "MTP": "#ffb000"}

_STYLE: Any = {
    **sns.axes_style("ticks"),
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "figure.titlesize": 8,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "ytick.minor.width": 0.4,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.interpolation": "antialiased",
    "savefig.dpi": DOTS_PER_INCH,
    "pdf.fonttype": 42,  # text stays text in an editor
    "pdf.compression": 6,
}


def in_journal_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in the journal's style, whatever the caller's settings are."""

    @wraps(draw)
    def draw_in_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return draw_in_style


def new_figure(width: float, height: float, *, note: str, layout: str = "constrained") -> Figure:
    """A figure of `width` x `height` inches with a note on the data in its lower right corner.

    Args:
        width: inches, `COLUMN` or `TWO_COLUMNS`.
        height: inches, the note's line included.
        layout: matplotlib's layout engine; "compressed" for panels of a fixed aspect.
        note: the note, for instance "Data: phantom (synthetic radiographs)".

    Returns:
        The figure.
    """
    figure = Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]
    line = NOTE_HEIGHT / height
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, line, 1, 1 - line), w_pad=PAD, h_pad=PAD)  # type: ignore[call-arg]
    figure.text(
        1 - 0.04 / width,
        0.03 / height,
        note,
        ha="right",
        va="bottom",
        fontsize=6,
        color="0.35",
        parse_math=False,  # a cohort's name may have dollars
    )
    return figure


def data_note(data: str, unit: str = "patient") -> str:
    """The note on the data in the corner of a figure.

    Args:
        data: "phantom" or the cohort's name.
        unit: what was split for scoring; with "joint" the note says that patients are in training
            and in test.

    Returns:
        The note.
    """
    note = "Data: phantom (synthetic radiographs)" if data == "phantom" else f"Data: {data}"
    if unit == "joint":
        note += "; split by joint, patients are in training and in test"
    return note


def nothing_to_show(text: str, *, data: str) -> Figure:
    """A figure with only a text, if a study has nothing that the figure could show."""
    figure = new_figure(TWO_COLUMNS, 1, note=data_note(data))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


def panel_letter(axes: "Axes", index: int, title: str = "") -> None:
    """Write "(a) title" at the upper left of a panel; `index` 0 is a."""
    axes.set_title(f"({chr(ord('a') + index)}) {title}".rstrip(), loc="left")


def show_below(axes: "Axes", label: str) -> None:
    """Label the x axis of the lowest panel of a column; panels that share axes hide it."""
    axes.set_xlabel(label)
    axes.xaxis.label.set_visible(True)
    axes.tick_params(labelbottom=True)


def outlined(text: "Text", colour: str = "black", width: float = 1.2) -> None:
    """Outline a text in a dark colour so that it can be read on a radiograph."""
    text.set_path_effects([effects.withStroke(linewidth=width, foreground=colour)])


def show_image(axes: "Axes", image: Any, **more: Any) -> None:
    """Show an image without axes, with its aspect: grey uint8 (height, width) or in colour."""
    settings: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} | more
    axes.imshow(image, **settings)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color("0.6")
        spine.set_linewidth(0.4)


def save(
    figure: Figure, path: str | Path, *, suffixes: Sequence[str] = (".png", ".pdf")
) -> list[Path]:
    """Write a figure as .png (300 dots an inch) and .pdf; the same figure gives the same bytes.

    Args:
        figure: what a figure function returned.
        path: the file with or without a suffix; the suffix is replaced.
        suffixes: which formats.

    Returns:
        The files written.
    """
    written = []
    with mpl.rc_context(_STYLE):
        _settle(figure)
        for suffix in suffixes:
            target = Path(path).with_suffix(suffix)
            with atomic_write(target) as temporary:
                if suffix == ".png":
                    _save_png(figure, temporary)
                else:
                    figure.savefig(temporary, dpi=DOTS_PER_INCH, metadata=_NO_PDF_DATES)
            written.append(target)
    return written


def _save_png(figure: Figure, path: Path) -> None:
    """Without the alpha channel, which matplotlib always writes: a seventh smaller."""
    with_alpha = BytesIO()
    figure.savefig(with_alpha, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    with Image.open(with_alpha) as image:
        dots = (DOTS_PER_INCH, DOTS_PER_INCH)
        image.convert("RGB").save(path, "PNG", optimize=True, dpi=dots)


def _settle(figure: Figure) -> None:
    """Lay the panels out once and round their positions.

    The layout solver's last digits differ from run to run, and with them the bytes of a PDF.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        box = axes.get_position(original=True)
        axes.set_position([round(float(edge), 5) for edge in box.bounds])  # type: ignore[arg-type]
