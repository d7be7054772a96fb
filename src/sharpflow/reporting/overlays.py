"""Overlays: a radiograph with its joints' boxes, names and scores (Tan et al., 2.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from sharpflow.anatomy import BOX_COLUMNS, LIMBS, MAX_SCORE, BodyPart, Damage
from sharpflow.files import atomic_write
from sharpflow.imaging.png import MADE_HERE, SOFTWARE
from sharpflow.imaging.shards import read_shards
from sharpflow.joints.radiographs import LEARNERS, UNSCORED
from sharpflow.joints.scoring.scores import NOT_FOUND
from sharpflow.reporting.label_places import Point, Rectangle, nearest_open, spread

# Colour-blind safe, light enough to be seen on a radiograph: none, mild, marked, severe.
SCORE_COLOURS: tuple[tuple[int, int, int], ...] = (
    (86, 180, 233),
    (240, 228, 66),
    (255, 150, 30),
    (255, 70, 110),
)
_NO_SCORE = (190, 190, 190)
_FOUND = SCORE_COLOURS[0]  # of joints in a study without scores
_LEARNERS = {"unet": "the U-Net", "detector": "the detector", "heads": "the scoring models"}
# Pixels. Lower radiographs are enlarged so that the text can be read (ours).
MIN_HEIGHT = 1200
_LEAST_WIDTH, _MOST_WIDTH = 600, 2400  # of radiographs with a caption


@dataclass(frozen=True)
class _Label:
    box: Rectangle
    text: str
    colour: tuple[int, int, int]

    @property
    def middle(self) -> Point:
        """The box's centre."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def label_radiograph(
    image: NDArray[np.uint8],
    joints: pd.DataFrame,
    *,
    note: str,
    part: str,
    has_scores: bool = True,
) -> NDArray[np.uint8]:
    """Box each found joint on a radiograph, and write its name and scores beside the radiograph.

    A label reads "MCP2 / E 2 (3)  N 1 (1)": erosion and narrowing as predicted, in brackets the
    true score if known; a line leads to its box. The colour is the worst of a joint's predicted
    scores as a share of its maximum. In a study without scores it reads "MCP2 / 0.93": the
    detector's confidence. "MCP2 ?" is a joint whose score is not to be trusted. A legend, the
    radiograph's part in training and the joints that were not found stand below the radiograph.

    Args:
        image: the radiograph, uint8 (height, width).
        joints: the radiograph's rows of scores/joints.csv, boxes in pixels of `image`; and, where
            known, trust: "no" where a score is not to be trusted.
        note: the data and models behind the scores; stands below the radiograph.
        part: a sentence on the radiograph's part in training, from `part_sentence`.
        has_scores: whether the study scores joints.

    Returns:
        uint8 RGB (height, width, 3), the radiograph at the top, between its labels.
    """
    scale = max(1.0, MIN_HEIGHT / image.shape[0])
    width, height = (round(side * scale) for side in (image.shape[1], image.shape[0]))
    font = _font_for(height)
    found = joints[joints["state"] != NOT_FOUND]
    write = _text if has_scores else _confidence_text
    texts = [write(row) for _, row in found.iterrows()]
    margin = round(max((_size(text, font)[0] for text in texts), default=0) + font.size)
    labels = [
        _Label(
            _box(row, scale, margin),
            text,
            score_colour(row, LIMBS[row["limb"]].body_part) if has_scores else _FOUND,
        )
        for text, (_, row) in zip(texts, found.iterrows(), strict=True)
    ]
    lines = _footer_lines(joints, note, part, has_scores=has_scores)
    canvas = _with_footer(image, (width, height), lines, font, margin=margin)
    draw = ImageDraw.Draw(canvas)
    left, right = _two_columns(labels)
    _draw_column(draw, left, labels, font, edge=margin, is_left=True, height=height)
    _draw_column(draw, right, labels, font, edge=margin + width, is_left=False, height=height)
    return np.asarray(canvas)


