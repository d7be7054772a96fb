"""How good an entropy mask is, without truth, and which masks train the U-Net (Tan et al., 2.3.2).

The paper's authors picked good masks by eye: masks that "match the limb well and do not contain
noise from the background". Here seven features that an eye would look at are measured and graded
from 0 (surely bad) to 1 (nothing wrong). A mask is as good as its worst feature, which is named, so
that a person who overrules knows why. The grades' limits were set from anatomy and projection and
by looking at masks, never by their truth; they are the same for hands and feet.
"""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.joints.masks.regions import keep_largest, radiograph_content

Image = npt.NDArray[np.uint8]

# Rows at which features are measured: enough for a fingertip (about 10 pixels), and quick.
ROWS = 256

# Feature: (surely bad below, fine from, fine to, surely bad above).
LIMITS: dict[str, tuple[float, float, float, float]] = {
    # Part of the radiograph that the limb covers. Below a tenth it is a marker or a piece of a
    # limb; above four fifths the background is in it.
    "cover": (0.04, 0.10, 0.65, 0.85),
    # Part of the white area in one piece. What else is white are markers and collimator edges.
    "one_piece": (0.85, 1.0, 1.0, 1.0),
    # Part of the left, right or top border that is white, whichever is most. Fingertips may
    # touch a border; a collimated edge follows it.
    "side_borders": (0.0, 0.0, 0.15, 0.45),
    # Part of the bottom border that is white: a limb enters the radiograph there.
    "bottom_border": (0.02, 0.12, 0.85, 1.0),
    # Area over area of the convex hull. Spread fingers leave half of the hull; a foot fills nearly
    # all of it, a box or a whole radiograph all.
    "solidity": (0.35, 0.5, 0.96, 0.995),
    # Part of the outline inside the radiograph where the limb's side is brighter.
    "edge": (0.6, 0.9, 1.0, 1.0),
    # Length of the outline over its length once smoothed. Skin is smooth; noise frays.
    "roughness": (0.0, 0.0, 1.15, 1.5),
}


def mask_quality(image: Image, mask: Image) -> dict[str, float | str]:
    """Measure a mask against its standardized radiograph.

    Args:
        image: the radiograph, uint8 (height, width).
        mask: uint8 0/255, of the same shape.

    Returns:
        The features of `LIMITS`, `quality` (0-1, the least of their grades) and `weakest`, the
        feature it comes from (blank where nothing is wrong). A mask without white has quality 0.
    """
    features = _features(image, mask)
    grades = {name: _grade(features[name], *limits) for name, limits in LIMITS.items()}
    quality = float(min(grades.values()))
    weakest = min(grades, key=grades.__getitem__) if quality < 1 else ""
    return {**features, "quality": quality, "weakest": weakest}


def choose_masks(
    quality: pd.DataFrame,
    verdicts: Mapping[str, bool],
    threshold: float,
) -> pd.DataFrame:
    """Propose masks of quality at least `threshold`, and let a person overrule.

    Args:
        quality: at least image_id, body_part and quality, one row an image.
        verdicts: image_id -> whether a person judged the mask good; of other images too.
        threshold: least quality of a proposed mask, 0-1.

    Returns:
        image_id, body_part, quality, proposed, chosen (bool) and chosen_by ("quality" or "person"),
        rows as in `quality`.
    """
    chosen = quality[["image_id", "body_part", "quality"]].copy()
    chosen["proposed"] = chosen["quality"] >= threshold
    judged = chosen["image_id"].isin(list(verdicts))
    chosen["chosen"] = [
        verdicts.get(image_id, bool(proposed))
        for image_id, proposed in zip(chosen["image_id"], chosen["proposed"], strict=True)
    ]
    chosen["chosen_by"] = np.where(judged, "person", "quality")
    return chosen


