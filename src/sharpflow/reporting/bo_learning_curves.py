"""The learning curves of the networks that were trained on whole radiographs.

Bo et al. speak of them (section 3.1: losses and batch sizes compared), but show none; these figures
are ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sharpflow.evaluation.learning_curves import curve_numbers, error_curve
from sharpflow.reporting.bo_titles import frozen_in_words
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
from sharpflow.whole_image.experiment_types import PRINTED_NETWORKS, NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS

_ROW_HEIGHT = 2.0  # inches
_LOSSES = {"smooth": "Smooth", "mse": "MSE"}
# Of losses and batches of totals, since two rows of panels have the same curves.
_COLOURS: Mapping[tuple[str, int], str] = {
    ("smooth", 4): PALETTE[3],
    ("mse", 4): PALETTE[0],
    ("mse", 16): PALETTE[2],
}


@dataclass(frozen=True)
class _Row:
    """A row of panels, one for each network.

    Attributes:
        title: what its curves have in common, after the network's name.
        error: what its y axis shows.
        holds: whether an experiment's curve belongs in the row.
        label: what tells the curves of a panel apart.
    """

    title: str
    error: str
    holds: Callable[[NetworkExperiment], bool]
    label: Callable[[NetworkExperiment], str]


def _is_baseline(experiment: NetworkExperiment) -> bool:
    return experiment.start is None


def _transfer_label(experiment: NetworkExperiment) -> str:
    if experiment.sampling == "balanced":
        return "balanced"
    return "ordinal" if experiment.loss == "ordinal" else frozen_in_words(experiment)


_ROWS = (
    _Row(
        ", batch 4",
        "Validation error by own loss",  # so heights do not compare
        lambda e: e.task == "total" and _is_baseline(e) and e.batch == 4,
        lambda e: _LOSSES[e.loss],
    ),
    _Row(
        ", MSE",
        "Validation error, SDs of the total",
        lambda e: e.task == "total" and _is_baseline(e) and e.loss == "mse",
        lambda e: f"Batch {e.batch}",
    ),
    _Row(
        "",
        "From bone age: validation\nerror, SDs of the total",
        lambda e: e.task == "total" and not _is_baseline(e),
        _transfer_label,
    ),
    _Row(
        "",
        "Classes: validation loss",
        lambda e: e.task == "severity" and _is_baseline(e),
        lambda e: f"Batch {e.batch}",
    ),
    _Row(
        "",
        "Classes, from bone age:\nvalidation loss",
        lambda e: e.task == "severity" and not _is_baseline(e),
        _transfer_label,
    ),
)


@in_journal_style
def draw_learning_curves(
    histories: Mapping[str, pd.DataFrame], *, data: str, batch_factor: int = 1
) -> Figure:
    """Validation curves of all networks: a column for each network that was run.

    The rows, those that have curves: smooth loss and MSE; batches of 4 and 16; totals after
    pretraining on bone age; classes; classes after pretraining.

    Args:
        histories: name of a network's experiment -> epoch, validation_loss; with none the figure
            says so.
        data: "phantom" or the cohort's name.
        batch_factor: how many times the paper's the batches are.
    """
    run = {name: EXPERIMENTS[name] for name in EXPERIMENTS if name in histories}
    networks = {name: each for name, each in run.items() if isinstance(each, NetworkExperiment)}
    if not networks:
        return nothing_to_show("No network was trained on whole radiographs.", data=data)
    numbers = curve_numbers(histories).set_index("row")
    rows = _rows_to_show(networks)
    columns = [n for n in PRINTED_NETWORKS if any(e.network == n for e in networks.values())]
    height = _ROW_HEIGHT * len(rows) + 0.3
    batches = f"Batches are {batch_factor} times those named. " * (batch_factor != 1)
    note = f"{_meaning_of(numbers)} {batches}{data_note(data)}"
    figure = new_figure(TWO_COLUMNS, height, note=note)
    panels = figure.subplots(len(rows), len(columns), sharex="col", sharey="row", squeeze=False)
    letter = 0
    for (row, names), line in zip(rows, panels, strict=True):
        for network, axes in zip(columns, line, strict=True):
            own = [name for name in names if networks[name].network == network]
            if not own:
                axes.set_axis_off()
                continue
            panel_letter(axes, letter, f"{PRINTED_NETWORKS[network]}{row.title}")
            letter += 1
            _draw_curves(axes, {name: networks[name] for name in own}, row, histories, numbers)
        with_curves = [axes for axes in line if axes.lines]
        with_curves[0].set_ylabel(row.error)
        with_curves[0].yaxis.label.set_visible(True)
        with_curves[0].tick_params(labelleft=True)
        _leave_room_for_legend(with_curves)
    for column in panels.T:
        show_below([axes for axes in column if axes.lines][-1], "Epoch")
    return figure


def _rows_to_show(
    networks: Mapping[str, NetworkExperiment],
) -> list[tuple[_Row, list[str]]]:
    """The rows with their experiments: those that compare some, and those with further curves."""
    held = [(row, [name for name, e in networks.items() if row.holds(e)]) for row in _ROWS]

    def compares(names: list[str]) -> bool:
        own = [networks[name].network for name in names]
        return len(own) > len(set(own))

    shown = {name for _, names in held if compares(names) for name in names}
    kept = []
    for row, names in held:
        if compares(names) or set(names) - shown:
            kept.append((row, names))
            shown |= set(names)
    return kept


def _draw_curves(
    axes: Axes,
    experiments: Mapping[str, NetworkExperiment],
    row: _Row,
    histories: Mapping[str, pd.DataFrame],
    numbers: pd.DataFrame,
) -> None:
    for place, (name, experiment) in enumerate(experiments.items()):
        curve = error_curve(histories[name], experiment)
        is_total = experiment.task == "total" and _is_baseline(experiment)
        colour = _COLOURS[experiment.loss, experiment.batch] if is_total else PALETTE[place]
        axes.plot(
            curve.index.to_numpy(float), curve.to_numpy(), color=colour,
            label=f"{row.label(experiment)}: {_numbers_text(name, numbers)}", linewidth=0.8,
            marker="o" if len(curve) == 1 else "", markersize=2.5,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(
        frameon=False, loc="upper right", handlelength=1.0, borderpad=0, fontsize=5.5
    ).set_in_layout(False)


def _meaning_of(numbers: pd.DataFrame) -> str:
    swing = "Swing: SD of the relative change an epoch, second half. "
    settled = "Settled: first epoch within 5% of the second half's median."
    return settled if numbers["swing"].isna().all() else swing + settled


def _numbers_text(name: str, numbers: pd.DataFrame) -> str:
    swing, settled = numbers["swing"][name], numbers["settled"][name]
    told = "" if np.isnan(swing) else f"swing {100 * swing:.1f}%, "
    return f"{told}settled {settled}"


def _leave_room_for_legend(panels: list[Axes]) -> None:
    """Let the curves end below the legend; all panels of a row share their y axis."""
    errors = np.concatenate(
        [np.asarray(line.get_ydata()) for axes in panels for line in axes.lines]
    )
    curves = max(len(axes.lines) for axes in panels)
    low, high = float(errors.min()), float(errors.max())
    room = high - low or 1.0
    panels[0].set_ylim(low - 0.05 * room, high + 0.15 * curves * room)
