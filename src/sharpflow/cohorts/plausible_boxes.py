"""Warn of joint boxes that are well formed and implausible."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, BodyPart
from sharpflow.cohorts.warnings import CohortWarning, Doubt, merge_if_most
from sharpflow.imaging.silhouettes import PACKED_SIDE, Mask, unpack_silhouette

_ORIENTATION = 0x0112  # the EXIF tag
_FEW_LABELLED = 0.5  # of the radiographs; with fewer, only some were meant to be labelled

_Floats = npt.NDArray[np.float64]


def implausible_boxes(
    labels: Mapping[str, Path],
    boxes: pd.DataFrame,
    radiographs: pd.DataFrame,
    limits: Mapping[str, Any],
) -> list[CohortWarning]:
    """Warn of boxes by number, class, size and place.

    Args:
        labels: the label file by image_id.
        boxes: BOX_TABLE, as `read_boxes` gives it.
        radiographs: image_id, file, body_part, height, width, silhouette of each radiograph (blank
            where it is not to be trusted).
        limits: the settings `checks: warnings`.
    """
    known = {str(row["image_id"]): row for row in radiographs.to_dict("records")}
    found: list[CohortWarning] = []
    for image_id, group in boxes.groupby("image_id", sort=True):
        radiograph, label = known[str(image_id)], labels[str(image_id)]
        picture = str(radiograph["file"])
        body_part = BodyPart(radiograph["body_part"])
        doubts = (
            *_doubled(group, limits["box_overlap"]),
            *_numbers(group, body_part),
            *_order(group, body_part),
            *_distance(group, body_part, limits["pip_distance"]),
            *_sizes(group, limits["box_size"]),
            *_places(group, radiograph, limits["boxes_on_limb"]),
        )
        found += [
            CohortWarning(str(label), str(image_id), str(body_part), *doubt, picture)
            for doubt in doubts
        ]
    return found


def unlabelled(
    folder: str | Path, radiographs: pd.DataFrame, labelled: set[str], scored: set[str]
) -> list[CohortWarning]:
    """Warn of radiographs of scored patients without boxes, where most have some.

    Args:
        folder: of the label files.
        radiographs: image_id, patient, file, body_part.
        labelled: image_id of each radiograph that has a label file, good or bad.
        scored: patients who have scores.
    """
    missing = radiographs[
        radiographs["patient"].isin(scored) & ~radiographs["image_id"].isin(labelled)
    ]
    if not labelled or len(missing) > _FEW_LABELLED * len(radiographs):
        return []
    return [
        CohortWarning(
            str(row["file"]),
            str(row["image_id"]),
            str(row["body_part"]),
            "scored, but without a label file",
            "no boxes",
            f"{len(labelled)} of {len(radiographs)} radiographs have some",
            f"Label it in {folder}, unless it was left out on purpose.",
            radiograph=str(row["file"]),
        )
        for row in missing.to_dict("records")
    ]


def other_images(
    folder: str | Path, labels: Mapping[str, Path], radiographs: pd.DataFrame
) -> list[CohortWarning]:
    """Warn of Pascal VOC files whose <filename> is not their radiograph's.

    Where most name images that are no radiographs of the cohort, each another, the radiographs were
    renamed after they were labelled: that is one warning.

    Args:
        folder: of the label files.
        labels: the label file by image_id, each readable.
        radiographs: image_id, file, body_part.
    """
    rows = {str(row["image_id"]): row for row in radiographs.to_dict("records")}
    own = {name: {_plain(name), _plain(str(row["file"]))} for name, row in rows.items()}
    named = {
        name: ElementTree.parse(labels[name]).getroot().findtext("filename", "").strip()
        for name in sorted(own.keys() & labels.keys())
        if labels[name].suffix.lower() == ".xml"
    }
    counts = Counter(map(_plain, named.values()))
    of_cohort = set().union(*own.values())
    renamed: list[CohortWarning] = []
    mistaken: list[CohortWarning] = []
    for name, other in named.items():
        if not other or _plain(other) in own[name]:
            continue
        file = str(rows[name]["file"])
        is_once = counts[_plain(other)] == 1 and _plain(other) not in of_cohort
        (renamed if is_once else mistaken).append(
            CohortWarning(
                str(labels[name]),
                name,
                str(rows[name]["body_part"]),
                "the labels name another image",
                f"<filename> {other}",
                f"{name} or {Path(file).name}",
                "Check that the boxes are this radiograph's, unless the radiographs were renamed "
                "after they were labelled; correct <filename>, or the file's name.",
                file,
            )
        )
    return [*mistaken, *merge_if_most(renamed, len(named), folder)]


def _plain(file: str) -> str:
    """The name of a file without folder, suffix and case."""
    return Path(file.replace("\\", "/")).stem.casefold()


def _doubled(boxes: pd.DataFrame, most: float) -> Iterator[Doubt]:
    edges = boxes[BOX_COLUMNS].to_numpy(float)
    for (first, name), (second, other) in combinations(zip(edges, _names(boxes), strict=True), 2):
        overlap = _overlap(first, second)
        if overlap > most:
            yield Doubt(
                f"{name} and {other} boxed at one place",
                f"{overlap:.2f} overlap",
                f"at most {most:g}",
                "Delete one of the two boxes, or move it to its joint.",
            )


def _names(boxes: pd.DataFrame) -> list[str]:
    """Each box's joint, or its class where the label gives that alone."""
    named = zip(boxes["joint"], boxes["class"], strict=True)
    return [str(joint or detector_class) for joint, detector_class in named]


