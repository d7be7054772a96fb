"""Figures 2 to 5 of Tan et al.: radiographs before and after CLAHE, masks, joints, the pipeline.

Radiographs are uint8 (height, width).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sharpflow.reporting.pipeline_stages import Image, PipelineStages
from sharpflow.reporting.style import (
    CLASS_COLOURS,
    NOTE_HEIGHT,
    PAD,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    nothing_to_show,
    outlined,
    panel_letter,
    show_image,
)
from sharpflow.seeds import seed_for


def pick_radiographs(radiographs: pd.DataFrame, number: int, *, seed: int, name: str) -> list[str]:
    """Pick radiographs at random, as evenly as possible from the body parts, hands first.

    Args:
        radiographs: image_id and body_part, one row a radiograph.
        number: how many; fewer if there are not so many radiographs.
        seed: the study's seed.
        name: of the figure, so that figures do not show the same radiographs.

    Returns:
        image_ids, hands before feet, then in the order of picking.
    """
    random = np.random.default_rng(seed_for(seed, name))
    queues = {
        body_part: list(
            random.permutation(
                sorted(radiographs.loc[radiographs["body_part"] == body_part, "image_id"])
            )
        )
        for body_part in sorted(radiographs["body_part"].unique(), reverse=True)
    }
    picked: dict[str, list[str]] = {body_part: [] for body_part in queues}
    while sum(map(len, picked.values())) < number and any(queues.values()):
        for body_part, queue in queues.items():
            if queue and sum(map(len, picked.values())) < number:
                picked[body_part].append(str(queue.pop(0)))
    return [image_id for ids in picked.values() for image_id in ids]


def image_numbers(rows: pd.DataFrame, image_ids: Sequence[str]) -> list[int]:
    """Positions of radiographs in the stack of images whose table is `rows`."""
    number_of = {image_id: number for number, image_id in enumerate(rows["image_id"])}
    return [number_of[image_id] for image_id in image_ids]


@in_journal_style
def draw_clahe(
    before: Sequence[Image], after: Sequence[Image], labels: Sequence[str], *, data: str
) -> Figure:
    """Figure 2: radiographs before and after CLAHE, side by side.

    Args:
        before: 2 to 6 radiographs, resized and padded, before CLAHE.
        after: the same radiographs after it.
        labels: image_ids.
        data: "phantom" or the cohort's name.

    Returns:
        The figure.
    """
    return _draw_rows({"Before CLAHE": before, "After CLAHE": after}, labels, data=data)


@in_journal_style
def draw_good_masks(
    radiographs: Sequence[Image], masks: Sequence[Image], labels: Sequence[str], *, data: str
) -> Figure:
    """Figure 3: masks that were chosen, with the radiographs they were made from.

    Args:
        radiographs: 2 to 6 standardized radiographs.
        masks: their chosen entropy masks, 0 and 255, same size.
        labels: image_ids.
        data: "phantom" or the cohort's name.

    Returns:
        The figure.
    """
    figure = _draw_rows(
        {"Standardized radiograph": radiographs, "Chosen mask": masks}, labels, data=data
    )
    for axes, mask in zip(figure.axes, masks, strict=False):
        axes.contour(mask > 0, levels=[0.5], colors=[CLASS_COLOURS["MCP"]], linewidths=0.7)
    return figure


@in_journal_style
def draw_boxed_joints(
    radiographs: Sequence[Image],
    joints: Sequence[pd.DataFrame],
    labels: Sequence[str],
    *,
    data: str,
) -> Figure:
    """Figure 4: a hand, and a foot, with their joints boxed and named.

    Args:
        radiographs: 1 to 3 standardized radiographs.
        joints: for each radiograph joint, class, x_min, y_min, x_max, y_max in its pixels.
        labels: image_ids.
        data: "phantom" or the cohort's name.

    Returns:
        The figure.
    """
    if not len(radiographs):
        return nothing_to_show("No radiograph has named joints", data=data)
    columns = len(radiographs)
    height = _height(1, max(columns, 2), _tallest(radiographs), left=0)
    figure = new_figure(TWO_COLUMNS, height, note=data_note(data), layout="compressed")
    panels = figure.subplots(1, columns, squeeze=False)[0]
    for index, (axes, radiograph, boxes) in enumerate(
        zip(panels, radiographs, joints, strict=True)
    ):
        show_image(axes, radiograph)
        _draw_boxes(axes, boxes, name_size=6.5)
        panel_letter(axes, index, labels[index])
    return figure


@in_journal_style
def draw_pipeline(
    stages: PipelineStages, *, label: str, data: str, unit: str = "patient"
) -> Figure:
    """Figure 5: the pipeline, stage by stage on one radiograph.

    Args:
        stages: the radiograph and what each stage made of it.
        label: its image_id.
        data: "phantom" or the cohort's name.
        unit: what was split for scoring, as for `data_note`.

    Returns:
        The figure.
    """
    height = _height(2, 4, _tallest([stages.standardized]), left=0, titles=2)
    note = f"Radiograph {label}; E erosion, N narrowing, as predicted. {data_note(data, unit)}"
    figure = new_figure(TWO_COLUMNS, height, note=note, layout="compressed")
    panels = figure.subplots(2, 4).ravel()
    radiographs: list[tuple[str, Image]] = [
        ("Radiograph", stages.raw),
        ("Standardized", stages.standardized),
        ("Entropy mask", stages.entropy_mask),
        ("U-Net mask", stages.unet_mask),
        ("Background removed", stages.masked),
        ("Joints found", stages.masked),
        ("Joints named", stages.masked),
    ]
    for index, (axes, (title, radiograph)) in enumerate(zip(panels, radiographs, strict=False)):
        show_image(axes, radiograph)
        axes.set_anchor("NW")
        panel_letter(axes, index, title)
    _draw_boxes(panels[5], stages.boxes, name_size=None)
    _draw_boxes(panels[6], stages.joints, name_size=5.5)
    panel_letter(panels[7], 7, "Crops and their scores")
    _draw_crops(panels[7], stages.crops, stages.crop_scores)
    _draw_arrows(list(panels))
    return figure


def _draw_rows(rows: dict[str, Sequence[Image]], labels: Sequence[str], *, data: str) -> Figure:
    """A grid of radiographs: a row for each step, a column for each radiograph."""
    columns = len(labels)
    if not columns:
        return nothing_to_show(f"No radiograph to show: {', '.join(rows)}", data=data)
    tallest = max(_tallest(radiographs) for radiographs in rows.values())
    height = _height(len(rows), columns, tallest, left=0.18)
    figure = new_figure(TWO_COLUMNS, height, note=data_note(data), layout="compressed")
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for row, (title, radiographs) in enumerate(rows.items()):
        for column, radiograph in enumerate(radiographs):
            show_image(panels[row, column], radiograph)
            if row == 0:
                panel_letter(panels[row, column], column, labels[column])
        panels[row, 0].set_ylabel(title)
    return figure


def _height(rows: int, columns: int, tallest: float, *, left: float, titles: int = 1) -> float:
    """Height in inches of a grid of radiographs with titles; `left` is for the rows' names."""
    panel = (TWO_COLUMNS - left) / columns - 2 * PAD
    return rows * (panel * tallest + 2 * PAD) + titles * 0.17 + NOTE_HEIGHT


