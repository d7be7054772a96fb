"""All warnings of a cohort, from what its checks read and measured."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.cohorts.boxes import read_boxes
from sharpflow.cohorts.labels import label_files, labelled_images
from sharpflow.cohorts.plausible_boxes import implausible_boxes, unlabelled
from sharpflow.cohorts.plausible_radiographs import (
    contradicted_radiographs,
    implausible_radiographs,
)
from sharpflow.cohorts.plausible_scores import implausible_scores
from sharpflow.cohorts.scores import read_score_table
from sharpflow.cohorts.warnings import CohortWarning, warning_table
from sharpflow.imaging.appearance import APPEARANCE_TABLE

_MEASURES = [name for name in APPEARANCE_TABLE if name not in ("height", "width")]


def warn_of_joint_cohort(
    radiographs: pd.DataFrame,
    appearance: pd.DataFrame,
    scores: str | Path | None,
    boxes: str | Path | None,
    *,
    limits: Mapping[str, Any],
    ignored_classes: Collection[str] = (),
) -> pd.DataFrame:
    """Warn of radiographs, boxes and scores. What is a problem already is not warned of too.

    Args:
        radiographs: as `read_radiographs` gives them; height 0 where one cannot be read.
        appearance: APPEARANCE_TABLE of those that can.
        scores: the table of scores; None where the cohort has none.
        boxes: the folder of label files; None where it has none.
        limits: the settings `checks: warnings`.
        ignored_classes: boxes of these are left out.

    Returns:
        WARNING_TABLE.
    """
    readable = radiographs[radiographs["height"] > 0].merge(appearance[_MEASURES], on="image_id")
    readable = readable.sort_values("image_id", ignore_index=True)
    warnings: list[CohortWarning] = implausible_radiographs(
        readable.assign(expected_limbs=1), limits
    )
    odd = readable["image_id"].isin({warning.name for warning in warnings})
    warnings += contradicted_radiographs(readable)  # whose silhouettes are sound
    scored: set[str] = set()
    if scores is not None:
        table = read_score_table(scores).scores
        warnings += implausible_scores(str(scores), table)
        scored = set(table["patient"])
    if boxes is not None:
        found, _ = read_boxes(boxes, readable, ignored_classes)
        # Where the radiograph itself is odd, its silhouette says nothing of the boxes' places.
        sound = readable.assign(silhouette=readable["silhouette"].mask(odd, ""))
        labels = _label_files(Path(boxes), list(readable["image_id"]))
        warnings += implausible_boxes(labels, found, sound, limits)
        labelled = set(labels) & set(readable["image_id"])
        warnings += unlabelled(boxes, readable, labelled, scored)
    return warning_table(warnings)


def warn_of_images(
    files: Mapping[str, Path], appearance: pd.DataFrame, *, hands: int, limits: Mapping[str, Any]
) -> pd.DataFrame:
    """Warn of a cohort's whole radiographs of hands; which hand it is isn't known.

    Args:
        files: image_id -> file.
        appearance: APPEARANCE_TABLE of the images that can be read.
        hands: on each of them.
        limits: the settings `checks: warnings`.

    Returns:
        WARNING_TABLE.
    """
    listed = appearance[appearance["image_id"].isin(files)].sort_values("image_id")
    file = [str(files[image_id]) for image_id in listed["image_id"]]
    measured = listed.assign(file=file, body_part="hand", side="", expected_limbs=hands)
    found = [*implausible_radiographs(measured, limits), *contradicted_radiographs(measured)]
    return warning_table(found)


def _label_files(folder: Path, known: Collection[str]) -> dict[str, Path]:
    """Label files by image_id; none where the folder cannot be read, which is a problem already."""
    try:
        labels = label_files(folder)
    except (OSError, ValueError):
        return {}
    return {image_id: path for path, image_id in labelled_images(labels, known).items()}
