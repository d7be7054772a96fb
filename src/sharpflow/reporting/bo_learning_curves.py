"""The learning curves that Bo et al. speak of (section 3.1): losses and batch sizes compared.

The paper shows no curves; these figures are ours.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sharpflow.evaluation.learning_curves import curve_numbers, error_curve
from sharpflow.reporting.style import (
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    nothing_to_show,
    panel_letter,
)
from sharpflow.whole_image.experiment_types import (
    NETWORKS,
    PRINTED_NETWORKS,
    Loss,
    Network,
    NetworkExperiment,
)
from sharpflow.whole_image.experiments import EXPERIMENTS

_Kind = tuple[Loss, int]  # a baseline's loss and batch
_COLOURS: Mapping[_Kind, str] = {
    ("smooth", 4): PALETTE[3],
    ("mse", 4): PALETTE[0],
    ("mse", 16): PALETTE[2],
}
# What a row of panels compares: what its panels have in common, and the curves.
_COMPARED: Mapping[str, Mapping[_Kind, str]] = {
    "batch 4": {("smooth", 4): "Smooth", ("mse", 4): "MSE"},
    "MSE": {("mse", 4): "Batch 4", ("mse", 16): "Batch 16"},
}
# A baseline of totals: network, loss, batch -> name.
_BASELINES: Mapping[tuple[Network, Loss, int], str] = {
    (experiment.network, experiment.loss, experiment.batch): name
    for name, experiment in EXPERIMENTS.items()
    if isinstance(experiment, NetworkExperiment)
    and (experiment.group, experiment.task) == ("baseline", "total")
}


@in_journal_style
def draw_learning_curves(histories: Mapping[str, pd.DataFrame], *, data: str) -> Figure:
    """Validation curves of baselines: above smooth loss and MSE, below batches of 4 and 16.

    Args:
        histories: name of a baseline of totals -> epoch, validation_loss; those that were not run
            are left out; with none the figure says so.
        data: "phantom" or the cohort's name.
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
            names = {kind: _BASELINES[network, *kind] for kind in kinds}
            for kind, label in kinds.items():
                name = names[kind]
                text = f"{label}: {_numbers_text(name, numbers)}"
                curve = (
                    error_curve(histories[name], EXPERIMENTS[name])
                    if name in histories
                    else pd.Series(dtype=float)
                )
                axes.plot(
                    curve.index.to_numpy(float), curve.to_numpy(), color=_COLOURS[kind],
                    label=text, linewidth=0.8,
                )  # fmt: skip
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            if not any(name in histories for name in names.values()):
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
