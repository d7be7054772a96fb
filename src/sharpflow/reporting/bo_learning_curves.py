"""The learning curves that Bo et al. speak of (section 3.1): losses and batch sizes compared.

Their words: MSE's validation curve fluctuates less than the smooth loss's; a batch of 16 converges
faster and less steadily. The paper shows no curves; these figures and numbers are ours.

The smooth loss is a root already, so MSE's curves are drawn as its root: both are then errors of
z-scored totals. A history holds an experiment's own loss only, so curves of two losses differ in
height by definition; their swing, being relative, can be compared.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sharpflow.reporting.style import (
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    nothing_to_show,
    panel_letter,
)
from sharpflow.whole_image.experiment_types import NETWORKS, PRINTED_NETWORKS

_WITHIN = 0.05  # above its plateau: when a curve counts as settled (ours)
_COLOURS = {"smooth-batch4": PALETTE[3], "mse-batch4": PALETTE[0], "mse-batch16": PALETTE[2]}
# What a row of panels compares: what its panels have in common, and the curves.
_COMPARED: Mapping[str, Mapping[str, str]] = {
    "batch 4": {"smooth-batch4": "Smooth", "mse-batch4": "MSE"},
    "MSE": {"mse-batch4": "Batch 4", "mse-batch16": "Batch 16"},
}


def error_curve(history: pd.DataFrame, *, smooth: bool) -> "pd.Series[float]":
    """Validation error by epoch, in SDs of the total: the smooth loss, or the root of MSE."""
    curve = history.sort_values("epoch").set_index("epoch")["validation_loss"]
    return curve if smooth else np.sqrt(curve)


def curve_numbers(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How steady and how fast each training was.

    Args:
        histories: experiment name -> epoch, validation_loss; names as in `experiments`.

    Returns: experiment; epochs; lowest and plateau (median of the second half) of the error curve,
        SDs of the total; swing: SD of the relative change from epoch to epoch (difference of
        logarithms) in the second half, blank with fewer than 3 changes; settled: the first epoch at
        most 5 per cent above the plateau.
    """
    rows = []
    for experiment, history in histories.items():
        curve = error_curve(history, smooth="-smooth-" in experiment)
        late = curve.iloc[len(curve) // 2 :]
        plateau = float(late.median())
        changes = np.diff(np.log(late.to_numpy()))
        settled = curve.index[(curve <= plateau * (1 + _WITHIN)).to_numpy()]
        rows.append({
            "row": experiment,
            "epochs": len(curve),
            "lowest": float(curve.min()),
            "plateau": plateau,
            "swing": float(np.std(changes, ddof=1)) if len(changes) >= 3 else np.nan,
            "settled": int(settled[0]),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["row", "epochs", "lowest", "plateau", "swing", "settled"])


@in_journal_style
def draw_learning_curves(histories: Mapping[str, pd.DataFrame], *, data: str) -> Figure:
    """Validation curves of baselines: above smooth loss and MSE, below batches of 4 and 16.

    Args: histories: experiment name ("total-resnet50-mse-batch4") -> epoch, validation_loss;
        experiments that were not run lack; with none the figure says so. data: "phantom" or the
        cohort's name.
    """
    if not histories:
        text = "No baseline was run: the learning curves compare their losses and batches."
        return nothing_to_show(text, data=data)
    numbers = curve_numbers(histories).set_index("row")
    figure = new_figure(TWO_COLUMNS, 4.3, note=f"{_meaning_of(numbers)} {data_note(data)}")
    panels = figure.subplots(2, len(NETWORKS), sharex="col", sharey="row")
    for row, (shared, kinds) in enumerate(_COMPARED.items()):
        for column, network in enumerate(NETWORKS):
            axes = panels[row, column]
            title = f"{PRINTED_NETWORKS[network]}, {shared}"
            panel_letter(axes, row * len(NETWORKS) + column, title)
            for kind, label in kinds.items():
                name = f"total-{network}-{kind}"
                text = f"{label}: {_numbers_text(name, numbers)}"
                curve = (
                    error_curve(histories[name], smooth="-smooth-" in name)
                    if name in histories
                    else pd.Series(dtype=float)
                )
                axes.plot(
                    curve.index.to_numpy(float), curve.to_numpy(), color=_COLOURS[kind],
                    label=text, linewidth=0.8,
                )  # fmt: skip
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            if all(f"total-{network}-{kind}" not in histories for kind in kinds):
                axes.tick_params(labelbottom=False, bottom=False)
            axes.legend(
                frameon=False, loc="upper right", handlelength=1.2, borderpad=0, fontsize=6
            ).set_in_layout(False)
            if row:
                axes.set_xlabel("Epoch")
    panels[0, 0].set_ylabel("Validation error by own loss")  # so heights do not compare
    panels[1, 0].set_ylabel("Validation error, SDs of the total")
    for row in range(len(_COMPARED)):
        _leave_room_for_legend(list(panels[row]))
    return figure


def _meaning_of(numbers: pd.DataFrame) -> str:
    swing = "Swing: SD of the relative change an epoch, second half. "
    settled = "Settled: first epoch within 5% of the second half's median."
    return settled if numbers["swing"].isna().all() else swing + settled


def _numbers_text(name: str, numbers: pd.DataFrame) -> str:
    if name not in numbers.index:
        return "not run"
    swing, settled = numbers["swing"][name], numbers["settled"][name]
    told = "" if np.isnan(swing) else f"swing {100 * swing:.1f}%, "
    return f"{told}settled {settled}"


def _leave_room_for_legend(panels: list[Axes]) -> None:
    """Let the curves end below the legend; all panels of a row share their y axis."""
    drawn = np.concatenate([np.asarray(line.get_ydata()) for axes in panels for line in axes.lines])
    low, high = (float(drawn.min()), float(drawn.max())) if len(drawn) else (0.0, 1.0)
    room = high - low or 1.0
    panels[0].set_ylim(low - 0.05 * room, high + 0.3 * room)
