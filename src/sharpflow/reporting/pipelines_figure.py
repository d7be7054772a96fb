"""Figure of both pipelines against the truth: scatter, Bland-Altman plots, errors by third."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from sharpflow.evaluation.agreement import Array
from sharpflow.evaluation.pipelines import PIPELINES, THIRDS
from sharpflow.reporting.pipelines_table import PIPELINE_NAMES, THIRD_NAMES
from sharpflow.reporting.style import (
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    panel_letter,
)

_COLOURS = {"joint-total": PALETTE[0], "whole-image": PALETTE[1]}
_MARKERS = {"joint-total": "o", "whole-image": "s", "constant": "_"}
_DOTS = {"s": 12, "alpha": 0.75, "linewidth": 0.3, "edgecolor": "white"}


@in_journal_style
def draw_pipelines(patients: pd.DataFrame, table: pd.DataFrame, *, data: str) -> Figure:
    """Predicted against true totals of both pipelines; their differences; their errors by third.

    Both pipelines have the same axes, so that their panels can be compared. (a, b): the grey line
    is perfect agreement, the dotted lines divide the thirds of the true totals. (c, d): the full
    line is the bias, the dashed lines are the 95% limits of agreement. (e): mean absolute errors
    with 95% intervals, beside those of always guessing the training patients' median.

    Args:
        patients: `evaluation.compared_patients.ComparedPatients.table`: true_total, joint_total,
            whole_image_total; a row a patient. Without rows the panels say so.
        table: what `evaluation.pipelines.pipelines_table` returned.
        data: "phantom" or the cohort's name.

    Returns:
        The figure.
    """
    note = f"Test patients of both pipelines, n = {len(patients)}. {data_note(data)}"
    figure = new_figure(TWO_COLUMNS, 8.2, note=note)
    grid = figure.add_gridspec(3, 2, height_ratios=(1, 1, 0.6))
    scatter, differences = (_row(figure, grid, row) for row in (0, 1))
    for column, (pipeline, colour) in enumerate(_COLOURS.items()):
        title = PIPELINE_NAMES[pipeline]
        panel_letter(scatter[column], column, title)
        panel_letter(differences[column], column + 2, title)
        scatter[column].set_xlabel("True total (0–280)")
        differences[column].set_xlabel("Mean of true and predicted total")
        if len(patients):
            truth, prediction = (patients[name].to_numpy(float) for name in PIPELINES[pipeline])
            by_third = table[table["pipeline"] == pipeline].set_index("third")
            _draw_scatter(scatter[column], truth, prediction, by_third, colour)
            _draw_bland_altman(differences[column], truth, prediction, by_third, colour)
    scatter[0].set_ylabel("Predicted total")
    differences[0].set_ylabel("Predicted − true total")
    errors = figure.add_subplot(grid[2, :])
    panel_letter(errors, 4, "Errors by third of the true totals")
    errors.set_ylabel("Mean absolute error, points")
    if len(patients):
        _draw_errors(errors, table)
    else:
        for axes in figure.axes:
            _say_empty(axes)
    return figure


def _row(figure: Figure, grid: GridSpec, row: int) -> list[Axes]:
    """Two panels with the same axes."""
    left = figure.add_subplot(grid[row, 0])
    right = figure.add_subplot(grid[row, 1], sharex=left, sharey=left)
    right.tick_params(labelleft=False)
    return [left, right]


def _draw_scatter(
    axes: Axes, true: Array, predicted: Array, by_third: pd.DataFrame, colour: str
) -> None:
    """Predicted against true totals; `by_third` is the pipeline's rows, third as the index."""
    axes.axline((0, 0), slope=1, color="0.6", linewidth=0.8, zorder=0)
    for third in THIRDS[1:-1]:
        end = float(by_third["total_to"][third])
        if np.isfinite(end):  # NaN: no patient is in this third
            axes.axvline(end + 0.5, color="0.6", linewidth=0.7, linestyle=":", zorder=0)
    sns.scatterplot(x=true, y=predicted, ax=axes, color=colour, **_DOTS)
    axes.annotate(
        f"PCC {by_third['pcc']['all']:.3f}\nMAE {by_third['mae']['all']:.1f}",
        (0.98, 0.03),
        xycoords="axes fraction",
        ha="right",
        va="bottom",
        fontsize=6.5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def _draw_bland_altman(
    axes: Axes, true: Array, predicted: Array, by_third: pd.DataFrame, colour: str
) -> None:
    """Differences against means, with bias and limits of agreement of all patients."""
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    sns.scatterplot(x=(true + predicted) / 2, y=predicted - true, ax=axes, color=colour, **_DOTS)
    for name, style in (("bias", "-"), ("lower_limit", "--"), ("upper_limit", "--")):
        value = float(by_third[name]["all"])
        if np.isfinite(value):
            axes.axhline(value, color=colour, linewidth=0.9, linestyle=style)
            axes.annotate(
                f"{value:.1f}".replace("-", "−"),
                (1, value),
                xycoords=("axes fraction", "data"),
                xytext=(2, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
                color=colour,
                annotation_clip=False,
            )


def _draw_errors(axes: Axes, table: pd.DataFrame) -> None:
    """Mean absolute errors by third, with the thirds' totals and sizes as labels."""
    place = np.arange(len(THIRDS))
    for shift, (pipeline, marker) in zip((-0.12, 0.12, 0), _MARKERS.items(), strict=True):
        rows = table[table["pipeline"] == pipeline].set_index("third").reindex(THIRDS)
        value, low, high = (rows[f"mae{part}"].to_numpy(float) for part in ("", "_low", "_high"))
        if pipeline == "constant":
            axes.plot(
                place,
                value,
                marker,
                color="0.5",
                markersize=28,
                label=PIPELINE_NAMES[pipeline],
                zorder=0,
            )
            continue
        axes.errorbar(
            place + shift,
            value,
            yerr=np.maximum([value - low, high - value], 0),
            fmt=marker,
            color=_COLOURS[pipeline],
            markersize=4,
            label=PIPELINE_NAMES[pipeline],
        )
    first = table.drop_duplicates("third").set_index("third").reindex(THIRDS)
    names = [
        f"{THIRD_NAMES[third]}\n{low:g}–{high:g}, n = {n:.0f}" if n else THIRD_NAMES[third]
        for third, low, high, n in zip(
            THIRDS, first["total_from"], first["total_to"], first["n"], strict=True
        )
    ]
    axes.set_xticks(place, names)
    axes.set_xlim(-0.5, len(THIRDS) - 0.5)
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])  # room for the legend
    axes.legend(frameon=False, loc="upper left", ncols=3, markerscale=0.6)


def _say_empty(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no shared test patients", ha="center", va="center")
    axes.set_xticks([])
    axes.set_yticks([])
