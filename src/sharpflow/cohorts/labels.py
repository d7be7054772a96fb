"""Label files of one radiograph as labelImg writes them: Pascal VOC XML and YOLO text.

Coordinates are edges, from 0 to the radiograph's width or height, as labelImg's are, not numbers of
pixels.
"""

import math
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from sharpflow.anatomy import BodyPart

CLASSES_FILE = "classes.txt"
VOC_SIDES = ("xmin", "ymin", "xmax", "ymax")
_SAVE_AGAIN = "Open the radiograph in labelImg and save its labels again."


class LabelledRadiograph(NamedTuple):
    """What the labels of a radiograph must agree with; size 0 where it could not be read."""

    image_id: str
    body_part: BodyPart
    height: float
    width: float


class Box(NamedTuple):
    """A box as its file gives it, in pixels."""

    where: str
    name: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float


class LabelError(Exception):
    """Something in a label file that cannot be understood."""

    def __init__(self, where: str, found: str, expected: str, remedy: str) -> None:
        """Keep the parts of a problem."""
        self.what = (where, found, expected, remedy)
        super().__init__(*self.what)


def parse_voc(path: Path, radiograph: LabelledRadiograph) -> tuple[list[Box], list[LabelError]]:
    """The boxes of a Pascal VOC file, and what cannot be understood in it."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        return [], [LabelError("", f"no readable XML ({error})", "Pascal VOC", _SAVE_AGAIN)]
    if root.tag != "annotation":
        found = f"XML of kind <{root.tag}>"
        return [], [LabelError("", found, "Pascal VOC <annotation>", _SAVE_AGAIN)]
    boxes, errors = [], _other_size(root, radiograph)
    for number, item in enumerate(root.findall("object"), 1):
        name = item.findtext("name", "").strip()
        where = f"object {number} ({name or 'no name'})"
        texts = [item.findtext(f"bndbox/{tag}", "") for tag in VOC_SIDES]
        try:
            boxes.append(Box(where, name, *_numbers(texts, where, "numbers xmin to ymax")))
        except LabelError as error:
            errors.append(error)
    return boxes, errors


def parse_yolo(
    path: Path, radiograph: LabelledRadiograph, names: list[str]
) -> tuple[list[Box], list[LabelError]]:
    """The boxes of a YOLO file, and what cannot be understood; `names` are classes by number."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [LabelError("", f"no readable text ({error})", "YOLO labels", _SAVE_AGAIN)]
    boxes, errors = [], []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                boxes.append(_yolo_box(f"line {number}", line, radiograph, names))
        except LabelError as error:
            errors.append(error)
    return boxes, errors


def _yolo_box(where: str, line: str, radiograph: LabelledRadiograph, names: list[str]) -> Box:
    shape = "a class number and x, y, width, height as fractions of the radiograph"
    number, *fractions = line.split()
    if len(fractions) != 4 or not number.isdecimal():
        raise LabelError(where, repr(line), shape, "Correct the line, or label again.")
    if int(number) >= len(names):
        raise LabelError(
            where,
            f"class number {number}",
            f"the number of a line of {CLASSES_FILE}, 0 to {len(names) - 1}",
            f"Correct the number, or copy the right {CLASSES_FILE}.",
        )
    x, y, width, height = _numbers(fractions, where, shape)
    return Box(
        where,
        names[int(number)],
        (x - width / 2) * radiograph.width,
        (y - height / 2) * radiograph.height,
        (x + width / 2) * radiograph.width,
        (y + height / 2) * radiograph.height,
    )


def _other_size(root: ElementTree.Element, radiograph: LabelledRadiograph) -> list[LabelError]:
    """An error if the file says that another size of radiograph was labelled; 0 says nothing."""
    size = tuple(root.findtext(f"size/{side}", "0").strip() for side in ("width", "height"))
    ours = (f"{radiograph.width:.0f}", f"{radiograph.height:.0f}")
    if not radiograph.height or "0" in size or size == ours:
        return []
    return [
        LabelError(
            "size",
            f"boxes drawn on a radiograph of {size[0]} x {size[1]} pixels",
            f"the radiograph's {ours[0]} x {ours[1]}",
            "Label the radiograph itself, or put the image that was labelled in its place.",
        )
    ]


def _numbers(texts: list[str], where: str, expected: str) -> list[float]:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        found = " ".join(text or "(nothing)" for text in texts)
        raise LabelError(where, found, expected, "Draw the box again in labelImg.")
    return numbers
