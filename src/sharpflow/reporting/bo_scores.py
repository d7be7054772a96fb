"""Figures 2 and 4 of Bo et al.: predicted against true totals, and four confusion matrices."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sharpflow.evaluation.deciles import decile_means
from sharpflow.evaluation.metrics import confusion
from sharpflow.reporting.bo_titles import experiment_title
from sharpflow.reporting.style import (
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    nothing_to_show,
    panel_letter,
    show_below,
)
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.severity_classes import CLASSES, LOWER_BOUNDS

# Experiment -> title. The best tuned of each network, and the stack (caption of Figure 2).
FIGURE_2_EXPERIMENTS: Mapping[str, str] = {
    "total-resnet50-rbs1": "ResNet-50: RBs-1",
    "total-resnet34-finetuned": "ResNet-34: finetuned",
    "total-mobilenetv2-irbs3": "MobileNetV2: IRBs-3",
    "total-stack-batch16": "Stack, batch 16",
}
# Caption of Figure 4 and Table 2's best class stack.
FIGURE_4_EXPERIMENTS: Mapping[str, str] = {
    "severity-resnet34-batch4": "ResNet-34, baseline",
    "severity-resnet50-finetuned": "ResNet-50: finetuned",
    "severity-stack-single-batch16": "Stack of classes, single class, batch 16",
    "severity-binned-stack": "Stack of totals, batch 16, binned",
}
# Of other experiments a page holds so many panels; the tables hold all.
_MOST_PANELS = 6


def shown_experiments(predictions: Mapping[str, pd.DataFrame], task: str) -> dict[str, str]:
    """The experiments that a figure shows, those that were run: name -> title.

    Args:
        predictions: name -> split, of each experiment that was run.
        task: "total" or "severity".

    Returns:
        The paper's four, if all were run. Else those of them that were run, then others that were,
        in the order of the paper's table, up to six in all.
    """
    paper = FIGURE_2_EXPERIMENTS if task == "total" else FIGURE_4_EXPERIMENTS
    run = [
        name
        for name, experiment in EXPERIMENTS.items()
        if experiment.task == task and name in predictions and len(_tests(predictions[name]))
    ]
    of_paper = {name: title for name, title in paper.items() if name in run}
    if len(of_paper) == len(paper):
        return of_paper
    others = [name for name in run if name not in of_paper][: _MOST_PANELS - len(of_paper)]
    return of_paper | {name: experiment_title(name) for name in others}


def _not_shown(predictions: Mapping[str, pd.DataFrame], task: str, shown: int) -> str:
    """A sentence on the experiments that were run, but do not fit on the page."""
    run = sum(EXPERIMENTS[name].task == task for name in predictions)
    return f"{shown} of {run} experiments; the table has all. " if run > shown else ""


@in_journal_style
def draw_predicted_true(
    predictions: Mapping[str, pd.DataFrame],
    metrics: Mapping[str, Mapping[str, float]],
    *,
    data: str,
) -> Figure:
    """Figure 2: predicted against true totals of test images, with means and SDs of deciles.

    Deciles are of the true total; where one total fills more than a tenth, they are fewer. The
    bars are one SD of the predictions of a group, at its mean true total.

    Args:
        predictions: experiment name -> split, true, predicted; those that were run are shown (see
            `shown_experiments`), and without any the figure says so.
        metrics: experiment name -> pcc, mae, rmse of its test images.
        data: "phantom" or the cohort's name.
    """
    titles = shown_experiments(predictions, "total")
    if not titles:
        return nothing_to_show("No experiment on totals was run.", data=data)
    note = f"Test images only. {_not_shown(predictions, 'total', len(titles))}{data_note(data)}"
    figure, panels = _panels(len(titles), note, shares_axes=True)
    tests = {name: _tests(predictions[name]) for name in titles}
    for index, (axes, (name, title)) in enumerate(zip(panels, titles.items(), strict=True)):
        _draw_scatter(axes, tests[name], metrics.get(name, {}))
        panel_letter(axes, index, f"{title} (n = {len(tests[name])})")
    _set_limits(panels, list(tests.values()))
    for axes in panels[-2:]:  # below which there is none
        show_below(axes, "True total, score points")
    for axes in panels[::2]:
        axes.set_ylabel("Predicted total, score points")
    panels[0].legend(loc="lower right", frameon=False, handlelength=1.6)
    return figure


@in_journal_style
def draw_severity_confusion(
    predictions: Mapping[str, pd.DataFrame],
    *,
    data: str,
) -> Figure:
    """Figure 4: for each experiment the number and share of a true class, by predicted class.

    Args:
        predictions: experiment name -> split, true, predicted (class numbers 0-9); those that were
            run are shown (see `shown_experiments`), and without any the figure says so.
        data: "phantom" or the cohort's name.
    """
    titles = shown_experiments(predictions, "severity")
    if not titles:
        return nothing_to_show("No experiment on severity classes was run.", data=data)
    others = _not_shown(predictions, "severity", len(titles))
    note = f"Test images only; number, and below it the share of a row. {others}{data_note(data)}"
    figure, panels = _panels(len(titles), note)
    for index, (axes, (name, title)) in enumerate(zip(panels, titles.items(), strict=True)):
        tests = _tests(predictions[name])
        counts = confusion(tests["true"].astype(int), tests["predicted"].astype(int), CLASSES)
        _draw_counts(axes, counts)
        panel_letter(axes, index, f"{title} (n = {counts.sum()})")
    mesh = panels[0].collections[0]
    shrink = 0.5 if len(panels) > 2 else 0.9
    bar = figure.colorbar(mesh, ax=panels, shrink=shrink, aspect=30, pad=0.01)
    bar.set_label("Share of the images of a true class")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def printed_classes() -> list[str]:
    """The classes' ranges as axes print them: "0–5" to "100–140", then "≥140"."""
    between = [f"{lower}–{upper}" for lower, upper in pairwise(LOWER_BOUNDS)]
    return [*between, f"≥{LOWER_BOUNDS[-1]}"]


