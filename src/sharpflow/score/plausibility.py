"""Whether to score a radiograph, and why not: what is too dark, cropped, no limb, or unlike others.

Every threshold of this is here, but for what depends on a study, which its bundle's manifest has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import BodyPart
from sharpflow.bundle.manifest import WholeImageModels
from sharpflow.imaging.appearance import (
    HAND_DIGITS,
    Appearance,
    Shape,
    looks_inverted,
    shows_fingers,
)
from sharpflow.joints.identification.templates import template
from sharpflow.reporting.names import counted
from sharpflow.score.orientation import CLEAR, Laid
from sharpflow.whole_image.data.packing import prepare

Grey = npt.NDArray[np.uint8]

# As the checks of cohorts have them (`checks: warnings`), chosen on 700 hands and the phantom.
LEAST_CONTRAST = 15.0  # grey levels
BRIGHT_BORDER = {BodyPart.HAND: 0.25, BodyPart.FOOT: 0.7}  # above it bones may be dark
INVERTED_FINGERS = 0.8  # how clearly a negative must show the fingers
TWO_LIMBS_ASPECT = 1.15  # width by height from which one silhouette may be two limbs that touch

# What follows was chosen on 50 of the 700 hands, by a bundle that learned on phantom hands, and on
# the pictures that scikit-image brings along, each turned in all ways. Of the hands 45 have a
# likeness of 0.52 or more and a confidence of 0.62 or more; the mask of the other five is wrong. Of
# the pictures none has more than 0.44 and 0.37.
LEAST_JOINTS = 0.6  # share of the joints that the template must lie on
LEAST_LIKENESS = 0.5  # of the boxes to the template's joints, at most 1
LEAST_CONFIDENCE = 0.4  # mean over the joints
MOST_OUTSIDE = 1  # joints whose place is beyond the edge
# Of the training images' pixels, by which the mean of both hands' may be off. It is at most 1.1 of
# 200 phantom radiographs, 1.0 of 100 real hands each beside its mirror image; of negatives 2.0 and
# more.
MOST_SDS = 1.5


@dataclass(frozen=True)
class Judged:
    """What a limb's joints are judged by.

    Attributes:
        joints: share of the joints that have a box.
        likeness: of the boxes to the template, at most 1.
        confidence: mean over the joints that have a box.
        outside: joints whose place is beyond the edge of the radiograph.
    """

    joints: float
    likeness: float
    confidence: float
    outside: int


def no_contrast(seen: Appearance) -> str:
    """Why a radiograph is refused that is black, white or of one grey; empty for others."""
    if seen.contrast >= LEAST_CONTRAST:
        return ""
    return (
        f"found a radiograph without contrast: {seen.contrast:.0f} grey levels from its 1st to its "
        f"99th percentile; expected at least {LEAST_CONTRAST:.0f}. Export it again with its "
        "display window."
    )


def is_inverted(seen: Appearance, body_part: BodyPart | None) -> bool:
    """Whether bones seem dark on a bright ground; `body_part` is None where it is not known."""
    return any(
        looks_inverted(
            seen.border,
            seen.shape,
            seen.negative,
            part,
            most_border=BRIGHT_BORDER[part],
            fingers=INVERTED_FINGERS,
        )
        for part in BodyPart
        if body_part in (None, part)
    )


def judge(laid: Laid) -> Judged:
    """What a limb is judged by."""
    layout = template(laid.body_part)
    standardized = laid.detected.standardized
    if not laid.fitted:
        return Judged(0.0, 0.0, 0.0, 0)
    pairs, boxes = laid.fitted.pairs, laid.detected.boxes
    height, width = standardized.image.shape
    places = laid.fitted.places(layout)
    left, top = standardized.placement.x_offset, standardized.placement.y_offset
    inside = (places >= [left, top]) & (places < [width - left, height - top])
    return Judged(
        len(pairs) / len(layout.names),
        laid.likeness,
        float(boxes["confidence"].to_numpy()[list(pairs.values())].mean()) if pairs else 0.0,
        int((~inside.all(axis=1)).sum()),
    )


def implausible_limb(judged: Judged, body_part: BodyPart, *, told: bool) -> str:
    """Why a radiograph of one limb is not scored; empty where it is.

    Args:
        judged: what it is judged by.
        body_part: that it shows or is most likely to.
        told: whether something says the limb; where it is only guessed it must be clear.
    """
    expected = f"a frontal radiograph of one whole {body_part}"
    least = LEAST_LIKENESS if told else CLEAR
    if judged.outside > MOST_OUTSIDE and judged.likeness >= least:
        found = f"a cropped {body_part}: {judged.outside} joints would lie beyond the edge"
    elif judged.joints < LEAST_JOINTS:
        found = f"too few joints of a {body_part}: {judged.joints:.0%} of them"
        expected = f"at least {LEAST_JOINTS:.0%}, on {expected}"
    elif judged.likeness < least:
        found = f"joints that do not lie as those of a {body_part} do ({judged.likeness:.2f} of 1)"
        expected = f"at least {least}, on {expected}"
    elif judged.confidence < LEAST_CONFIDENCE:
        found = f"joints that the detector is unsure of ({judged.confidence:.2f} of 1)"
        expected = f"at least {LEAST_CONFIDENCE}, on {expected}"
    else:
        return ""
    return f"found {found}; expected {expected}. Look at the radiograph."


def is_like_limb(judged: Judged) -> bool:
    """Whether enough joints lie as a limb's do, as of a limb that something says."""
    return judged.joints >= LEAST_JOINTS and judged.likeness >= LEAST_LIKENESS


def implausible_both_hands(
    seen: Appearance,
    image: Grey,
    whole: WholeImageModels,
    halves: Sequence[Laid],
    *,
    turned: bool,
) -> str:
    """Why a radiograph of both hands is not scored whole; empty where it is.

    Args:
        seen: its measures.
        image: uint8 (height, width), bones bright, fingers up.
        whole: models of whole images, which say how bright the training images were.
        halves: what was found in its left and its right half; none where nothing was looked for.
        turned: whether it was turned by 90 or 270 degrees, after its silhouette.
    """
    remedy = "Look at the radiograph."
    found = bool(halves) and all(half.likeness >= LEAST_LIKENESS for half in halves)
    height, width = image.shape
    if not found and not _shows_two_hands(seen.shape):
        shape = seen.shape
        return (
            f"found {counted(shape.limbs, 'silhouette')}, {shape.digits} digits on the largest; "
            f"expected two hands beside each other. {remedy}"
        )
    if not found and turned and height > width:
        return (
            "found a silhouette that does not show which way is up: fingers to the side of hands "
            "beside each other; expected fingers up. Turn the radiograph, or cut it in two."
        )
    trained = whole.statistics
    mean = float(prepare(image, whole.size, whole.contrast).mean() / 255)
    off = abs(mean - trained.pixel_mean) / trained.pixel_sd
    if off > MOST_SDS:
        return (
            f"found pixels whose mean is {off:.1f} standard deviations from that of the training "
            f"images; expected at most {MOST_SDS}. {remedy}"
        )
    return ""


def _shows_two_hands(shape: Shape) -> bool:
    """Whether a silhouette is that of two limbs with fingers.

    So of all of 100 phantom radiographs of both hands; of none of as much noise, of none of their
    left halves, and of none of the pictures.
    """
    return shape.limbs == 2 and shows_fingers(shape) and shape.digits <= HAND_DIGITS[-1]
