"""Figures 1 and 6 of Tan et al.: how scores are distributed, and four confusion matrices."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sharpflow.anatomy import LIMBS, MODELS, Damage
from sharpflow.reporting.style import (
    DAMAGE_COLOURS,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    panel_letter,
)

_LIMB_NAMES = {"LH": "Left hand", "RH": "Right hand", "LF": "Left foot", "RF": "Right foot"}
# The order of the paper's panels.
_FIGURE_6_ORDER = ("narrowing-hand", "erosion-hand", "narrowing-foot", "erosion-foot")


@in_journal_style
def draw_score_distributions(counts: pd.DataFrame, *, with_wrist: bool, data: str) -> Figure:
    """Figure 1: how often each score occurs, for erosion and narrowing of each limb.

    The count axis is logarithmic, since most joints score 0 and the rare scores would not be
    visible; the counts stand above the bars, a 0 where no joint has the score.

    Args:
        counts: what `evaluation.score_counts.score_counts` returned: damage, limb, score, n; of the
            limbs that are shown.
        with_wrist: whether wrist sites are among the counted sites.
        data: "phantom" or the cohort's name.

    Returns:
        The figure.
    """
    sites = (
        "All scored sites, those of the wrist included." if with_wrist else "Finger and toe joints."
    )
    figure = new_figure(TWO_COLUMNS, 3.6, note=f"{sites} {data_note(data)}")
    limbs = [limb for limb in LIMBS if limb in set(counts["limb"])]
    panels = figure.subplots(len(Damage), len(limbs), sharey="row", squeeze=False)
    for row, damage in enumerate(Damage):
        of_damage = counts[counts["damage"] == damage.value]
        for column, limb in enumerate(limbs):
            axes = panels[row, column]
            of_limb = of_damage[of_damage["limb"] == limb].set_index("score")["n"]
            _draw_counts(axes, of_limb, DAMAGE_COLOURS[damage], of_damage["n"].max())
            panel_letter(axes, row * len(limbs) + column, _LIMB_NAMES[limb])
            axes.set_xlabel(f"{damage.value.capitalize()} score")
            axes.set_ylabel("Sites (log scale)" if column == 0 else "")
    return figure


@in_journal_style
def draw_confusion_matrices(
    confusions: Mapping[str, NDArray[np.int64]], *, data: str, unit: str = "patient"
) -> Figure:
    """Figure 6: for each model the share and number of test joints by true and predicted score.

    Each row sums to 100 per cent; the number of joints stands below the share. A score that no
    test joint has is a hatched row. The stepped line encloses what the ±1 balanced accuracy
    counts as right. A study of hands or of feet alone has two panels.

    Args:
        confusions: what `evaluation.joint_scoring.model_confusions` returned: for each model
            ("erosion-hand" and so on) counts (classes, classes), rows true.
        data: "phantom" or the cohort's name.
        unit: what was split, as for `data_note`.

    Returns:
        The figure.
    """
    note = f"Test joints only. {data_note(data, unit)}"
    models = [model for model in _FIGURE_6_ORDER if model in confusions]
    lines = (len(models) + 1) // 2
    figure = new_figure(TWO_COLUMNS, 3.5 * lines, note=note, layout="compressed")
    panels = figure.subplots(lines, 2).ravel()
    for index, (axes, model) in enumerate(zip(panels, models, strict=True)):
        damage, body_part = MODELS[model]
        counts = confusions[model]
        _draw_confusion(axes, counts)
        limbs = "hands" if body_part.value == "hand" else "feet"
        panel_letter(axes, index, f"{damage.value.capitalize()}, {limbs} (n = {counts.sum()})")
    mappable = panels[0].collections[0]
    bar = figure.colorbar(mappable, ax=list(panels), shrink=0.5, aspect=30, pad=0.01)
    bar.set_label("Share of the joints of a true score, %")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def _draw_counts(axes: Axes, counts: "pd.Series[int]", colour: str, top: int) -> None:
    floor = 0.5  # a log axis has no 0; a bar of one joint still shows
    sns.barplot(x=counts.index, y=counts.to_numpy(), ax=axes, color=colour, saturation=1, width=0.8)
    axes.set_ylim(floor, max(top, 1) * 4)
    axes.set_yscale("log")
    rotation = 90 if len(counts) > 7 else 0
    for place, count in enumerate(counts):
        axes.annotate(
            str(count),
            (place, max(count, floor)),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            rotation=rotation,
            fontsize=6,
        )


def _draw_confusion(axes: Axes, counts: NDArray[np.int64]) -> None:
    classes = len(counts)
    rows = counts.sum(axis=1, keepdims=True)
    shares = 100 * counts / np.maximum(rows, 1)
    size = 6.5 if classes <= 6 else 5.5
    texts = np.array(
        [
            [f"{share:.0f}%\n{count}" if count else "0" for share, count in zip(*row, strict=True)]
            for row in zip(shares, counts, strict=True)
        ]
    )
    empty = np.broadcast_to(rows == 0, counts.shape)
    sns.heatmap(
        shares,
        ax=axes,
        mask=empty,
        annot=texts,
        fmt="",
        annot_kws={"fontsize": size},
        cmap="Blues",
        vmin=0,
        vmax=100,
        square=True,
        cbar=False,
        linewidths=0.4,
        linecolor="0.9",
    )
    _mark_empty_rows(axes, rows[:, 0] == 0)
    _draw_band(axes, classes)
    axes.set_xlabel("Predicted score")
    axes.set_ylabel("True score")
    axes.tick_params(length=0)
    axes.tick_params(axis="y", rotation=0)


def _mark_empty_rows(axes: Axes, empty: NDArray[np.bool_]) -> None:
    """Hatch the rows of scores that no test joint has, with one label for adjacent rows."""
    classes = len(empty)
    edges = np.flatnonzero(np.diff(np.r_[0, empty.astype(np.int8), 0]))
    for first, end in edges.reshape(-1, 2).tolist():
        hatched = Rectangle(
            (0, first), classes, end - first, fc="0.95", ec="0.75", hatch="////", lw=0
        )
        axes.add_patch(hatched)
        axes.text(
            classes / 2,
            (first + end) / 2,
            "no test joint has this score"
            if end - first == 1
            else "no test joint has these scores",
            ha="center",
            va="center",
            fontsize=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            zorder=5,
        )


def _draw_band(axes: Axes, classes: int) -> None:
    """Outline the cells on the diagonal and beside it, which the ±1 balanced accuracy counts."""
    upper = [(2, 0)]
    while upper[-1][0] < classes:
        x, y = upper[-1]
        upper += [(x, y + 1), (x + 1, y + 1)]
    steps = np.array(upper)
    for x, y in (steps.T, steps.T[::-1]):
        axes.plot(x, y, color="0.25", linewidth=0.9)