def caption_radiograph(image: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
    """Write lines below a radiograph.

    Args:
        image: uint8 (height, width); brought to `MIN_HEIGHT`, or to `_MOST_WIDTH` if that is less.
        lines: text; broken where they are too long.

    Returns:
        uint8 RGB (height, width, 3), the radiograph at the top.
    """
    scale = min(MIN_HEIGHT / image.shape[0], _MOST_WIDTH / image.shape[1])
    width, height = (max(1, round(side * scale)) for side in (image.shape[1], image.shape[0]))
    margin = max(0, (_LEAST_WIDTH - width + 1) // 2)  # else a narrow one leaves no room for text
    font = _font_for(MIN_HEIGHT)
    return np.asarray(_with_footer(image, (width, height), lines, font, margin=margin))


def _font_for(height: int) -> ImageFont.FreeTypeFont:
    return _font(max(14, round(height / 65)))


def _with_footer(
    image: NDArray[np.uint8],
    size: tuple[int, int],
    lines: Sequence[str],
    font: ImageFont.FreeTypeFont,
    *,
    margin: int,
) -> Image.Image:
    """A radiograph in `size` between black margins, and lines below it."""
    width, height = size
    footer = _wrap(lines, font, width + 2 * margin - font.size)
    line_height = round(font.size * 1.3)
    canvas = Image.new(
        "RGB", (width + 2 * margin, height + line_height * len(footer) + round(font.size))
    )
    radiograph = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)
    canvas.paste(radiograph.convert("RGB"), (margin, 0))
    draw = ImageDraw.Draw(canvas)
    for number, text in enumerate(footer):
        y = height + font.size / 2 + number * line_height
        draw.text((font.size / 2, y), text, font=font, fill=(235, 235, 235))
    return canvas


def write_overlays(
    folder: str | Path,
    joints: pd.DataFrame,
    radiographs: pd.DataFrame,
    shards: Sequence[str],
    *,
    note: str,
    has_scores: bool = True,
) -> None:
    """Label radiographs: folder/<image_id>.png of each.

    Args:
        folder: where they go.
        joints: the rows of scores/joints.csv of the radiographs to label.
        radiographs: image_id and the columns that `part_sentence` reads, of these or more.
        shards: the standardized radiographs (.npy) of these or more.
        note: as for `label_radiograph`.
        has_scores: as for `label_radiograph`.
    """
    images, rows = read_shards(shards)
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}
    sentences = part_sentences(radiographs)
    for image_id, of_radiograph in joints.groupby("image_id"):
        labelled = label_radiograph(
            images[number[image_id]],
            of_radiograph,
            note=note,
            part=sentences[str(image_id)],
            has_scores=has_scores,
        )
        save_overlay(labelled, Path(folder) / f"{image_id}.png")


def save_overlay(labelled: NDArray[np.uint8], path: Path) -> None:
    """Write a PNG by an atomic write, with a mark by which it is never taken for a radiograph."""
    mark = PngInfo()
    mark.add_text(SOFTWARE, MADE_HERE)
    with atomic_write(path) as temporary:
        Image.fromarray(labelled).save(temporary, pnginfo=mark)


def part_sentences(radiographs: pd.DataFrame) -> dict[str, str]:
    """The sentence of each radiograph, by image_id; `radiographs` as for `write_overlays`."""
    return {row["image_id"]: part_sentence(row) for _, row in radiographs.iterrows()}


def part_sentence(radiograph: pd.Series) -> str:  # type: ignore[type-arg]
    """What part a radiograph had in training.

    Args:
        radiograph: part, and unet, detector and heads: what learned from it, as
            `joints.radiographs.parts` gives them.
    """
    part = radiograph["part"]
    if part == UNSCORED:
        return "Nobody has scored this radiograph: it had no part in training."
    learned = [name for name in LEARNERS if radiograph[name] == part]
    names = " and ".join(filter(None, [", ".join(_LEARNERS[n] for n in learned[:-1]),
                                       *(_LEARNERS[n] for n in learned[-1:])]))  # fmt: skip
    sentence = {
        "train": f"Training radiograph: {names} learned from it, so its results look better than "
        "those of new radiographs.",
        "validation": f"Validation radiograph: it decided when the training of {names} stopped.",
        "test": "Test radiograph: it had no part in training.",
        "none": "No part in training: nothing learned from this radiograph, though its patient is "
        f"a {'training' if radiograph['split'] == 'train' else radiograph['split']} patient.",
    }[part]
    if {radiograph["detector"], radiograph["heads"]} <= {"train", "validation"}:
        sentence += (
            " Scores are of the labelled boxes, moved a little; the boxes are the detector's."
        )
    return sentence


def score_colour(row: pd.Series, body_part: BodyPart) -> tuple[int, int, int]:  # type: ignore[type-arg]
    """Colour of a joint's worst predicted score, as a share of its maximum.

    0 is blue, up to a third yellow, up to two thirds orange, above that red; grey without scores.
    """
    shares = [score_share(row, damage, body_part) for damage in Damage]
    known = [share for share in shares if share is not None]
    return SCORE_COLOURS[max(known)] if known else _NO_SCORE


def score_share(row: pd.Series, damage: Damage, body_part: BodyPart) -> int | None:  # type: ignore[type-arg]
    """The third of its range that a predicted score lies in, 1 to 3; 0 of a score of 0, or None."""
    predicted = row[f"{damage.value}_predicted"]
    if pd.isna(predicted):
        return None
    share = float(predicted) / MAX_SCORE[body_part, damage]
    return int(np.ceil(3 * min(1.0, share) - 1e-9))


