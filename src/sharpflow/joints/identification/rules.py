"""Which joint a box is: by horizontal order, or by fitting a template of the limb.

Tan et al., 2.3.3: a joint's name follows from the horizontal position of its box; a backup rule,
which the paper does not give, serves when the boxes per class are not as they should be; with
fewer than 10 boxes (6 on a foot) a radiograph's joints stay unnamed. That is rule "paper", with the
template as its backup (ours). Rule "template" (ours) fits the template to whatever
boxes there are, and so also names what can be named when boxes are missing.

Radiographs may be mirrored, so in rule "paper" the layout alone decides where the thumb or great
toe lies, whatever side the radiograph is said to show; the template weighs the side
(`mirrored_share`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, LIMBS, BodyPart, Side
from sharpflow.errors import UserError
from sharpflow.joints.identification.template_fit import Fitted, best_fit
from sharpflow.joints.identification.templates import template

FEWEST, TOLERANCE = 4, 4.0  # see `name_joints`
Rule = Literal["paper", "template"]
RULES: tuple[Rule, ...] = ("paper", "template")


def name_joints(
    boxes: pd.DataFrame,
    *,
    limb: str,
    rule: Rule,
    mirrored_share: float = 0.05,
    fewest: int = FEWEST,
    tolerance: float = TOLERANCE,
    fitted: Fitted | None = None,
) -> pd.DataFrame:
    """Name the boxes of one radiograph.

    Args:
        boxes: class, x_min, y_min, x_max, y_max (pixels, y down) and any other columns.
        limb: "LH", "RH", "LF" or "RF". Its side is only a hint where radiographs may be mirrored.
        rule: "paper" or "template".
        mirrored_share: share of radiographs that are shown the other way round (ours); 0: the
            template takes the side as given.
        fewest: the template is not fitted when fewer boxes than this would be named (ours).
        tolerance: farthest a box may lie from its place in the fitted template, in standard
            deviations of that joint (ours); a box beyond it stays unnamed.
        fitted: what `fit_limb` gave for these boxes, so that it is not computed again.

    Returns:
        The rows that got a name, in the order of `anatomy`, with a column `joint` first.

    Raises:
        UserError: the limb, the rule or a class is unknown.

    Source: Tan et al., 2.3.3; the template is ours.
    """
    if limb not in LIMBS:
        raise UserError(f"limb is {limb!r}; expected one of {', '.join(LIMBS)}.")
    if rule not in RULES:
        raise UserError(f"identification rule is {rule!r}; expected one of {', '.join(RULES)}.")
    body_part = LIMBS[limb].body_part
    centres, classes = _centres(boxes, body_part)
    named: dict[int, str] = {}
    if rule == "template" or len(boxes) == len(DETECTED_JOINTS[body_part]):
        if rule == "paper" and _counts_are_right(classes, body_part):
            named = _by_order(centres, classes, body_part)
        else:
            fitted = fitted or best_fit(
                template(body_part),
                centres,
                classes,
                mirrored=LIMBS[limb].side is Side.RIGHT,
                mirrored_share=mirrored_share,
                tolerance=tolerance,
            )
            if fitted and len(fitted.pairs) >= fewest:
                names = template(body_part).names
                named = {box: names[joint] for joint, box in fitted.pairs.items()}
    order = {joint.name: place for place, joint in enumerate(DETECTED_JOINTS[body_part])}
    rows = sorted(named, key=lambda row: order[named[row]])
    result = boxes.iloc[rows].copy()
    result.insert(0, "joint", np.array([named[row] for row in rows], dtype=object))
    return result.reset_index(drop=True)


def fit_limb(
    boxes: pd.DataFrame, body_part: BodyPart, *, mirrored: bool, mirrored_share: float
) -> Fitted | None:
    """Where the template of a body part lies on the boxes of one radiograph.

    None where it lies nowhere, or on too few boxes for `name_joints`.

    Args:
        boxes: class, x_min, y_min, x_max, y_max (pixels, y down).
        body_part: whose joints the boxes are.
        mirrored: whether thumb or great toe should lie on the left, as of a right limb.
        mirrored_share: share of radiographs where it lies on the other side; 0.5 where no side is
            known.
    """
    if len(boxes) < FEWEST:
        return None
    centres, classes = _centres(boxes, body_part)
    fitted = best_fit(
        template(body_part),
        centres,
        classes,
        mirrored=mirrored,
        mirrored_share=mirrored_share,
        tolerance=TOLERANCE,
    )
    return fitted if fitted and len(fitted.pairs) >= FEWEST else None


def name_radiographs(
    boxes: pd.DataFrame,
    limbs: Mapping[str, str],
    *,
    rules: Iterable[Rule] = RULES,
    **options: Any,
) -> pd.DataFrame:
    """Name the boxes of many radiographs by each rule.

    Args:
        boxes: image_id, class, confidence, x_min, y_min, x_max, y_max.
        limbs: image_id -> limb; radiographs without boxes simply give no rows.
        rules: rules to apply; the result has one row for each named joint and rule.
        options: as `name_joints`.

    Returns:
        image_id, rule, joint and the other columns of `boxes`, sorted by image and rule.
    """
    parts = []
    for image_id, radiograph in boxes.groupby("image_id", sort=True):
        for rule in rules:
            named = name_joints(radiograph, limb=limbs[str(image_id)], rule=rule, **options)
            named.insert(0, "rule", rule)
            parts.append(named)
    columns = ["image_id", "rule", "joint", *(c for c in boxes.columns if c != "image_id")]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def _centres(
    boxes: pd.DataFrame, body_part: BodyPart
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    corners = boxes[BOX_COLUMNS].to_numpy(dtype=float).reshape(-1, 4)
    classes = boxes["class"].to_numpy(dtype=str)
    known = {joint.detector_class for joint in DETECTED_JOINTS[body_part]}
    if strange := sorted(set(classes) - known):
        allowed = " or ".join(sorted(map(str, known)))
        raise UserError(f"box class of a {body_part} is {strange[0]!r}; expected {allowed}.")
    return (corners[:, :2] + corners[:, 2:]) / 2, classes


def _counts_are_right(classes: npt.NDArray[np.str_], body_part: BodyPart) -> bool:
    wanted = sorted(str(joint.detector_class) for joint in DETECTED_JOINTS[body_part])
    return sorted(classes.tolist()) == wanted


def _by_order(
    centres: npt.NDArray[np.float64], classes: npt.NDArray[np.str_], body_part: BodyPart
) -> dict[int, str]:
    """Names by horizontal order within each class, counted from the thumb or great toe."""
    across = np.argsort(centres[:, 0], kind="stable")
    distal = [int(i) for i in across if classes[i] == "PIP"]
    proximal = [int(i) for i in across if classes[i] != "PIP"]
    if not _first_digit_is_left(centres, distal, proximal, body_part):
        distal, proximal = distal[::-1], proximal[::-1]
    joints = DETECTED_JOINTS[body_part]
    names = [j.name for j in joints if j.detector_class == "PIP"]
    names += [j.name for j in joints if j.detector_class != "PIP"]
    return dict(zip(distal + proximal, names, strict=True))


def _first_digit_is_left(
    centres: npt.NDArray[np.float64], distal: list[int], proximal: list[int], body_part: BodyPart
) -> bool:
    """Whether thumb or great toe lies left: decided by the layout, since images may be mirrored.

    A thumb's MCP lies more than twice as far from its neighbour as the little finger's; the only
    IP of a foot lies beside the great toe's MTP.
    """

    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm(centres[a] - centres[b]))

    if body_part is BodyPart.HAND:
        return apart(proximal[0], proximal[1]) > apart(proximal[-1], proximal[-2])
    return apart(distal[0], proximal[0]) < apart(distal[0], proximal[-1])
