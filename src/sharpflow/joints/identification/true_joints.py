"""True joints of radiographs whose boxes were drawn by hand."""

import logging
from collections.abc import Mapping

import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, LIMBS
from sharpflow.joints.identification.rules import name_joints

log = logging.getLogger(__name__)


def true_joints_from_boxes(
    boxes: pd.DataFrame, limbs: Mapping[str, str], *, mirrored_share: float
) -> pd.DataFrame:
    """True joints of radiographs with hand-drawn boxes, for cohorts without a truth table.

    Where a radiograph's labels name its joints, these names are taken. Else the template names
    the boxes. A radiograph with too few or too many boxes, or with a box that the template cannot
    name, is left out and listed in the log: its names would be guesses.

    Args:
        boxes: image_id, class, joint (blank where only the class was given; all joints of a
            radiograph are named or none), x_min, y_min, x_max, y_max.
        limbs: image_id -> limb.
        mirrored_share: as `name_joints`.

    Returns:
        image_id, joint, names ("given" or "template"), class, x_min, y_min, x_max, y_max.
    """
    parts, left_out = [], []
    for image_id, radiograph in boxes.groupby("image_id", sort=True):
        if radiograph["joint"].fillna("").ne("").all():
            parts.append(radiograph.assign(names="given"))
            continue
        limb = limbs[str(image_id)]
        named = name_joints(
            radiograph.drop(columns="joint"),
            limb=limb,
            rule="template",
            mirrored_share=mirrored_share,
        )
        if len(named) == len(radiograph) == len(DETECTED_JOINTS[LIMBS[limb].body_part]):
            parts.append(named.assign(names="template"))
        else:
            left_out.append(str(image_id))
    if left_out:
        log.warning(
            "joints of %d radiographs are not judged, boxes incomplete: %s",
            len(left_out),
            ", ".join(left_out),
        )
    columns = ["image_id", "joint", "names", "class", *BOX_COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