def _features(image: Image, mask: Image) -> dict[str, float]:
    """The features of `LIMITS`; of an empty mask all 0."""
    content = radiograph_content(image)
    inside = (slice(content.top, content.bottom), slice(content.left, content.right))
    if not mask[inside].any():
        return dict.fromkeys(LIMITS, 0.0)
    rows = min(ROWS, content.bottom - content.top)
    columns = round((content.right - content.left) * rows / (content.bottom - content.top))
    radiograph = cv2.resize(image[inside], (columns, rows), interpolation=cv2.INTER_AREA)
    small = cv2.resize(mask[inside], (columns, rows), interpolation=cv2.INTER_AREA)
    white = np.where(small >= 128, 255, 0).astype(np.uint8)
    limb = keep_largest(white)
    if not limb.any():
        return dict.fromkeys(LIMITS, 0.0)
    area = float(np.count_nonzero(limb))
    outline = _outline(limb)
    hull = cv2.contourArea(cv2.convexHull(outline))
    side_borders = max((white[:, 0] > 0).mean(), (white[:, -1] > 0).mean(), (white[0] > 0).mean())
    return {
        "cover": np.count_nonzero(white) / white.size,
        "one_piece": area / np.count_nonzero(white),
        "side_borders": float(side_borders),
        "bottom_border": float((limb[-1] > 0).mean()),
        "solidity": min(1.0, cv2.contourArea(outline) / max(hull, 1.0)),
        "edge": _edge_agreement(radiograph, limb, outline),
        "roughness": _roughness(limb, outline),
    }


def _outline(limb: Image) -> npt.NDArray[np.int32]:
    """The outer contour of the limb's largest region, (n, 1, 2) as x, y."""
    contours, _ = cv2.findContours(limb, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=cv2.contourArea)


def _edge_agreement(radiograph: Image, limb: Image, outline: npt.NDArray[np.int32]) -> float:
    """Part of the outline, away from the radiograph's border, where the limb's side is brighter.

    Compares the radiograph 2 % of its height inside and outside of the outline. The difference must
    exceed a hundredth of the grey range, about the noise left after smoothing.
    """
    reach = 0.02 * ROWS
    smooth = cv2.GaussianBlur(radiograph, (0, 0), 0.006 * ROWS).astype(np.float32)
    # The gradient of the blurred mask points into the limb.
    soft = cv2.GaussianBlur(limb.astype(np.float32), (0, 0), reach / 2)
    x, y = outline[:, 0, 0], outline[:, 0, 1]
    direction = np.stack(
        [cv2.Sobel(soft, cv2.CV_32F, 1, 0)[y, x], cv2.Sobel(soft, cv2.CV_32F, 0, 1)[y, x]]
    )
    direction /= np.maximum(np.hypot(*direction), 1e-6)
    height, width = radiograph.shape
    within = (x > reach) & (x < width - 1 - reach) & (y > reach) & (y < height - 1 - reach)
    if not within.any():
        return 0.0
    step = np.rint(reach * direction[:, within]).astype(int)
    x, y = x[within], y[within]
    difference = smooth[y + step[1], x + step[0]] - smooth[y - step[1], x - step[0]]
    return float((difference > 2.55).mean())


def _roughness(limb: Image, outline: npt.NDArray[np.int32]) -> float:
    """Length of the outline over that of the mask smoothed over 2 % of the radiograph's height."""
    soft = cv2.GaussianBlur(limb, (0, 0), 0.01 * ROWS, borderType=cv2.BORDER_REPLICATE)
    smooth = np.where(soft >= 128, 255, 0).astype(np.uint8)
    if not smooth.any():
        return 2.0
    return cv2.arcLength(outline, True) / max(cv2.arcLength(_outline(smooth), True), 1.0)


def _grade(
    value: float, bad_below: float, fine_from: float, fine_to: float, bad_above: float
) -> float:
    """1 between the two `fine` limits, falling in a line to 0 at the `bad` ones."""
    if value < fine_from:
        return max(0.0, (value - bad_below) / (fine_from - bad_below))
    if value > fine_to:
        return max(0.0, (bad_above - value) / (bad_above - fine_to))
    return 1.0
