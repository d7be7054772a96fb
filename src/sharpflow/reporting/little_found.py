"""The list of radiographs in which little or nothing was found, for a person to look at."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sharpflow.joints.radiographs import UNSCORED
from sharpflow.reporting.study_notes import data_sentence
from sharpflow.reporting.tables import number, per_cent, publish

PART_NAMES = {
    "train": "training",
    "validation": "validation",
    "test": "test",
    "none": "none",
    UNSCORED: "none, nobody has scored it",
}


def publish_little_found(
    listed: pd.DataFrame,
    folder: str | Path,
    *,
    counts: Mapping[str, int],
    data: str,
    unnamed: str,
    joints: float,
    mask_from: float,
    mask_to: float,
) -> list[Path]:
    """Radiographs in which little or nothing was found: folder/little_found.csv, .md, .tex, .html.

    Args:
        listed: what `joints.radiographs.little_found` returned, with part, boxes,
            lowest_confidence and mask_share.
        folder: the study's tables.
        counts: how many radiographs there are of each part.
        data: "phantom" or the cohort's name.
        unnamed: on how many no joint is named, and why (`joints.radiographs.unnamed_in_words`).
        joints: radiographs with a smaller share of their joints are listed.
        mask_from: radiographs whose mask covers less are listed.
        mask_to: radiographs whose mask covers more are listed.

    Returns:
        The files.
    """
    of = zip(listed["joints"], listed["joints_expected"], strict=True)
    shown = pd.DataFrame(
        {
            "Radiograph": listed["image_id"],
            "Part in training": [PART_NAMES[part] for part in listed["part"]],
            "Joints found and named": [f"{named} of {expected}" for named, expected in of],
            "Boxes": listed["boxes"].astype(str),
            "Lowest confidence": [number(x, 2) for x in listed["lowest_confidence"]],
            "Mask covers, %": [per_cent(x) for x in listed["mask_share"]],
            "Mask": [judgement or "plausible" for judgement in listed["mask"]],
        }
    )
    of_parts = ", ".join(
        f"{PART_NAMES[part]} {number_of}" for part, number_of in counts.items() if number_of
    )
    notes = [
        data_sentence(data),
        f"Listed: {len(listed)} of all {sum(counts.values())} radiographs, whatever part they had "
        f"in training ({of_parts}).",
        *[unnamed] * bool(unnamed),
        f"A radiograph is listed if fewer than {per_cent(joints, 0)}% of its joints were found and "
        "named (10 joints of a hand, 6 of a foot), or if the U-Net's mask is empty, small (covers "
        f"less than {per_cent(mask_from, 0)}% of the radiograph) or large (more than "
        f"{per_cent(mask_to, 0)}%).",
        "Boxes: all that the detector found. Lowest confidence: of the named ones, 0 to 1.",
        "Part in training: test and none had no part; validation decided when training stopped.",
        "Look at these radiographs: the wrong body part, a plaster cast, a poor exposure or two "
        "limbs on one radiograph are common causes.",
    ]
    caption = "Radiographs in which few joints were found, or whose mask is implausible"
    return publish(listed, folder, "little_found", shown=shown, caption=caption, notes=notes)
