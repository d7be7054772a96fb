"""Joints found on masked standardized radiographs by a trained detector (Tan et al., 2.3.3)."""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import cv2
import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, DETECTOR_CLASSES, BodyPart
from sharpflow.joints.detection.confidence import TRIED, tabulate_confidences
from sharpflow.joints.detection.decoding import COLUMNS, OVERLAP
from sharpflow.joints.detection.offline import chosen_device, import_ultralytics
from sharpflow.joints.detection.views import View, Views

log = logging.getLogger(__name__)


def detect(
    weights: str | Path,
    views: Sequence[View] | Views,
    rows: pd.DataFrame,
    *,
    body_part: BodyPart,
    image_size: int,
    confidence: float = 0.5,
    overlap: float = OVERLAP,
    batch: int = 16,
) -> pd.DataFrame:
    """Find the joints of each radiograph: the best 10 boxes of a hand, 6 of a foot.

    Boxes of different classes suppress each other too, so that one joint is not found both as
    PIP and as MCP (ours; the paper is silent).

    Args:
        weights: best.pt of `train_detector`.
        views: what the network sees of each radiograph, as in training.
        rows: image_id of each radiograph, in order.
        body_part: body part.
        image_size: longer side of the views, pixels.
        confidence: a box must be more certain than this (paper: 0.5).
        overlap: a box is dropped when its IoU with a better one is above this.
        batch: radiographs at a time.

    Returns:
        image_id, class, confidence, x_min, y_min, x_max, y_max in the radiographs' own pixels, best
        first within a radiograph. A radiograph on which nothing is found has no row.
    """
    weights = Path(weights)
    ultralytics = import_ultralytics(weights.parent / ".ultralytics")
    model = ultralytics.YOLO(str(weights), task="detect")
    classes = DETECTOR_CLASSES[body_part]
    most = len(DETECTED_JOINTS[body_part])
    image_ids = rows["image_id"].tolist()
    found = []
    for start in range(0, len(image_ids), batch):
        numbers = range(start, min(start + batch, len(image_ids)))
        seen = [views[number] for number in numbers]
        results = model.predict(
            [cv2.cvtColor(view.image, cv2.COLOR_GRAY2BGR) for view in seen],
            imgsz=image_size,
            conf=confidence,
            iou=overlap,
            agnostic_nms=True,
            max_det=most,
            device=chosen_device(),
            verbose=False,
            save=False,
            project=str(weights.parent),
        )
        for number, view, result in zip(numbers, seen, results, strict=True):
            corners = view.to_radiograph(result.boxes.xyxy.cpu().numpy().astype(float))
            for corner, sure, label in zip(
                corners, result.boxes.conf.tolist(), result.boxes.cls.tolist(), strict=True
            ):
                if sure > confidence:
                    found.append((image_ids[number], classes[int(label)], sure, *corner))
    log.info("%d boxes on %d radiographs", len(found), len(image_ids))
    return pd.DataFrame(found, columns=COLUMNS)


def validate_confidences(
    weights: str | Path,
    views: Sequence[View] | Views,
    rows: pd.DataFrame,
    boxes: pd.DataFrame,
    validation: Collection[str],
    *,
    body_part: BodyPart,
    image_size: int,
) -> pd.DataFrame:
    """What a detector finds on its validation radiographs at each confidence.

    Args:
        weights: best.pt of `train_detector`.
        views: what the network sees of each radiograph, as in training.
        rows: image_id of each radiograph, in order.
        boxes: image_id, class, x_min, y_min, x_max, y_max in standardized pixels.
        validation: image_ids of the validation radiographs.
        body_part: body part.
        image_size: longer side of the views, pixels.

    Returns:
        As `tabulate_confidences`.
    """
    numbers = [n for n, image_id in enumerate(rows["image_id"]) if image_id in set(validation)]
    found = detect(
        weights,
        [views[number] for number in numbers],
        rows.iloc[numbers],
        body_part=body_part,
        image_size=image_size,
        confidence=TRIED[0],
    )
    return tabulate_confidences(found, boxes[boxes["image_id"].isin(set(validation))])
