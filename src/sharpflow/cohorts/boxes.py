"""Joint boxes that labelImg wrote: Pascal VOC XML or YOLO text.

The name of a label file is the radiograph's image_id.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, BodyPart
from sharpflow.cohorts.box_names import (
    BoxName,
    naming_problems,
    plain_name,
    read_box_name,
    unknown_name,
)
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.labels import (
    CLASSES_FILE,
    LABEL_SUFFIXES,
    VOC_SIDES,
    Box,
    LabelError,
    LabelledRadiograph,
    in_place_of_labels,
    label_files,
    labelled_images,
    parse_label,
)
from sharpflow.cohorts.radiographs import counted_within, in_place_of, in_subfolders
from sharpflow.cohorts.text import read_text
from sharpflow.errors import in_short
from sharpflow.files import atomic_write

BOX_TABLE = ["image_id", "class", "joint", *BOX_COLUMNS]
# YOLO text has 6 digits, and annotation tools let a box end on the radiograph's last line: a box
# that leaves the radiograph by no more than this is cut at the border.
_TOLERANCE = 1.0  # pixels


def write_voc(path: str | Path, image_id: str, size: tuple[int, int], boxes: pd.DataFrame) -> None:
    """Write the boxes of one radiograph as labelImg writes Pascal VOC.

    Args:
        path: of the XML file.
        image_id: the radiograph's.
        size: its (height, width), pixels.
        boxes: class, x_min, y_min, x_max, y_max in its pixels, which are rounded to whole ones, as
            labelImg's are.
    """
    height, width = size
    root = ElementTree.Element("annotation")
    for tag, text in (("folder", "radiographs"), ("filename", f"{image_id}.jpg")):
        ElementTree.SubElement(root, tag).text = text
    source = ElementTree.SubElement(root, "source")
    ElementTree.SubElement(source, "database").text = "Unknown"
    shape = ElementTree.SubElement(root, "size")
    for tag, number in (("width", width), ("height", height), ("depth", 1)):
        ElementTree.SubElement(shape, tag).text = str(number)
    ElementTree.SubElement(root, "segmented").text = "0"
    for box in boxes.to_dict("records"):
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = str(box["class"])
        for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            ElementTree.SubElement(item, tag).text = text
        corners = ElementTree.SubElement(item, "bndbox")
        for tag, column in zip(VOC_SIDES, BOX_COLUMNS, strict=True):
            ElementTree.SubElement(corners, tag).text = str(round(float(box[column])))
    ElementTree.indent(root, "\t")
    with atomic_write(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8")


def read_boxes(
    folder: str | Path, radiographs: pd.DataFrame, ignored_classes: Collection[str] = ()
) -> tuple[pd.DataFrame, list[Finding]]:
    """Read the joint boxes of a cohort, and collect all that is wrong with them.

    Args:
        folder: holds `<image_id>.xml` (Pascal VOC) or `<image_id>.txt` with a `classes.txt` (YOLO);
            not every radiograph needs a file, and the limb in its name may be in another case. A
            box names a class of the body part (hand PIP MCP, foot PIP MTP); or the joint itself
            (`read_box_name`), then all boxes of the radiograph do.
        radiographs: image_id, body_part, height, width (pixels; 0 for a radiograph that could not
            be read: its classes are checked, its boxes left out).
        ignored_classes: boxes of these are left out.

    Returns:
        A table image_id, class, joint (blank where the label gives the class alone), x_min, y_min,
        x_max, y_max (radiograph pixels), radiographs by id and boxes in the order of their file;
        and the problems. A radiograph with a problem has no boxes.
    """
    folder = Path(folder)
    problems: list[Finding] = []
    labels = _label_files(folder, problems)
    if radiographs.empty:
        labels = []  # why there is none is told already, and not once more for each label file
    known = {
        str(row["image_id"]): LabelledRadiograph(
            str(row["image_id"]),
            BodyPart(row["body_part"]),
            float(row["height"]),
            float(row["width"]),
        )
        for row in radiographs.to_dict("records")
    }
    names = _yolo_classes(folder, labels, problems)
    rows: list[tuple[str | float, ...]] = []
    image_ids = labelled_images(labels, known)
    for path in labels:
        radiograph = known.get(image_ids[path])
        if radiograph is None:
            problems.append(_no_radiograph(path))
            continue
        if not _is_voc(path) and not names:
            continue  # what is missing was told already
        boxes, wrong = _read_label(path, radiograph, names, ignored_classes)
        problems += wrong
        if not wrong and radiograph.height:
            rows += [_row(box, name, radiograph) for box, name in boxes]
    twice = _labelled_twice(image_ids)
    problems += twice
    bad = {problem.name for problem in twice}
    table = pd.DataFrame([row for row in rows if row[0] not in bad], columns=BOX_TABLE)
    return table.astype(dict.fromkeys(BOX_COLUMNS, float)), problems


def _is_voc(path: Path) -> bool:
    return path.suffix.lower() == ".xml"


def _label_files(folder: Path, problems: list[Finding]) -> list[Path]:
    found = "no label files"
    try:
        labels = [path for path in label_files(folder) if path.name != CLASSES_FILE]
        problems += [in_place_of(path, "label file") for path in in_place_of_labels(folder)]
        if labels:
            return sorted(labels, key=lambda path: (path.stem, path.suffix))
    except (OSError, ValueError) as error:
        found = f"no such folder ({in_short(error)})"
    within = in_subfolders(folder, LABEL_SUFFIXES)
    if within:
        found += f", but {counted_within(within)}"
    problems.append(
        Finding(
            str(folder),
            "",
            found,
            "a folder of labelImg's files, <image_id>.xml or <image_id>.txt with classes.txt",
            "Move them up." if within else "Correct the path of the joint boxes in the config.",
        )
    )
    return []


def _no_radiograph(path: Path) -> Finding:
    return Finding(
        str(path),
        "",
        f"labels of {path.stem}, which is not a radiograph of the cohort",
        "a label file named as its radiograph's image_id",
        "Rename it to its radiograph's image_id, add the radiograph, or delete the file.",
        Scope.ENTRY,
        path.name,
    )


def _labelled_twice(image_ids: Mapping[Path, str]) -> list[Finding]:
    """A problem for each file but the first of a radiograph."""
    first: dict[str, Path] = {}
    return [
        Finding(
            str(path),
            "",
            f"a second label file of {image_id}",
            "one label file a radiograph, .xml or .txt",
            "Delete the one that is out of date.",
            Scope.BOXES,
            image_id,
        )
        for path, image_id in image_ids.items()
        if first.setdefault(image_id, path) != path
    ]


def _yolo_classes(folder: Path, labels: list[Path], problems: list[Finding]) -> list[str]:
    """Class names by number; a problem if YOLO files lack them."""
    path = folder / CLASSES_FILE
    if all(map(_is_voc, labels)):
        return []
    try:
        names = read_text(path).rstrip().splitlines()
        found = "no class names"
    except (OSError, ValueError) as error:
        names = []
        found = f"no readable {CLASSES_FILE} ({in_short(error)})"
    if not names:
        problems.append(
            Finding(
                str(path),
                "",
                found,
                "the class names of the YOLO label files, one a line",
                f"Copy the {CLASSES_FILE} that labelImg wrote beside them.",
            )
        )
        return []
    return [name.strip() for name in names]


def _read_label(
    path: Path, radiograph: LabelledRadiograph, names: list[str], ignored: Collection[str]
) -> tuple[list[tuple[Box, BoxName]], list[Finding]]:
    """A radiograph's boxes and their names, without the ignored ones, and the file's problems."""
    boxes, errors = parse_label(path, radiograph, names)
    if not boxes and not errors:
        errors = [
            LabelError("", "no box", "at least one", "Label the radiograph, or delete the file.")
        ]
    wrong = [Finding(str(path), *error.what, Scope.BOXES, radiograph.image_id) for error in errors]
    skipped = {plain_name(name) for name in ignored}
    kept = [box for box in boxes if plain_name(box.name) not in skipped]
    wrong += [
        Finding(str(path), box.where, *what, Scope.BOXES, radiograph.image_id)
        for box in kept
        for what in _box_problems(box, radiograph)
    ]
    named = [(box, name) for box in kept if (name := read_box_name(box.name, radiograph.body_part))]
    wrong += [
        Finding(str(path), *what, Scope.BOXES, radiograph.image_id)
        for what in naming_problems((box.where, name) for box, name in named)
    ]
    return named, wrong


def _box_problems(box: Box, radiograph: LabelledRadiograph) -> list[tuple[str, str, str]]:
    """Found, expected and remedy of all that is wrong with a box."""
    problems = []
    edges = " ".join(f"{edge:g}" for edge in box[2:])
    if read_box_name(box.name, radiograph.body_part) is None:
        problems.append(unknown_name(box.name, radiograph.body_part))
    if radiograph.height == 0:  # its size is not known
        return problems
    is_flat = box.x_max <= box.x_min or box.y_max <= box.y_min
    if is_flat:
        problems.append(
            (
                f"a box of no width or height ({edges})",
                "x_min below x_max and y_min below y_max",
                "Draw the box again in labelImg.",
            )
        )
    if _is_beyond(box, radiograph) or (not is_flat and _is_beside(box, radiograph)):
        problems.append(
            (
                f"a box outside the image ({edges})",
                f"0 0 {radiograph.width:.0f} {radiograph.height:.0f} at most",
                "Draw the box again in labelImg, on the radiograph of this size.",
            )
        )
    return problems


def _is_beyond(box: Box, radiograph: LabelledRadiograph) -> bool:
    """Whether a box reaches further than rounding explains."""
    return (
        min(box.x_min, box.y_min) < -_TOLERANCE
        or box.x_max > radiograph.width + _TOLERANCE
        or box.y_max > radiograph.height + _TOLERANCE
    )


def _is_beside(box: Box, radiograph: LabelledRadiograph) -> bool:
    """Whether nothing of a box would be left if it were cut at the border."""
    return (
        min(box.x_max, box.y_max) <= 0
        or box.x_min >= radiograph.width
        or box.y_min >= radiograph.height
    )


def _row(box: Box, name: BoxName, radiograph: LabelledRadiograph) -> tuple[str | float, ...]:
    """A row of the table; the box is cut at the radiograph's border."""
    return (
        radiograph.image_id,
        *name,
        max(box.x_min, 0.0),
        max(box.y_min, 0.0),
        min(box.x_max, radiograph.width),
        min(box.y_max, radiograph.height),
    )