def _tests(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[predictions["split"] == "test"]


def _panels(count: int, note: str, *, shares_axes: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of square panels, two side by side; a single one stands in a single column."""
    across, down = min(count, 2), (count + 1) // 2
    width, height = (TWO_COLUMNS, 3.45 * down) if across > 1 else (4.6, 4.3)
    figure = new_figure(width, height, note=note, layout="compressed")
    panels = figure.subplots(down, across, sharex=shares_axes, sharey=shares_axes, squeeze=False)
    for axes in panels.ravel()[count:]:
        axes.set_axis_off()
    return figure, list(panels.ravel()[:count])


def _draw_scatter(axes: Axes, tests: pd.DataFrame, metrics: Mapping[str, float]) -> None:
    axes.axline((0, 0), slope=1, color="0.6", linewidth=0.7, linestyle="--", zorder=1)
    sns.scatterplot(
        tests, x="true", y="predicted", ax=axes, s=9, color=PALETTE[0], alpha=0.4, linewidth=0
    )
    means = decile_means(tests)
    axes.errorbar(
        means["true"],
        means["predicted"],
        yerr=means["sd"].fillna(0),
        fmt="o",
        color=PALETTE[3],
        markersize=3,
        linewidth=0.9,
        capsize=1.8,
        label="mean and SD by decile of the true total",
    )
    axes.set(xlabel="", ylabel="")
    shown = [
        (name.upper(), f"{metrics[name]:.{digits}f}")
        for name, digits in (("pcc", 3), ("mae", 2), ("rmse", 2))
        if name in metrics and pd.notna(metrics[name])
    ]
    text = "\n".join(f"{name} {value}" for name, value in shown)
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", linespacing=1.3)


def _set_limits(panels: Sequence[Axes], tables: Sequence[pd.DataFrame]) -> None:
    """One square range for all panels, from 0 or the lowest prediction."""
    values = np.concatenate([table[["true", "predicted"]].to_numpy().ravel() for table in tables]
                            or [np.array([0.0, 1.0])])  # fmt: skip
    low, high = min(0.0, float(values.min())), float(values.max())
    margin = 0.04 * (high - low or 1)
    panels[0].set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    for axes in panels:
        axes.set_box_aspect(1)


def _draw_counts(axes: Axes, counts: NDArray[np.int64]) -> None:
    rows = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(rows, 1)
    texts = np.array(
        [
            [f"{count}\n{share:.2f}" if count else "" for count, share in zip(*row, strict=True)]
            for row in zip(counts, shares, strict=True)
        ]
    )
    names = printed_classes()
    sns.heatmap(
        shares,
        ax=axes,
        mask=np.broadcast_to(rows == 0, counts.shape),
        annot=texts,
        fmt="",
        annot_kws={"fontsize": 5, "linespacing": 1.0},
        cmap="Blues",
        vmin=0,
        vmax=1,
        square=True,
        cbar=False,
        linewidths=0.4,
        linecolor="0.9",
        xticklabels=names,
        yticklabels=[f"{name} ({n})" for name, n in zip(names, rows[:, 0], strict=True)],
    )
    for place in np.flatnonzero(rows[:, 0] == 0).tolist():
        axes.text(
            counts.shape[1] / 2,
            place + 0.5,
            "no test image",
            ha="center",
            va="center",
            fontsize=5,
            color="0.4",
        )
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class (images)")
    axes.tick_params(length=0, labelsize=6)
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=45)
