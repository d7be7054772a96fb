"""Figures 3 and 5 of Bo et al.: Grad-CAM of a true negative, a false positive, and so on."""

import re
import textwrap
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from numpy.typing import NDArray

from sharpflow.reporting.style import (
    NOTE_HEIGHT,
    TWO_COLUMNS,
    data_note,
    in_journal_style,
    new_figure,
    panel_letter,
    show_image,
)
from sharpflow.whole_image.explanation.cases import PANELS
from sharpflow.whole_image.explanation.pointing_game import boxes_in_packed, is_damaged

_NAMES = {"TN": "True negative", "FP": "False positive", "TP": "True positive",
          "FN": "False negative"}  # fmt: skip
# Perceptually uniform; cold heat lets the radiograph through, and the colour bar shows the same.
_HEAT = "inferno"
_MOST_COVER = 0.75
_TEXT_WIDTH = 36  # letters a line below a panel
_LINE = 0.115  # inches
_COMPARISON, _KEPT_TOGETHER = re.compile(r" ([<>≤≥]) "), "\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}"


@in_journal_style
def draw_grad_cam(
    cases: pd.DataFrame,
    images: NDArray[np.uint8],
    heat: NDArray[np.float32],
    *,
    task: str,
    title: str,
    data: str,
    joints: pd.DataFrame | None = None,
    comments: Mapping[str, str] | None = None,
) -> Figure:
    """Figure 3 (totals) or 5 (classes): radiographs above, with heat over them below, TN FP TP FN.

    Below a panel stand the rule, or that no case met it, and a rheumatologist's comment.

    Args:
        cases: from `choose_cases`, with height and width of the original radiographs, since packed
            images are square: panel, image_id, true, predicted, met, rule, height, width.
        images: (n, size, size) packed, row by row as `cases`.
        heat: (n, size, size), 0 to 1.
        task: "total" or "severity": how scores are printed.
        title: which network.
        data: "phantom" or the cohort's name.
        joints: where the truth is known: image_id, boxes in radiograph pixels, erosion, narrowing;
            damaged sites are circled.
        comments: image_id -> comment; those on other images are not shown.
    """
    below = {
        str(case["panel"]): _text_below(case, (comments or {}).get(case["image_id"]))
        for case in cases.to_dict("records")
    }
    lines = max((text.count("\n") + 1 for text in below.values()), default=1)
    flat = float((cases["height"] / cases["width"]).max()) if len(cases) else 0.65
    height = 2 * 1.62 * flat + 0.36 + NOTE_HEIGHT + lines * _LINE
    figure = new_figure(TWO_COLUMNS, height, note=_note(title, joints, data), layout="compressed")
    panels = figure.subplots(2, len(PANELS), squeeze=False)
    by_panel = {panel: place for place, panel in enumerate(cases["panel"])}
    for column, panel in enumerate(PANELS):
        radiograph, overlay = panels[:, column]
        if panel not in by_panel:
            _say_no_image(radiograph, overlay, column, panel)
            continue
        place = by_panel[panel]
        case = cases.iloc[place]
        aspect = float(case["height"] / case["width"])
        show_image(radiograph, images[place], aspect=aspect)
        _draw_overlay(overlay, images[place], heat[place], aspect)
        if joints is not None:
            _circle_damage(overlay, joints, case, size=images.shape[-1])
        panel_letter(radiograph, column, f"{_NAMES[panel]}\n{_scores(case, task)}")
        overlay.set_xlabel(below[panel], fontsize=6, loc="left", linespacing=1.2)
    colours = ScalarMappable(cmap=_bar_colours())
    bar = figure.colorbar(colours, ax=panels.ravel().tolist(), shrink=0.75, aspect=28, pad=0.01)
    for axes in panels.ravel():  # after the colour bar, which moves its panels to the middle
        axes.set_anchor("N")
    bar.set_label("Grad-CAM, share of the image's highest")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def _note(title: str, joints: pd.DataFrame | None, data: str) -> str:
    circled = " Circles: sites with damage." if joints is not None else ""
    return f"{title}, test images.{circled} {data_note(data)}"


def _scores(case: "pd.Series[float]", task: str) -> str:
    if task == "severity":
        return f"true class {case['true']:.0f}, predicted {case['predicted']:.0f}"
    return f"true {case['true']:g}, predicted {case['predicted']:.1f}"


def _text_below(case: Mapping[Hashable, Any], comment: object) -> str:
    rule = _COMPARISON.sub(_KEPT_TOGETHER, f"{case['panel']}: {case['rule']}")
    lines = textwrap.wrap(rule, _TEXT_WIDTH)
    if not case["met"]:
        lines += textwrap.wrap("No case met the rule: nearest shown.", _TEXT_WIDTH)
    if isinstance(comment, str) and comment.strip():
        lines += textwrap.wrap(f"“{comment.strip()}”", _TEXT_WIDTH)
    return "\n".join(lines)


def _draw_overlay(
    axes: Axes, image: NDArray[np.uint8], heat: NDArray[np.float32], aspect: float
) -> None:
    show_image(axes, image, aspect=aspect)
    axes.imshow(heat, cmap=_HEAT, vmin=0, vmax=1, alpha=_cover(heat), aspect=aspect)
    if not heat.any():
        text = "no heat: nothing speaks\nfor this output"
        behind = {"facecolor": "0.1", "edgecolor": "none", "pad": 2}
        axes.text(0.5, 0.5, text, transform=axes.transAxes, color="white", ha="center",
                  va="center", fontsize=6, bbox=behind)  # fmt: skip


def _cover(heat: NDArray[np.floating]) -> NDArray[np.floating]:
    """How much of the radiograph heat hides: cold nothing, hot three quarters."""
    return np.asarray(_MOST_COVER * np.sqrt(heat))


def _bar_colours() -> ListedColormap:
    """The map's colours as they look over a mid-grey radiograph."""
    steps = np.linspace(0, 1, 256)
    cover = _cover(steps)[:, None]
    return ListedColormap(cover * colormaps[_HEAT](steps)[:, :3] + (1 - cover) * 0.5)


def _circle_damage(
    axes: Axes, joints: pd.DataFrame, case: "pd.Series[float]", *, size: int
) -> None:
    of_radiograph = joints[joints["image_id"] == case["image_id"]]
    damaged = of_radiograph[is_damaged(of_radiograph)]
    boxes = boxes_in_packed(damaged, height=case["height"], width=case["width"], size=size)
    for left, top, right, bottom in boxes:
        middle = ((left + right) / 2, (top + bottom) / 2)
        axes.add_patch(
            Ellipse(middle, right - left, bottom - top, fill=False, edgecolor="white", lw=0.5)
        )


def _say_no_image(radiograph: Axes, overlay: Axes, column: int, panel: str) -> None:
    for axes in (radiograph, overlay):
        axes.set_axis_off()
    panel_letter(radiograph, column, _NAMES[panel])
    radiograph.text(
        0.5, 0.5, "no test image left", transform=radiograph.transAxes, ha="center", va="center"
    )
