"""All warnings of a cohort, from what its checks read and measured."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.cohorts.boxes import read_boxes
from sharpflow.cohorts.labelled import ImageList
from sharpflow.cohorts.labels import LABEL_SUFFIXES, label_files, labelled_images
from sharpflow.cohorts.plausible_boxes import implausible_boxes, other_images, unlabelled
from sharpflow.cohorts.plausible_radiographs import (
    burned_in_radiographs,
    contradicted_radiographs,
    implausible_radiographs,
)
from sharpflow.cohorts.plausible_scores import implausible_scores, implausible_totals
from sharpflow.cohorts.radiographs import LIST_THEM, SUFFIXES, counted_within, in_subfolders
from sharpflow.cohorts.scores import read_score_table
from sharpflow.cohorts.warnings import CohortWarning, warning_table
from sharpflow.errors import first_of
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
    source: str | Path = "",
) -> pd.DataFrame:
    """Warn of radiographs, boxes and scores. What is a problem already is not warned of too.

    Args:
        radiographs: as `read_radiographs` gives them; height 0 where one cannot be read.
        appearance: APPEARANCE_TABLE of those that can.
        scores: the table of scores; None where the cohort has none.
        boxes: the folder of label files; None where it has none.
        limits: the settings `checks: warnings`.
        ignored_classes: boxes of these are left out.
        source: the folder or CSV of the radiographs.

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
    warnings += burned_in_radiographs(readable, source)
    warnings += _left_in_subfolders(source, boxes)
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
        with_boxes = {name: labels[name] for name in sorted(set(found["image_id"]))}
        warnings += other_images(boxes, with_boxes, readable)
        labelled = set(labels) & set(readable["image_id"])
        warnings += unlabelled(boxes, readable, labelled, scored)
    return warning_table(warnings)


def warn_of_images(
    images: ImageList,
    appearance: pd.DataFrame,
    *,
    hands: int,
    limits: Mapping[str, Any],
    totals: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Warn of a cohort's whole radiographs of hands; which hand it is isn't known.

    Args:
        images: as the cohort's tables list them.
        appearance: APPEARANCE_TABLE of the images that can be read.
        hands: on each of them.
        limits: the settings `checks: warnings`.
        totals: image_id, total of the images, where they have any.

    Returns:
        WARNING_TABLE.
    """
    files = images.paths()
    table = images.images[0].table if images.images else ""
    listed = appearance[appearance["image_id"].isin(files)].sort_values("image_id")
    file = [str(files[image_id]) for image_id in listed["image_id"]]
    measured = listed.assign(file=file, body_part="hand", side="", expected_limbs=hands)
    found = [*implausible_radiographs(measured, limits), *contradicted_radiographs(measured)]
    found += burned_in_radiographs(measured, table)
    found += [_unlisted(folder, names) for folder, names in images.unlisted.items()]
    if totals is not None:
        found += implausible_totals(table, totals)
    return warning_table(found)


def _unlisted(folder: str, names: Sequence[str]) -> CohortWarning:
    """Images of a folder that no row of its table names."""
    return CohortWarning(
        folder,
        "",
        "hand",
        "images that no row of the table names",
        f"{len(names)}: {first_of(names)}",
        "a row for each image",
        "They are not read: add their rows, or move them elsewhere.",
    )


def _left_in_subfolders(
    radiographs: str | Path, boxes: str | Path | None
) -> Iterator[CohortWarning]:
    """Radiographs and label files in folders within the cohort's, which are not looked at."""
    for folder, suffixes, what, remedy in (
        (radiographs, SUFFIXES, "radiographs", LIST_THEM),
        (boxes, LABEL_SUFFIXES, "label files", "Move them up."),
    ):
        within = in_subfolders(folder, suffixes) if folder else []
        if within:
            yield CohortWarning(
                str(folder),
                "",
                "",
                f"{what} in folders within are not read",
                counted_within(within),
                f"{what} in the folder itself",
                remedy,
            )


def _label_files(folder: Path, known: Collection[str]) -> dict[str, Path]:
    """Label files by image_id; none where the folder cannot be read, which is a problem already."""
    try:
        labels = label_files(folder)
    except (OSError, ValueError):
        return {}
    return {image_id: path for path, image_id in labelled_images(labels, known).items()}
