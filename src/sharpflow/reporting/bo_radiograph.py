"""Figure 1 of Bo et al.: (a) a radiograph with its joints and their damage, (b) the classes."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.reporting.bo_scores import printed_classes
from sharpflow.reporting.label_places import nearest_open, spread
from sharpflow.reporting.style import (
    NOTE_HEIGHT,
    PALETTE,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    panel_letter,
    show_image,
)
from sharpflow.whole_image.explanation.pointing_game import is_damaged
from sharpflow.whole_image.severity_classes import CLASSES, class_of

# Light, since they lie on a radiograph, and told apart by the colour-blind.
_EROSION, _NARROWING, _BOTH, _SOUND = "#ffb000", "#56b4e9", "#f06ba8", "0.75"
_SPLITS = ("train", "validation", "test")
_MARGIN = 0.16  # of the panel's width, at each side of the radiograph, for labels
_LABEL_SIZE = 5.5
_DISTRIBUTION = 1.75  # inches


def typical_damaged_radiograph(images: pd.DataFrame, *, quantile: float = 0.8) -> str:
    """The radiograph whose total is nearest a quantile of the totals: enough damage to see (ours).

    Args:
        images: image_id, total.
        quantile: 0 to 1.

    Returns:
        Its image_id; of equally near ones the first by name.
    """
    distance = (images["total"] - float(images["total"].quantile(quantile))).abs()
    ranked = images.assign(distance=distance).sort_values(["distance", "image_id"])
    return str(ranked["image_id"].iloc[0])


@in_journal_style
def draw_radiograph_and_classes(
    radiograph: NDArray[np.uint8],
    joints: pd.DataFrame | None,
    totals: pd.DataFrame,
    *,
    label: str,
    data: str,
) -> Figure:
    """Figure 1: a radiograph with its sites and damage, and the classes of each split.

    Args:
        radiograph: (height, width) grey.
        joints: its sites: limb, joint, x_min, y_min, x_max, y_max in radiograph pixels, erosion,
            narrowing; None where the cohort has no scores by joint, then the radiograph alone is
            shown.
        totals: of all images: split, total in score points.
        label: the radiograph's image_id.
        data: "phantom" or the cohort's name.
    """
    across = TWO_COLUMNS * (1 - 2 * _MARGIN)
    high = across * radiograph.shape[0] / radiograph.shape[1] + 0.42
    height = high + _DISTRIBUTION + NOTE_HEIGHT
    figure = new_figure(TWO_COLUMNS, height, note=data_note(data))
    above, below = figure.subplots(2, 1, height_ratios=(high, _DISTRIBUTION))
    show_image(above, radiograph)
    if joints is None:
        panel_letter(above, 0, f"{label}; this cohort has no scores by joint")
    else:
        _mark_joints(above, joints, radiograph.shape)
        panel_letter(above, 0, f"{label}: {_sums(joints)}")
    _draw_classes(below, totals)
    panel_letter(below, 1, "Severity classes by split")
    return figure


def _sums(joints: pd.DataFrame) -> str:
    erosion, narrowing = (int(joints[name].sum()) for name in ("erosion", "narrowing"))
    return f"total {erosion + narrowing} (erosion {erosion}, narrowing {narrowing})"


def _mark_joints(axes: Axes, joints: pd.DataFrame, shape: Sequence[int]) -> None:
    """Box every site; label the damaged ones at the radiograph's sides, lines leading to them."""
    boxes = joints[BOX_COLUMNS].to_numpy(float)
    colours = [_colour(site) for site in joints.to_dict("records")]
    damaged = is_damaged(joints).to_numpy()
    for box, colour, bad in zip(boxes, colours, damaged, strict=True):
        left, top, right, bottom = box
        axes.add_patch(
            Rectangle(
                (left, top), right - left, bottom - top, fill=False, edgecolor=colour,
                linewidth=0.9 if bad else 0.4, alpha=1 if bad else 0.7, zorder=3 if bad else 2,
            )
        )  # fmt: skip
    numbered = joints.assign(colour=colours, middle=boxes[:, 1::2].mean(axis=1))[damaged]
    on_left = numbered[["x_min", "x_max"]].mean(axis=1) < shape[1] / 2
    for side, is_left in ((numbered[on_left], True), (numbered[~on_left], False)):
        _label_side(axes, side.sort_values("middle"), shape, is_left=is_left)
    handles = [
        Line2D([], [], color=colour, label=text)
        for colour, text in (
            (_SOUND, "no damage"), (_EROSION, "erosion (E)"), (_NARROWING, "narrowing (N)"),
            (_BOTH, "both"),
        )
    ]  # fmt: skip
    axes.legend(
        handles=handles, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False,
        borderaxespad=0.2, handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip


def _colour(site: Mapping[Hashable, Any]) -> str:
    eroded, narrowed = (pd.notna(site[d]) and site[d] > 0 for d in ("erosion", "narrowing"))
    if eroded and narrowed:
        return _BOTH
    return _EROSION if eroded else _NARROWING if narrowed else _SOUND


def _label_side(axes: Axes, sites: pd.DataFrame, shape: Sequence[int], *, is_left: bool) -> None:
    if sites.empty:
        return
    height, width = shape[:2]
    inches = TWO_COLUMNS * (1 - 2 * _MARGIN) / width  # of a radiograph pixel
    step = min(_LABEL_SIZE * 1.35 / 72 / inches, height / len(sites))
    size = min(_LABEL_SIZE, step * inches * 72 / 1.1)
    edge, out = (0.0, -1) if is_left else (float(width), 1)
    tops = spread([y - step / 2 for y in sites["middle"]], step, height)
    boxes = [tuple(box) for box in sites[BOX_COLUMNS].to_numpy(float)]
    for place, (top, site) in enumerate(zip(tops, sites.to_dict("records"), strict=True)):
        start = (edge + out * 0.008 * width, top + step / 2)
        others = boxes[:place] + boxes[place + 1 :]
        end = nearest_open(start, boxes[place], others)
        axes.plot(
            *zip(start, end, strict=True), color=site["colour"], linewidth=0.5, clip_on=False,
            zorder=4, scalex=False, scaley=False,
        )  # fmt: skip
        axes.text(
            start[0] + out * 0.006 * width, start[1], _text(site), fontsize=size, va="center",
            ha="right" if is_left else "left",
        )  # fmt: skip


def _text(site: Mapping[Hashable, Any]) -> str:
    scores = [
        f"{damage[0].upper()}{site[damage]:.0f}"
        for damage in ("erosion", "narrowing")
        if pd.notna(site[damage]) and site[damage] > 0
    ]
    return f"{site['joint']}  {' '.join(scores)}"


def _draw_classes(axes: Axes, totals: pd.DataFrame) -> None:
    """Share of a split's images in each class, the number over the bar."""
    counts = (
        pd.DataFrame({"split": totals["split"], "class": class_of(totals["total"])})
        .value_counts()
        .reindex(pd.MultiIndex.from_product([_SPLITS, range(CLASSES)]), fill_value=0)
        .rename_axis(["split", "class"])
        .rename("n")
        .reset_index()
    )
    counts["share"] = 100 * counts["n"] / counts.groupby("split")["n"].transform("sum").clip(1)
    images = counts.groupby("split")["n"].sum()
    titles = {name: f"{name} (n = {images[name]})" for name in _SPLITS}
    sns.barplot(
        counts.assign(split=counts["split"].map(titles)), x="class", y="share", hue="split",
        ax=axes, palette=list(PALETTE[:3]), saturation=1, width=0.84,
    )  # fmt: skip
    for bars, name in zip(axes.containers, _SPLITS, strict=True):
        numbers = [str(n) for n in counts.loc[counts["split"] == name, "n"]]
        axes.bar_label(bars, numbers, fontsize=5, padding=1)  # type: ignore[arg-type]
    axes.set_xticks(range(CLASSES), printed_classes())
    axes.set_ylim(0, max(1.0, float(counts["share"].max())) * 1.12)
    axes.set_xlabel("Total SvdH score of both hands and wrists")
    axes.set_ylabel("Images of the split, %")
    axes.legend(frameon=False, loc="upper right", handlelength=1.2)
