"""What part each radiograph had in training, and what was found in it.

No radiograph is lost on the way: where little or nothing was found, a list says so.
"""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS
from sharpflow.joints.masks.regions import radiograph_content

# Networks of the joint pipeline that may learn from a radiograph, columns of `parts`.
LEARNERS = ("unet", "detector", "heads")
# Parts of radiographs that no network learned from, and that decided when no training stopped.
UNSEEN = ("test", "none")
# The part of radiographs that nobody has scored: they are only predicted.
UNSCORED = "unscored"
EMPTY, SMALL, LARGE = "empty", "small", "large"
# Where so large a share of radiographs has no named joint, the detector or its masks are at fault.
NEARLY_ALL = 0.9


def parts(
    radiographs: pd.DataFrame,
    *,
    chosen: pd.DataFrame,
    boxed: Collection[str],
    scored: Iterable[pd.DataFrame],
) -> pd.DataFrame:
    """What part each radiograph had in the trainings.

    A training patient's radiograph may have had none: without a good entropy mask, boxes and scores
    nothing learned from it.

    Args:
        radiographs: image_id, split (the patient's), a row for each.
        chosen: image_id, chosen (bool): the entropy masks from which the U-Net learned, in training
            and validation patients.
        boxed: image_ids with boxes, from which the detector learned, likewise.
        scored: of each scoring model image_id, split of each joint that it learns from or predicts
            (see `scored_crops`).

    Returns:
        `radiographs` with unet, detector, heads ("train", "validation" or blank) and part: "train",
        where any of them learned from it; else "validation", where it decided when any training
        stopped; else "test", if its patient is a test patient, or "none".
    """
    learning = radiographs["split"].where(radiographs["split"].isin(["train", "validation"]), "")
    masked = chosen.loc[chosen["chosen"].astype(bool), "image_id"]
    table = radiographs.assign(
        unet=learning.where(radiographs["image_id"].isin(masked), ""),
        detector=learning.where(radiographs["image_id"].isin(list(boxed)), ""),
        heads="",
    )
    joints = pd.concat([pd.DataFrame(columns=["image_id", "split"]), *scored])
    for split in ("validation", "train"):  # one training joint makes it a training radiograph
        seen = joints.loc[joints["split"] == split, "image_id"]
        table["heads"] = table["heads"].mask(table["image_id"].isin(seen), split)
    part = table["split"].where(table["split"] == "test", "none")
    for split in ("validation", "train"):
        part = part.mask((table[list(LEARNERS)] == split).any(axis=1), split)
    return table.assign(part=part)


def shown_joints(
    joints: pd.DataFrame, radiographs: pd.DataFrame, which: str, *, unit: str
) -> pd.DataFrame:
    """The joints that overlays show.

    Args:
        joints: image_id, patient, limb, joint, split (each joint's own).
        radiographs: image_id, part of each radiograph.
        which: "unseen", those on radiographs without a part in training; or "all".
        unit: what was split; of "joint" also the test joints on radiographs with training joints.

    Returns:
        Some of `joints`.
    """
    if which == "all":
        return joints
    unseen = radiographs.loc[radiographs["part"].isin(UNSEEN), "image_id"]
    is_shown = joints["image_id"].isin(unseen)
    if unit == "joint":
        is_shown |= joints["split"] == "test"
    return joints[is_shown]


def found_joints(
    radiographs: pd.DataFrame, boxes: pd.DataFrame, named: pd.DataFrame
) -> pd.DataFrame:
    """How much the detector found in each radiograph, and how much of it was named.

    Args:
        radiographs: image_id, limb.
        boxes: image_id, a row a box.
        named: image_id, confidence (0 to 1), a row a box that one rule named.

    Returns:
        `radiographs` with boxes, joints (named), joints_expected (10 of a hand, 6 of a foot) and
        lowest_confidence of the named boxes, blank without any.
    """
    ids = radiographs["image_id"]
    expected = {code: len(DETECTED_JOINTS[limb.body_part]) for code, limb in LIMBS.items()}
    return radiographs.assign(
        boxes=ids.map(boxes["image_id"].value_counts()).fillna(0).astype(int),
        joints=ids.map(named["image_id"].value_counts()).fillna(0).astype(int),
        joints_expected=radiographs["limb"].map(expected),
        lowest_confidence=ids.map(named.groupby("image_id")["confidence"].min()),
    )


