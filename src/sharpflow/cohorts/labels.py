"""Label files of one radiograph as labelImg writes them: Pascal VOC XML and YOLO text.

Coordinates are edges, from 0 to the radiograph's width or height, as labelImg's are, not numbers of
pixels.
"""

import math
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from sharpflow.anatomy import BodyPart
from sharpflow.cohorts.radiographs import named_alike
from sharpflow.cohorts.text import read_text
from sharpflow.errors import in_short

CLASSES_FILE = "classes.txt"
LABEL_SUFFIXES = (".xml", ".txt")
VOC_SIDES = ("xmin", "ymin", "xmax", "ymax")
_CLASS_NUMBER = re.compile(r"\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
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


def label_files(folder: Path) -> list[Path]:
    """The files that labelImg wrote into a folder, its classes.txt too, by name.

    Other files are not looked at. OSError where the folder cannot be read.
    """
    return [path for path in named_as_labels(folder) if path.is_file()]


def in_place_of_labels(folder: Path) -> list[Path]:
    """What has the name of a label file in a folder and is none: a folder, a broken link, a device.

    OSError where the folder cannot be read.
    """
    named = named_as_labels(folder)
    return [path for path in named if not path.is_file() and path.name != CLASSES_FILE]


def named_as_labels(folder: Path) -> list[Path]:
    """What has the name of a label file in a folder; nothing hidden. OSError as above."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in LABEL_SUFFIXES and not path.name.startswith(".")
    )


def labelled_images(labels: Iterable[Path], known: Collection[str]) -> dict[Path, str]:
    """The image_id of the radiograph that each label file is of: its name without suffix.

    The limb in it may be in another case than the radiograph's. A file of no radiograph of `known`
    has its name as it stands.
    """
    alike = {named_alike(image_id): image_id for image_id in known}
    names = {path: path.stem for path in labels}
    return {
        path: name if name in known else alike.get(named_alike(name), name)
        for path, name in names.items()
    }


def parse_label(
    path: Path, radiograph: LabelledRadiograph, names: list[str]
) -> tuple[list[Box], list[LabelError]]:
    """The boxes of a label file, and what cannot be understood in it; nothing is raised.

    Args:
        path: a Pascal VOC .xml or a YOLO .txt.
        radiograph: what the labels must agree with.
        names: of the classes by number, for YOLO.

    Returns:
        The boxes, and the errors.
    """
    try:
        if path.suffix.lower() == ".xml":
            return parse_voc(path, radiograph)
        return parse_yolo(path, radiograph, names)
    # Whatever a library makes of a damaged file, one file must not end the check of all.
    except Exception as error:
        found = f"a label file that cannot be read ({in_short(error)})"
        return [], [LabelError("", found, "Pascal VOC or YOLO labels", _SAVE_AGAIN)]


def parse_voc(path: Path, radiograph: LabelledRadiograph) -> tuple[list[Box], list[LabelError]]:
    """The boxes of a Pascal VOC file, and what cannot be understood in it."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        return [], [
            LabelError("", f"no readable XML ({in_short(error)})", "Pascal VOC", _SAVE_AGAIN)
        ]
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
        lines = read_text(path).splitlines()
    except (OSError, ValueError) as error:
        return [], [
            LabelError("", f"no readable text ({in_short(error)})", "YOLO labels", _SAVE_AGAIN)
        ]
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
    # Other programs write whole numbers as 0.0 and 1.00e+00.
    value = float(number) if _CLASS_NUMBER.fullmatch(number) else math.nan
    if len(fractions) != 4 or not value.is_integer():
        raise LabelError(where, repr(line[:200]), shape, "Correct the line, or label again.")
    if value >= len(names):
        raise LabelError(
            where,
            f"class number {number}",
            f"the number of a line of {CLASSES_FILE}, 0 to {len(names) - 1}",
            f"Correct the number, or copy the right {CLASSES_FILE}.",
        )
    x, y, width, height = _numbers(fractions, where, shape)
    return Box(
        where,
        names[int(value)],
        (x - width / 2) * radiograph.width,
        (y - height / 2) * radiograph.height,
        (x + width / 2) * radiograph.width,
        (y + height / 2) * radiograph.height,
    )


def _other_size(root: ElementTree.Element, radiograph: LabelledRadiograph) -> list[LabelError]:
    """An error if the file says that another size of radiograph was labelled; 0 says nothing."""
    size = tuple(root.findtext(f"size/{side}", "0").strip() for side in ("width", "height"))
    ours = (f"{radiograph.width:.0f}", f"{radiograph.height:.0f}")
    told = [_number(side) for side in size]
    if not radiograph.height or 0 in told or told == [radiograph.width, radiograph.height]:
        return []
    return [
        LabelError(
            "size",
            f"boxes drawn on a radiograph of {size[0]} x {size[1]} pixels",
            f"the radiograph's {ours[0]} x {ours[1]}",
            "Label the radiograph itself, or put the image that was labelled in its place.",
        )
    ]


def _number(text: str) -> float:
    """A number in any notation; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _numbers(texts: list[str], where: str, expected: str) -> list[float]:
    numbers = [_number(text) for text in texts]
    if not all(map(math.isfinite, numbers)):
        found = " ".join(text or "(nothing)" for text in texts)[:200]
        raise LabelError(where, found, expected, "Draw the box again in labelImg.")
    return numbers
