"""Labelled images: a film with its joints' boxes, names and scores (Tan et al., section 2.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sharpflow.anatomy import LIMBS, MAX_SCORE, Damage, LimbKind
from sharpflow.reporting.scores import NOT_FOUND

# Colour-blind safe, light enough to be seen on a film: none, mild, marked, severe.
SCORE_COLOURS: tuple[tuple[int, int, int], ...] = (
    (86, 180, 233),
    (240, 228, 66),
    (255, 150, 30),
    (255, 70, 110),
)
_NO_SCORE = (190, 190, 190)

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Label:
    box: Rectangle
    text: str
    colour: tuple[int, int, int]


def label_film(
    image: NDArray[np.uint8], joints: pd.DataFrame, *, note: str, smallest_height: int = 1200
) -> NDArray[np.uint8]:
    """Draw each found joint's box, name and scores on a film, and a line below on what is shown.

    A label reads "MCP2 / E 2 (3) / N 1 (1)": erosion and narrowing predicted, in brackets the true
    score where known. The colour is the worst of a joint's predicted scores as a share of the most
    that it can score. Joints that were not found are named below the film.

    Args:
        image: the film, uint8 (height, width).
        joints: the film's rows of scores/joints.csv, boxes in pixels of `image`.
        note: what data and models made it; stands below the film.
        smallest_height: films lower than this are enlarged so that the text can be read (ours).

    Returns:
        uint8 (height + the lines below, width, 3), RGB.
    """
    scale = max(1.0, smallest_height / image.shape[0])
    width, height = (round(side * scale) for side in (image.shape[1], image.shape[0]))
    font_size = max(14, round(height / 70))
    font, small = _font(font_size), _font(max(12, round(font_size * 0.8)))
    footer = _wrap(_footer_lines(joints, note), small, width - font_size)
    line_height = round(font_size * 1.25)
    canvas = Image.new("RGB", (width, height + line_height * len(footer) + font_size))
    film = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    canvas.paste(film.convert("RGB"), (0, 0))
    draw = ImageDraw.Draw(canvas)
    found = joints[joints["state"] != NOT_FOUND]
    labels = [_label(row, scale) for _, row in found.iterrows()]
    line = max(2, round(height / 600))
    for label in labels:
        draw.rectangle(label.box, outline=label.colour, width=line)
    taken = [label.box for label in labels]
    for label in labels:
        place = _free_place(draw, label, font, taken, (width, height), gap=line + 2)
        taken.append(place)
        draw.multiline_text(
            place[:2],
            label.text,
            font=font,
            fill=label.colour,
            stroke_width=max(1, line // 2 + 1),
            stroke_fill=(0, 0, 0),
            spacing=2,
        )
    for number, text in enumerate(footer):
        y = height + font_size // 2 + number * line_height
        draw.text((font_size // 2, y), text, font=small, fill=(235, 235, 235))
    return np.asarray(canvas)


def score_colour(row: pd.Series, kind: LimbKind) -> tuple[int, int, int]:  # type: ignore[type-arg]
    """Colour of a joint's worst predicted score, as a share of the most it can score.

    0 blue, up to a third yellow, up to two thirds orange, above it red; grey without scores.
    """
    shares = [
        float(row[f"{damage.value}_predicted"]) / MAX_SCORE[kind, damage]
        for damage in Damage
        if pd.notna(row[f"{damage.value}_predicted"])
    ]
    if not shares:
        return _NO_SCORE
    return SCORE_COLOURS[int(np.ceil(3 * min(1.0, max(shares)) - 1e-9))]


def _label(row: pd.Series, scale: float) -> _Label:  # type: ignore[type-arg]
    lines = [str(row["joint"])]
    for damage in Damage:
        predicted, true = row[f"{damage.value}_predicted"], row[f"{damage.value}_true"]
        if pd.notna(predicted):
            truth = f" ({int(true)})" if pd.notna(true) else ""
            lines.append(f"{damage.value[0].upper()} {int(predicted)}{truth}")
    x_min, y_min, x_max, y_max = (
        float(row[side]) * scale for side in ("x_min", "y_min", "x_max", "y_max")
    )
    colour = score_colour(row, LIMBS[row["limb"]].kind)
    return _Label((x_min, y_min, x_max, y_max), "\n".join(lines), colour)


def _footer_lines(joints: pd.DataFrame, note: str) -> list[str]:
    missing = joints.loc[joints["state"] == NOT_FOUND, "joint"]
    kind = LIMBS[joints["limb"].iloc[0]].kind
    ranges = ", ".join(
        f"{damage.value[0].upper()} {damage.value} 0-{MAX_SCORE[kind, damage]}" for damage in Damage
    )
    image_id = joints["image_id"].iloc[0]
    return [
        f"{image_id}: {ranges}; predicted, in brackets the true score. Wrist sites are not scored.",
        "Colour: worst score of a joint; 0 blue, then yellow, orange, red by thirds of the range.",
        f"Not found: {', '.join(missing) if len(missing) else 'none'}.",
        f"{note} Research use only.",
    ]


def _free_place(
    draw: ImageDraw.ImageDraw,
    label: _Label,
    font: ImageFont.FreeTypeFont,
    taken: Sequence[Rectangle],
    size: tuple[int, int],
    *,
    gap: int,
) -> Rectangle:
    """Where a label covers the least of boxes, other labels and what lies outside the film."""
    left, top, right, bottom = draw.multiline_textbbox((0, 0), label.text, font=font, spacing=2)
    width, height = right - left, bottom + max(0, top)
    x_min, y_min, x_max, y_max = label.box
    middle_x, middle_y = (x_min + x_max - width) / 2, (y_min + y_max - height) / 2
    corners = [
        (x_max + gap, middle_y),
        (x_min - width - gap, middle_y),
        (middle_x, y_min - height - gap),
        (middle_x, y_max + gap),
        (x_max + gap, y_min - height),
        (x_min - width - gap, y_min - height),
        (x_max + gap, y_max),
        (x_min - width - gap, y_max),
    ]
    corners = [
        (min(max(x, 0), size[0] - width), min(max(y, 0), size[1] - height)) for x, y in corners
    ]
    places = [(x, y, x + width, y + height) for x, y in corners]
    return min(places, key=lambda place: sum(_overlap(place, other) for other in taken))


def _overlap(one: Rectangle, other: Rectangle) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def _wrap(lines: Sequence[str], font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break lines at spaces so that none is wider than `width` pixels."""
    wrapped: list[str] = []
    for line in lines:
        current = ""
        for word in line.split():
            longer = f"{current} {word}".strip()
            if current and font.getlength(longer) > width:
                wrapped.append(current)
                longer = word
            current = longer
        wrapped.append(current)
    return wrapped


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans as matplotlib brings it, so that labels look alike on every machine."""
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)