def _tallest(radiographs: Sequence[Image]) -> float:
    return max(float(radiograph.shape[0] / radiograph.shape[1]) for radiograph in radiographs)


def _draw_boxes(axes: Axes, boxes: pd.DataFrame, *, name_size: float | None) -> None:
    """Boxes coloured by class, each below its joint's name if `name_size` is given."""
    for box in boxes.to_dict("records"):
        colour = CLASS_COLOURS[box["class"]]
        width, height = box["x_max"] - box["x_min"], box["y_max"] - box["y_min"]
        corner = (box["x_min"], box["y_min"])
        axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=colour, linewidth=1))
        if name_size is not None:
            text = axes.annotate(
                box["joint"],
                (box["x_min"] + width / 2, box["y_min"]),
                xytext=(0, 1.5),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=name_size,
                color=colour,
            )
            outlined(text)


def _draw_crops(axes: Axes, crops: Image, scores: pd.DataFrame) -> None:
    """Crops in two columns, filled one after the other, each with its name and scores."""
    axes.set_axis_off()
    columns = 2
    rows = int(np.ceil(max(len(crops), 1) / columns))
    for place, (crop, score) in enumerate(zip(crops, scores.to_dict("records"), strict=True)):
        column, row = divmod(place, rows)
        bottom = 1 - (row + 1) / rows
        inset = axes.inset_axes((column / columns, bottom + 0.02, 0.24, 1 / rows - 0.04))
        show_image(inset, crop)
        damages = [name for name in ("erosion", "narrowing") if pd.notna(score[name])]
        lines = [score["joint"], *(f"{name[0].upper()} {int(score[name])}" for name in damages)]
        axes.text(
            column / columns + 0.255,
            bottom + 0.5 / rows,
            "\n".join(lines),
            transform=axes.transAxes,
            fontsize=5.5,
            va="center",
            linespacing=1.1,
        )


def _draw_arrows(panels: Sequence[Axes]) -> None:
    """A small arrow into each panel that has a stage to its left."""
    for number, panel in enumerate(panels):
        if number % 4:
            arrow = panel.annotate(
                "",
                (0, 0.5),
                xytext=(-0.05, 0.5),
                xycoords="axes fraction",
                arrowprops={
                    "arrowstyle": "-|>",
                    "mutation_scale": 7,
                    "linewidth": 0.8,
                    "color": CLASS_COLOURS["MCP"],
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
            arrow.set_in_layout(False)