def unnamed_in_words(found: pd.DataFrame, confidence: float | str) -> str:
    """How many radiographs have no named joint, and on how many of them boxes were found.

    Args:
        found: boxes, joints of each radiograph (see `found_joints`).
        confidence: a box must be more certain than this; "auto" where validation chose it.

    Returns:
        Sentences; empty where each radiograph has a named joint.
    """
    boxes = found.loc[found["joints"] == 0, "boxes"]
    if boxes.empty:
        return ""
    without, boxed = int((boxes == 0).sum()), int((boxes > 0).sum())
    said = []
    if without:
        above = "that validation chose" if confidence == "auto" else f"{confidence:g}"
        said.append(f"the detector found no boxes above the confidence {above}")
    if boxed:
        most = f"at most {boxes.max()} a radiograph"
        said.append(f"the detector found boxes ({most}), of which none could be named")
    if without and boxed:
        said = [f"on {without} of them {said[0]}", f"on {boxed} {said[1]}"]
    return f"{len(boxes)} of {len(found)} radiographs have no named joint: {'; '.join(said)}."


def warn_of_unnamed(
    found: pd.DataFrame,
    *,
    body_part: str,
    confidence: float | str,
    rule: str,
    table: str,
    results: str,
) -> str:
    """What to say where no joint is named on nearly all radiographs of a body part; else nothing.

    Args:
        found: boxes, joints, joints_expected of each radiograph (see `found_joints`).
        body_part: theirs.
        confidence: a box must be more certain than this; "auto" where validation chose it.
        rule: the identification rule, "paper" or "template".
        table: the file of the boxes.
        results: the study's folder.
    """
    unnamed = found[found["joints"] == 0]
    if unnamed.empty or len(unnamed) < NEARLY_ALL * len(found):
        return ""
    said = [f"{body_part}: {unnamed_in_words(found, confidence)}"]
    if unnamed["boxes"].any():
        said.append(f"The boxes are in {table}.")
        if rule == "paper":
            expected = unnamed["joints_expected"].max()
            said.append(
                f"The rule `paper` needs {expected} boxes; identification: rule: template names "
                "fewer."
            )
    said.append(
        f"Look at mAP50 in {results}/detector/{body_part}/history.csv. If it is low, train the "
        "detector longer (detector: max_batches) or on more boxes; else lower detector: "
        "confidence, or look at the masks, outside of which the detector sees nothing: "
        f"{results}/masks/sheets/{body_part}-*-unet.png."
    )
    return " ".join(said)


def mask_share(image: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8]) -> float:
    """The share of a radiograph, without its black padding, that a mask covers.

    Both are uint8 (height, width); the mask is 0 or 255. 0 of a radiograph of a single grey.
    """
    content = radiograph_content(image)
    inside = mask[content.top : content.bottom, content.left : content.right]
    return float((inside > 0).mean()) if inside.size else 0.0


def judge_masks(shares: Sequence[float], *, mask_from: float, mask_to: float) -> list[str]:
    """ "empty", "small" (below `mask_from`), "large" (above `mask_to`) or blank, of each share."""
    return [
        EMPTY if share == 0 else SMALL if share < mask_from else LARGE if share > mask_to else ""
        for share in shares
    ]


def little_found(radiographs: pd.DataFrame, *, least: float) -> pd.DataFrame:
    """The radiographs in which little or nothing was found, those with the fewest joints first.

    Args:
        radiographs: image_id, joints, joints_expected, mask (blank, where it is plausible).
        least: a radiograph with a smaller share of its joints is listed, 0 to 1.

    Returns:
        Some of `radiographs`.
    """
    share = radiographs["joints"] / radiographs["joints_expected"]
    listed = radiographs.assign(share=share)[(share < least) | (radiographs["mask"] != "")]
    return listed.sort_values(["share", "image_id"], ignore_index=True).drop(columns="share")
