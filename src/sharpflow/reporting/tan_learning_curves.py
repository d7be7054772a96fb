"""The learning curves of the joint pipeline's networks. Tan et al. show none; these are ours."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sharpflow.anatomy import MODELS
from sharpflow.reporting.style import (
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    nothing_to_show,
    panel_letter,
)
from sharpflow.reporting.tables import LIMB_NAMES

_HEIGHT = 2.1  # inches
_HEAD_COLOURS = {model: PALETTE[number] for number, model in enumerate(MODELS)}
Histories = Mapping[str, pd.DataFrame]


@in_journal_style
def draw_joint_learning_curves(
    unets: Histories,
    detectors: Histories,
    base: pd.DataFrame | None,
    heads: Histories,
    *,
    data: str,
) -> Figure:
    """A panel each of U-Nets, detectors, VGG16's base and scoring heads, those that were trained.

    Training losses are dashed, those of validation patients solid. Of a detector it is the mean
    average precision on validation patients, where epochs measured it.

    Args:
        unets: body part -> epoch, loss, validation_loss.
        detectors: body part -> epoch, mAP50 (0 to 1, blank where it was not measured).
        base: epoch, loss, validation_loss; None where its weights were given.
        heads: model -> epoch, loss, validation_loss.
        data: "phantom" or the cohort's name.
    """
    panels = [
        ("U-Net", unets, _body_part_colours(unets)),
        ("Detector", detectors, _body_part_colours(detectors)),
        ("VGG16 base", {} if base is None else {"base": base}, {"base": PALETTE[0]}),
        ("Scoring heads", heads, _HEAD_COLOURS),
    ]
    panels = [panel for panel in panels if panel[1]]
    if not panels:
        return nothing_to_show("No network was trained.", data=data)
    figure = new_figure(TWO_COLUMNS, _HEIGHT, note=data_note(data))
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for index, (axes, (title, histories, colours)) in enumerate(zip(grid, panels, strict=True)):
        for name, history in histories.items():
            _draw_history(axes, history, _name(name), colours[name])
        panel_letter(axes, index, title)
        axes.set_xlabel("Epoch")
        axes.set_ylabel("Validation mAP50" if title == "Detector" else "Loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        if title == "Detector":
            axes.set_ylim(0, 1.02)
            axes.legend(frameon=False, loc="lower right")
        else:
            axes.plot([], [], "--", color="0.4", linewidth=0.7, label="Training")
            # Curves end below the legend.
            axes.set_ylim(0, axes.dataLim.y1 * (1 + 0.22 * (1 + len(histories))))
            axes.legend(frameon=False, loc="upper right")
    return figure


def _name(name: str) -> str:
    """What a legend calls a body part or a model."""
    return LIMB_NAMES.get(name, name.replace("-", ", ").capitalize())


def _body_part_colours(histories: Histories) -> dict[str, str]:
    return {name: PALETTE[number] for number, name in enumerate(histories)}


def _draw_history(axes: Axes, history: pd.DataFrame, label: str, colour: str) -> None:
    if "mAP50" in history:
        measured = history.dropna(subset=["mAP50"])
        axes.plot(measured["epoch"], measured["mAP50"], ".-", color=colour, label=label)
        return
    axes.plot(history["epoch"], history["loss"], "--", color=colour, linewidth=0.7)
    axes.plot(
        history["epoch"],
        history["validation_loss"],
        color=colour,
        label="Validation" if label == "Base" else label,
    )
