"""The detector's training set: masked radiographs and joint boxes in YOLO's folder layout."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, DETECTOR_CLASSES, BodyPart
from sharpflow.errors import UserError
from sharpflow.files import atomic_write, write_table
from sharpflow.joints.detection.views import View, Views

Image = npt.NDArray[np.uint8]
log = logging.getLogger(__name__)

# Radiograph splits -> YOLO's folder names. Test radiographs have none: they never reach the
# detector's folder.
FOLDERS = {"train": "train", "validation": "val"}


def write_detector_set(
    folder: str | Path,
    views: Sequence[View] | Views,
    rows: pd.DataFrame,
    boxes: pd.DataFrame,
    splits: pd.DataFrame,
    *,
    body_part: BodyPart,
) -> pd.DataFrame:
    """Write images/{train,val}/*.png, labels/{train,val}/*.txt and data.yaml.

    Only radiographs of train and validation patients that have boxes are written; radiographs of
    test patients never. Radiographs are brought to the network's size here, once, rather than each
    epoch.

    Args:
        folder: radiographs and labels of an earlier set are removed from it.
        views: what the network sees of each radiograph, at its size.
        rows: image_id and patient of each radiograph, in order.
        boxes: image_id, class, x_min, y_min, x_max, y_max in standardized pixels.
        splits: patient, split.
        body_part: body part of the radiographs; decides the classes.

    Returns:
        image_id, split, boxes of each radiograph written; also in radiographs.csv.

    Raises:
        UserError: a class is unknown, or no train or no validation radiograph has boxes.
    """
    folder = Path(folder)
    classes = DETECTOR_CLASSES[body_part]
    if strange := sorted(set(boxes["class"]) - set(classes)):
        raise UserError(
            f"joint boxes of a {body_part} have class {strange[0]!r}; expected "
            f"{' or '.join(classes)}. Correct the labels, or name the class among those to ignore."
        )
    split_of = dict(zip(splits["patient"], splits["split"], strict=True))
    boxes_of = dict(tuple(boxes.groupby("image_id")))
    for part in ("images", "labels"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for name in FOLDERS.values():
        (folder / "images" / name).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / name).mkdir(parents=True, exist_ok=True)
    written = []
    for number, (image_id, patient) in enumerate(
        zip(rows["image_id"], rows["patient"], strict=True)
    ):
        split = split_of[patient]
        if split not in FOLDERS or image_id not in boxes_of:
            continue
        view = views[number]
        lines = _label_lines(boxes_of[image_id], view, classes)
        _write_png(folder / "images" / FOLDERS[split] / f"{image_id}.png", view.image)
        label = folder / "labels" / FOLDERS[split] / f"{image_id}.txt"
        with atomic_write(label) as temporary:
            temporary.write_text("".join(lines))
        written.append((image_id, split, len(lines)))
    table = pd.DataFrame(written, columns=["image_id", "split", "boxes"])
    for split in FOLDERS:
        if not (table["split"] == split).any():
            raise UserError(
                f"no {body_part} radiograph of the {split} patients has joint boxes; expected at "
                "least one. Box more radiographs, or train the detector on synthetic ones "
                "(boxes: phantom)."
            )
    _write_description(folder, classes)
    write_table(table, folder / "radiographs.csv")
    log.info("detector set: %s", table["split"].value_counts().to_dict())
    return table


def _label_lines(boxes: pd.DataFrame, view: View, classes: tuple[str, ...]) -> list[str]:
    """YOLO's lines: class number, centre x, y, width, height as fractions of the view."""
    height, width = view.image.shape
    corners = view.to_view(boxes[BOX_COLUMNS].to_numpy(dtype=float))
    inside = corners.clip(0, np.array([width, height, width, height]))
    area, kept = _area(corners), _area(inside)
    # The standardized radiograph lacks the cropped bottom, and a bad mask part of the limb.
    here = kept > area / 2
    if not here.all():
        log.warning(
            "%s: %d of %d boxes lie outside what the detector sees and are left out",
            boxes["image_id"].iloc[0],
            int((~here).sum()),
            len(here),
        )
    sized = inside / np.array([width, height, width, height])
    lines = []
    for name, (left, top, right, bottom) in zip(
        boxes["class"].to_numpy()[here], sized[here], strict=True
    ):
        values = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        lines.append(f"{classes.index(name)} " + " ".join(f"{v:.6f}" for v in values) + "\n")
    return lines


def _area(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    size = (corners[:, 2:] - corners[:, :2]).clip(0)
    return np.asarray(size[:, 0] * size[:, 1])


def _write_png(path: Path, image: Image) -> None:
    with atomic_write(path) as temporary:
        if not cv2.imwrite(str(temporary), image):
            raise OSError(f"could not write {path}")


def _write_description(folder: Path, classes: tuple[str, ...]) -> None:
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(classes))
    with atomic_write(folder / "data.yaml") as temporary:
        temporary.write_text(f"train: images/train\nval: images/val\nnames:\n{names}")
