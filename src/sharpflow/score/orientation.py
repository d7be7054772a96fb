"""Which limb a radiograph shows and how it lies, found by the detector and the template of joints.

Heads never see what is only tried: a limb is found in a radiograph as it lies, and, unless its
joints are clear, turned by 90, 180 and 270 degrees too. What an upright radiograph of a known limb
gives is so what it gives without any of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import BodyPart, Side
from sharpflow.imaging.appearance import Appearance, quarter_turns
from sharpflow.imaging.silhouettes import Mask
from sharpflow.joints.identification.rules import fit_limb
from sharpflow.joints.identification.template_fit import Fitted
from sharpflow.joints.identification.templates import template
from sharpflow.score.joints import Detected, JointScorer

Grey = npt.NDArray[np.uint8]

# From this likeness on there is no doubt how a limb lies. Of real hands and of phantom limbs the
# likeness was at least 0.78 where they lay upright, and at most 0.5 in any other way.
CLEAR = 0.6
# By which a turned radiograph must be more like a limb than the same as it lies.
CLEARER = 0.1
UPRIGHT = 45.0  # degrees; a limb that lies further over lies better in a quarter turn
MIDDLE = (0.3, 0.7)  # of two hands' width: there the gap between them lies


@dataclass(frozen=True)
class Picture:
    """A radiograph of one limb that may lie in any way.

    Attributes:
        image: uint8 (height, width), bones bright.
        body_part: None where it is not known.
        side: likewise.
        turns: quarter turns against the clock that bring the digits up, by the silhouette; None
            where it shows no digits.
    """

    image: Grey
    body_part: BodyPart | None = None
    side: Side | None = None
    turns: int | None = None

    @property
    def order(self) -> list[int]:
        """The quarter turns, the likeliest first."""
        return sorted(range(4), key=lambda turns: turns != self.turns)

    def is_settled(self, laid: "Laid") -> bool:
        """Whether no other way has to be tried."""
        known = self.body_part is not None if self.turns is None else self.turns == laid.turns
        return laid.is_clear and known


@dataclass(frozen=True)
class Laid:
    """A radiograph of one limb, brought upright.

    Attributes:
        body_part: that it shows, or is most likely to.
        turns: quarter turns against the clock that it was turned by.
        detected: what the detector found in it, and where the template lies on that.
    """

    body_part: BodyPart
    turns: int
    detected: Detected

    @property
    def fitted(self) -> Fitted | None:
        """Where the template lies on the boxes; None where it does not."""
        return self.detected.fitted

    @property
    def likeness(self) -> float:
        """How much the boxes are like the joints of the limb, at most 1."""
        return self.fitted.likeness(template(self.body_part)) if self.fitted else 0.0

    @property
    def is_clear(self) -> bool:
        """Whether there is no doubt that the limb lies so."""
        upright = self.fitted is not None and abs(self.fitted.degrees) <= UPRIGHT
        return upright and self.likeness >= CLEAR

    @property
    def side(self) -> Side:
        """The side that the limb is of, if the radiograph is not mirrored."""
        return Side.RIGHT if self.fitted and self.fitted.flipped else Side.LEFT


class Orienter:
    """Brings radiographs upright, a batch at a time."""

    def __init__(self, scorer: JointScorer) -> None:
        """Take what detects joints."""
        self._scorer = scorer
        self._parts = [part for part in BodyPart if part.value in scorer.models.body_parts]

    def lay(self, pictures: Sequence[Picture], *, as_they_lie: bool = False) -> list[Laid]:
        """The way in which each picture shows a limb best.

        Args:
            pictures: of body parts that the bundle has models of.
            as_they_lie: whether no other way is tried.
        """
        best: dict[int, Laid] = {}
        orders = [[0] if as_they_lie else picture.order for picture in pictures]
        for step in range(1 if as_they_lie else 4):
            waiting = [
                number
                for number, picture in enumerate(pictures)
                if number not in best or not picture.is_settled(best[number])
            ]
            for turns, part in product(range(4), self._parts):
                own = [
                    number
                    for number in waiting
                    if pictures[number].body_part in (None, part) and orders[number][step] == turns
                ]
                laid = self._laid([pictures[number] for number in own], part, turns)
                for number, one in zip(own, laid, strict=True):
                    if number not in best or _rank(one) > _rank(best[number]):
                        best[number] = one
        return [best[number] for number in range(len(pictures))]

    def _laid(self, pictures: Sequence[Picture], part: BodyPart, turns: int) -> list[Laid]:
        images = [np.ascontiguousarray(np.rot90(picture.image, turns)) for picture in pictures]
        found = self._scorer.detect(images, part)
        fitted = [
            self._fit(detected, part, picture.side)
            for picture, detected in zip(pictures, found, strict=True)
        ]
        return [
            Laid(part, turns, replace(detected, fitted=fit))
            for detected, fit in zip(found, fitted, strict=True)
        ]

    def _fit(self, detected: Detected, part: BodyPart, side: Side | None) -> Fitted | None:
        share = self._scorer.models.identification.mirrored_share if side else 0.5
        mirrored = side is Side.RIGHT
        return fit_limb(detected.boxes, part, mirrored=mirrored, mirrored_share=share)


def _rank(laid: Laid) -> tuple[bool, float]:
    """How well a limb lies so; turned only where that is clear, and clearer than as it was."""
    if laid.turns == 0:
        return True, laid.likeness + CLEARER
    return laid.is_clear, laid.likeness


def cut_between_hands(image: Grey, seen: Appearance) -> tuple[int, int]:
    """Where two hands beside each other are cut apart.

    Args:
        image: uint8 (height, width), bones bright.
        seen: its measures.

    Returns:
        Quarter turns against the clock that bring the fingers up, and the column of the radiograph,
        once turned, at which the right half begins.
    """
    turns = quarter_turns(seen.shape.up, seen.shape.left)
    return turns, cut_upright(np.rot90(image, turns), np.rot90(seen.mask, turns))


def cut_upright(image: Grey, mask: Mask) -> int:
    """The column at which the right one of two upright limbs begins.

    Args:
        image: uint8 (height, width), digits up.
        mask: its silhouette, of whatever size.
    """
    width = int(image.shape[1])
    columns = mask.sum(axis=0)
    limb = np.flatnonzero(columns)
    if not len(limb):
        return width // 2
    across = limb[-1] - limb[0]
    first, last = (int(limb[0] + share * across) for share in MIDDLE)
    part = columns[first : last + 1]
    gap = np.flatnonzero(part == part.min())
    middle = first + float(gap[len(gap) // 2]) + 0.5
    return int(min(max(round(middle / mask.shape[1] * width), 1), width - 1))


def are_both_hands(left: Laid, right: Laid) -> bool:
    """Whether two halves of a radiograph are a left and a right hand, palms down."""
    clear = left.is_clear and right.is_clear
    return clear and (left.side, right.side) == (Side.LEFT, Side.RIGHT)