def _overlap(first: _Floats, second: _Floats) -> float:
    """Intersection over union of two boxes x_min, y_min, x_max, y_max."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    areas = np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2])
    return shared / (float(areas) - shared)


def _numbers(boxes: pd.DataFrame, body_part: BodyPart) -> Iterator[Doubt]:
    expected = Counter(str(joint.detector_class) for joint in DETECTED_JOINTS[body_part])
    found = Counter(boxes["class"])
    if found == expected:
        return
    total, right = sum(found.values()), sum(expected.values())
    if total == right:
        what, remedy = "classes swapped", "Correct the class of the box that has the wrong one."
    elif total < right:
        what, remedy = "too few boxes", "Box the missing joint, unless it cannot be seen."
    else:
        what, remedy = "too many boxes", "Delete the boxes that are no joint of the score."
    yield Doubt(what, _count(found, expected), _count(expected, expected), remedy)


def _count(numbers: Counter[str], order: Counter[str]) -> str:
    return ", ".join(f"{numbers[name]} {name}" for name in order)


def _order(boxes: pd.DataFrame, body_part: BodyPart) -> Iterator[Doubt]:
    """Fingertips point up, so the joints nearer to them lie higher, on average."""
    base = "MCP" if body_part is BodyPart.HAND else "MTP"
    height = boxes.assign(y=(boxes["y_min"] + boxes["y_max"]) / 2).groupby("class")["y"].mean()
    if "PIP" not in height or base not in height or height["PIP"] < height[base]:
        return
    yield Doubt(
        f"PIP boxes lie below the {base} boxes",
        f"PIP at {height['PIP']:.0f}, {base} at {height[base]:.0f} pixels from the top",
        f"PIP above {base}",
        "Swap the classes, or turn the radiograph and its boxes so that the tips point up.",
    )


def _distance(boxes: pd.DataFrame, body_part: BodyPart, most: float) -> Iterator[Doubt]:
    """How far the PIP joints of four fingers lie from the MCP joints: DIP joints lie further."""
    if body_part is not BodyPart.HAND:
        return
    middles = boxes.assign(
        x=(boxes["x_min"] + boxes["x_max"]) / 2, y=(boxes["y_min"] + boxes["y_max"]) / 2
    )
    # The thumb's joints are the lowest of either class.
    pip, mcp = (
        middles[middles["class"] == name].nsmallest(4, "y")[["x", "y"]].to_numpy()
        for name in ("PIP", "MCP")
    )
    if len(pip) < 4 or len(mcp) < 4:
        return
    knuckles = max(float(np.hypot(*(a - b))) for a, b in combinations(mcp, 2))
    away = float(np.hypot(*(pip.mean(0) - mcp.mean(0)))) / max(knuckles, 1.0)
    if away > most:
        yield Doubt(
            "PIP boxes lie far from the MCP boxes, as DIP joints do",
            f"{away:.2f} of the knuckles' width",
            f"at most {most:g}",
            "Look at the labels: box the PIP joints, or name DIP boxes DIP and ignore the class.",
        )


def _sizes(boxes: pd.DataFrame, most: float) -> Iterator[Doubt]:
    sides = np.sqrt((boxes["x_max"] - boxes["x_min"]) * (boxes["y_max"] - boxes["y_min"]))
    median = float(sides.median())
    for name, side in zip(_names(boxes), sides, strict=True):
        if side > most * median or side * most < median:
            yield Doubt(
                f"{name}'s box is {'huge' if side > median else 'tiny'}",
                f"{side:.0f} pixels a side; the radiograph's median is {median:.0f}",
                f"{median / most:.0f} to {most * median:.0f}",
                "Draw the box again.",
            )


def _places(boxes: pd.DataFrame, radiograph: Mapping[Any, Any], least: float) -> Iterator[Doubt]:
    """Boxes that mostly lie on the background; or fit the radiograph before it was turned."""
    if not radiograph["silhouette"]:
        return  # not to be trusted
    limb = unpack_silhouette(str(radiograph["silhouette"]))
    if not limb.any():
        return
    x = (boxes["x_min"] + boxes["x_max"]).to_numpy(float) / 2 / radiograph["width"]
    y = (boxes["y_min"] + boxes["y_max"]).to_numpy(float) / 2 / radiograph["height"]
    share = _share_on(limb, x, y)
    if share >= least:
        return
    measured = f"{share:.2f} of the boxes lie on the limb"
    for turned_x, turned_y in _before_rotation(Path(str(radiograph["file"])), radiograph, x, y):
        if _share_on(limb, turned_x, turned_y) >= least:
            yield Doubt(
                "boxes made before the file's rotation (EXIF) was applied",
                measured,
                f"at least {least:g}",
                "Save the picture turned, without the EXIF tag, and label it again.",
            )
            return
    yield Doubt(
        "boxes on the background",
        measured,
        f"at least {least:g}",
        "Look at the labels: they may be another radiograph's, or of the mirrored picture.",
    )


def _share_on(limb: Mask, x: _Floats, y: _Floats) -> float:
    """Share of points (fractions of the sides) on the limb or within a pixel of it."""
    near = np.zeros_like(np.pad(limb, 1))
    for dy in range(3):
        for dx in range(3):
            near[dy : dy + PACKED_SIDE, dx : dx + PACKED_SIDE] |= limb
    columns = np.clip((x * PACKED_SIDE).astype(int), 0, PACKED_SIDE - 1) + 1
    rows = np.clip((y * PACKED_SIDE).astype(int), 0, PACKED_SIDE - 1) + 1
    return float(near[rows, columns].mean())


def _before_rotation(
    file: Path, radiograph: Mapping[Any, Any], x: _Floats, y: _Floats
) -> Iterator[tuple[_Floats, _Floats]]:
    """Where boxes lie if their pixels are the stored picture's, which a viewer then turns."""
    try:
        with Image.open(file) as image:
            orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # no picture for Pillow, or damaged data: then there is no such tag
        return
    ratio = radiograph["width"] / radiograph["height"]
    if orientation == 3:
        yield 1 - x, 1 - y
    if orientation in (6, 8):  # the stored picture has the shown one's sides swapped
        stored_x, stored_y = x * ratio, y / ratio
        yield (1 - stored_y, stored_x) if orientation == 6 else (stored_y, 1 - stored_x)
