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
from sharpflow.reporting.style import (
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    panel_letter,
)
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
        predictions: experiment name -> split, true, predicted; one that was not run is left out.
        metrics: experiment name -> pcc, mae, rmse of its test images.
        data: "phantom" or the cohort's name.
    """
    note = f"Test images only. {data_note(data)}"
    figure = new_figure(TWO_COLUMNS, 6.9, note=note, layout="compressed")
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    tests = {
        name: _tests(predictions[name]) for name in FIGURE_2_EXPERIMENTS if name in predictions
    }
    for index, (axes, (name, title)) in enumerate(
        zip(panels, FIGURE_2_EXPERIMENTS.items(), strict=True)
    ):
        if name not in tests or tests[name].empty:
            panel_letter(axes, index, title)
            _say_not_run(axes)
            continue
        _draw_scatter(axes, tests[name], metrics.get(name, {}))
        panel_letter(axes, index, f"{title} (n = {len(tests[name])})")
    _set_limits(panels, list(tests.values()))
    for axes in panels[2:]:
        axes.set_xlabel("True total, score points")
    for axes in panels[::2]:
        axes.set_ylabel("Predicted total, score points")
    drawn = [axes for axes in panels if axes.get_legend_handles_labels()[0]]
    if drawn:
        drawn[0].legend(loc="lower right", frameon=False, handlelength=1.6)
    return figure


@in_journal_style
def draw_severity_confusion(
    predictions: Mapping[str, pd.DataFrame],
    *,
    data: str,
) -> Figure:
    """Figure 4: for four experiments the number and share of a true class, by predicted class.

    Args:
        predictions: experiment name -> split, true, predicted (class numbers 0-9); one that was
            not run is left out.
        data: "phantom" or the cohort's name.
    """
    note = f"Test images only; number, and below it the share of a row. {data_note(data)}"
    figure = new_figure(TWO_COLUMNS, 6.9, note=note, layout="compressed")
    panels = figure.subplots(2, 2).ravel()
    for index, (axes, (name, title)) in enumerate(
        zip(panels, FIGURE_4_EXPERIMENTS.items(), strict=True)
    ):
        tests = _tests(predictions[name]) if name in predictions else pd.DataFrame()
        if tests.empty:
            axes.set_box_aspect(1)
            _say_not_run(axes)
            panel_letter(axes, index, title)
            continue
        counts = confusion(tests["true"].astype(int), tests["predicted"].astype(int), CLASSES)
        _draw_counts(axes, counts)
        panel_letter(axes, index, f"{title} (n = {counts.sum()})")
    mesh = next((axes.collections[0] for axes in panels if axes.collections), None)
    if mesh is not None:
        bar = figure.colorbar(mesh, ax=list(panels), shrink=0.5, aspect=30, pad=0.01)
        bar.set_label("Share of the images of a true class")
        bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def printed_classes() -> list[str]:
    """The classes' ranges as axes print them: "0–5" to "100–140", then "≥140"."""
    between = [f"{lower}–{upper}" for lower, upper in pairwise(LOWER_BOUNDS)]
    return [*between, f"≥{LOWER_BOUNDS[-1]}"]


def _tests(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[predictions["split"] == "test"]


def _say_not_run(axes: Axes) -> None:
    axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", va="center", color="0.4")
    axes.tick_params(length=0, labelbottom=False, labelleft=False)
    axes.spines[:].set_color("0.85")


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