def _text(row: pd.Series) -> str:  # type: ignore[type-arg]
    scores = []
    for damage in Damage:
        predicted, true = row[f"{damage.value}_predicted"], row[f"{damage.value}_true"]
        if pd.notna(predicted):
            truth = f" ({int(true)})" if pd.notna(true) else ""
            scores.append(f"{damage.value[0].upper()} {int(predicted)}{truth}")
    doubt = " ?" if row.get("trust") == "no" else ""
    return f"{row['joint']}{doubt}\n{'  '.join(scores) or 'not scored'}"


def _box(row: pd.Series, scale: float, margin: int) -> Rectangle:  # type: ignore[type-arg]
    x_min, y_min, x_max, y_max = (float(row[side]) * scale for side in BOX_COLUMNS)
    return x_min + margin, y_min, x_max + margin, y_max


def _confidence_text(row: pd.Series) -> str:  # type: ignore[type-arg]
    return f"{row['joint']}\n{float(row['confidence']):.2f}"


def _footer_lines(joints: pd.DataFrame, note: str, part: str, *, has_scores: bool) -> list[str]:
    found = joints["state"] != NOT_FOUND
    missing = joints.loc[~found, "joint"]
    which = f": {', '.join(missing)} not found" if len(missing) else ""
    body_part = LIMBS[joints["limb"].iloc[0]].body_part
    ranges = ", ".join(
        f"{damage.value[0].upper()} {damage.value} 0-{MAX_SCORE[body_part, damage]}"
        for damage in Damage
    )
    true = joints.reindex(columns=[f"{damage}_true" for damage in Damage])
    brackets = ", in brackets the true score" if true.notna().any(axis=None) else ""
    doubted = joints.reindex(columns=["trust"]).loc[found, "trust"] == "no"
    scores = [
        f"{ranges}; predicted{brackets}. Wrist sites are not scored.",
        "Colour: worst score of a joint; 0 blue, then yellow, orange, red by thirds of the range.",
        *(["?: a score that is not to be trusted."] if doubted.any() else []),
    ]
    confidences = [
        "Numbers: the detector's confidence, 0 to 1. Joints are not scored in this study."
    ]
    return [
        f"{joints['image_id'].iloc[0]}. {part}",
        f"{found.sum()} of {len(joints)} joints found{which}.",
        *(scores if has_scores else confidences),
        f"{note.rstrip('.')}. Research use only.",
    ]


def _two_columns(labels: Sequence[_Label]) -> tuple[list[_Label], list[_Label]]:
    """The joints on the left of the radiograph and those on the right, each from top to bottom."""
    across = sorted(labels, key=lambda label: label.middle[0])
    half = (len(across) + 1) // 2
    left, right = across[:half], across[half:]
    return _downwards(left), _downwards(right)


def _downwards(labels: Sequence[_Label]) -> list[_Label]:
    return sorted(labels, key=lambda label: label.middle[1])


def _draw_column(
    draw: ImageDraw.ImageDraw,
    side: Sequence[_Label],
    labels: Sequence[_Label],
    font: ImageFont.FreeTypeFont,
    *,
    edge: float,
    is_left: bool,
    height: float,
) -> None:
    """Draw the boxes of one side, their labels beside the image's `edge`, and lines between."""
    line = max(2, round(height / 600))
    label_height = _size("E\nN", font)[1] + font.size * 0.6
    wanted = [label.middle[1] - label_height / 2 for label in side]
    for label, top in zip(side, spread(wanted, label_height, height), strict=True):
        start_x = edge - font.size / 4 if is_left else edge + font.size / 4
        text_x = start_x - _size(label.text, font)[0] - 4 if is_left else start_x + 4
        start = (start_x, top + label_height / 2)
        others = [other.box for other in labels if other is not label]
        end = nearest_open(start, label.box, others)
        draw.line([start, end], fill=label.colour, width=max(1, line // 2))
        draw.rectangle(label.box, outline=label.colour, width=line)
        draw.multiline_text((text_x, top), label.text, font=font, fill=label.colour, spacing=2)


def _size(text: str, font: ImageFont.FreeTypeFont) -> Point:
    """Width and height of a text of several lines, pixels."""
    lines = text.splitlines()
    return max(map(font.getlength, lines)), len(lines) * (font.size + 2)


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
    """DejaVu Sans as matplotlib brings it, so that a study's labels look alike on every machine.

    Where scoring alone is installed there is no matplotlib, and Pillow's own font stands in.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
        return font
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)
