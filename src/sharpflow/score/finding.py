"""What each radiograph of a batch shows, how it lies, and whether to score it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import LIMBS, BodyPart, Side
from sharpflow.bundle.manifest import WholeImageModels
from sharpflow.imaging.appearance import (
    Appearance,
    measure_appearance,
    quarter_turns,
    shows_fingers,
)
from sharpflow.score.correction import Correction
from sharpflow.score.joints import JointScorer
from sharpflow.score.known import BOTH_HANDS
from sharpflow.score.orientation import (
    MIDDLE,
    Laid,
    Orienter,
    Picture,
    are_both_hands,
    cut_between_hands,
    cut_upright,
)
from sharpflow.score.plausibility import (
    TWO_LIMBS_ASPECT,
    implausible_both_hands,
    implausible_limb,
    is_inverted,
    is_like_limb,
    judge,
    no_contrast,
)
from sharpflow.score.sources import GUESSED, HALF, Refused, Source

Grey = npt.NDArray[np.uint8]


@dataclass
class Found:
    """What a batch shows.

    Attributes:
        limbs: radiographs of one limb, and halves of those of both hands; each with how it lies.
        both_hands: radiographs of both hands, bones bright and fingers up.
        refused: radiographs that are not scored, or parts of them.
    """

    limbs: list[tuple[Source, Laid]] = field(default_factory=list)
    both_hands: list[tuple[Source, Grey]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True)
class _Read:
    """A radiograph with its bones bright."""

    source: Source
    image: Grey
    seen: Appearance
    correction: Correction

    def inverted_back(self) -> "_Read":
        """As it was read, where it was inverted."""
        image = np.asarray(255 - self.image)
        correction = replace(self.correction, inverted=False)
        return _Read(self.source, image, measure_appearance(image), correction)

    def turned(self, turns: int) -> Grey:
        """Its image after quarter turns against the clock."""
        return np.ascontiguousarray(np.rot90(self.image, turns))

    def as_limb(self, limb: str, correction: Correction) -> Source:
        """Its source with what is now known."""
        limb_from = self.source.limb_from or GUESSED
        return replace(self.source, limb=limb, limb_from=limb_from, correction=correction)


class LimbFinder:
    """Finds limbs in radiographs, a batch at a time."""

    def __init__(self, joints: JointScorer | None, whole: WholeImageModels | None) -> None:
        """Take the bundle's pipelines; at least one of them is there."""
        self._orienter = Orienter(joints) if joints else None
        self._joints, self._whole = joints, whole

    def find(self, images: Sequence[tuple[Source, Grey]]) -> Found:
        """What radiographs show, as they were read; of limbs that the bundle has models of."""
        found = Found()
        reads = []
        for source, image in images:
            read = _look(source, image)
            if why := no_contrast(read.seen) or _two_feet(source):
                found.refused.append(source.refused(why))
            else:
                reads.append(read)
        single = self._find_both_hands(reads, found)
        self._find_limbs(single, found)
        return found

    def _find_both_hands(self, reads: Sequence[_Read], found: Found) -> list[_Read]:
        """Add those of both hands; gives those that show one limb."""
        two = [read for read in reads if _may_show_two(read)]
        single = [read for read in reads if not _may_show_two(read)]
        cuts = [cut_between_hands(read.image, read.seen) for read in two]
        for read, cut, halves in zip(two, cuts, self._lay_halves(two, cuts), strict=True):
            if halves and are_both_hands(*halves):
                self._add_both_hands(read, cut, halves, found)
            elif read.source.limb:
                self._add_whole(read, cut[0], halves, found)
            elif read.seen.shape.limbs < 2 and read.source.told.side != "both":
                single.append(read)
            else:
                found.refused.append(read.source.refused(_UNSURE_HANDS))
        return single

    def _add_both_hands(
        self, read: _Read, cut: tuple[int, int], halves: tuple[Laid, Laid], found: Found
    ) -> None:
        """Add a radiograph whose halves are surely a left and a right hand."""
        turns, column = cut
        upright = read.turned(turns)
        whole = read.as_limb(BOTH_HANDS, replace(read.correction, turns=turns))
        if not self._add(whole, upright, read.seen, halves, found):
            return
        assert whole.correction, "it was just given"
        sides = ((0, column), (column, upright.shape[1]))
        for laid, limb, columns in zip(halves, ("LH", "RH"), sides, strict=True):
            image_id = f"{whole.image_id}{HALF}{limb}"
            correction = replace(whole.correction, columns=columns)
            half = replace(whole, image_id=image_id, limb=limb, correction=correction)
            found.limbs.append((half, laid))

    def _add_whole(
        self, read: _Read, turns: int, halves: tuple[Laid, Laid] | None, found: Found
    ) -> None:
        """Add a radiograph that is said to be of both hands and cannot be cut in two.

        It is scored only where its silhouette shows fingers, or hands are found in both halves once
        turned: either says which way is up.
        """
        source = read.as_limb(BOTH_HANDS, replace(read.correction, turns=turns))
        if not self._whole:
            found.refused.append(source.refused(_UNSURE_HALVES))
        elif self._add(source, read.turned(turns), read.seen, halves or (), found) and halves:
            found.refused.append(source.refused(_UNSURE_HALVES, part="the joints"))

    def _add(
        self,
        source: Source,
        image: Grey,
        seen: Appearance,
        halves: Sequence[Laid],
        found: Found,
    ) -> bool:
        """Add what the networks for whole radiographs can score, if they can; else refuse it."""
        if not self._whole:
            return True
        assert source.correction, "it was just given"
        turned = bool(source.correction.turns % 2)
        if why := implausible_both_hands(seen, image, self._whole, halves, turned=turned):
            found.refused.append(source.refused(why))
            return False
        found.both_hands.append((source, image))
        return True

    def _lay_halves(
        self, reads: Sequence[_Read], cuts: Sequence[tuple[int, int]]
    ) -> Sequence[tuple[Laid, Laid] | None]:
        """The halves of each radiograph as hands; None where the bundle has no hands."""
        if not self._orienter or not self._joints or not self._joints.can_score("LH"):
            return [None] * len(reads)
        pictures = []
        for read, (turns, column) in zip(reads, cuts, strict=True):
            halves = np.split(np.rot90(read.image, turns), [column], axis=1)
            pictures += [Picture(np.ascontiguousarray(half), BodyPart.HAND) for half in halves]
        laid = self._orienter.lay(pictures, as_they_lie=True)
        return list(zip(laid[::2], laid[1::2], strict=True))

    def _find_limbs(self, reads: Sequence[_Read], found: Found) -> None:
        if not self._orienter or not self._joints:
            found.refused += [read.source.refused(_NO_JOINTS) for read in reads]
            return
        able = [read for read in reads if self._has_models(read, found)]
        for read, laid in self._lay_limbs(self._orienter, able):
            told = bool(read.source.limb)
            two = _TWO_LIMBS if _shows_two(self._orienter, read, laid) else ""
            if why := two or implausible_limb(judge(laid), laid.body_part, told=told):
                found.refused.append(read.source.refused(why))
                continue
            limb = read.source.limb or _code(laid, read.source.told.side)
            mirrored = laid.is_clear and laid.side is not LIMBS[limb].side
            correction = replace(read.correction, turns=laid.turns, mirrored=mirrored)
            found.limbs.append((read.as_limb(limb, correction), laid))

    def _has_models(self, read: _Read, found: Found) -> bool:
        """Whether the bundle has models of the body part, if that is known; else it is refused."""
        part = _part(read.source)
        if part is None or (self._joints and part.value in self._joints.models.body_parts):
            return True
        why = (
            f"found a {part}, and a bundle without models for joints of the {part}; expected one "
            "with them. Take a bundle that has them."
        )
        found.refused.append(read.source.refused(why))
        return False

    def _lay_limbs(
        self, orienter: Orienter, reads: Sequence[_Read]
    ) -> Iterator[tuple[_Read, Laid]]:
        """How each limb lies; of what looks inverted, inverted or not, whichever is clearer."""
        negatives = [read.inverted_back() for read in reads if read.correction.inverted]
        as_read = iter(zip(negatives, orienter.lay([_picture(x) for x in negatives]), strict=True))
        for read, laid in zip(reads, orienter.lay([_picture(x) for x in reads]), strict=True):
            both = [(read, laid), *([next(as_read)] if read.correction.inverted else [])]
            yield max(both, key=lambda pair: pair[1].likeness)


_UNSURE = (
    "found two limbs that could not be told to be a left hand beside a right one; expected both "
    "hands, palms down"
)
_UNSURE_HANDS = (
    f"{_UNSURE}, or one limb. Cut the radiograph in two, or say BH in a table (--table)."
)
_UNSURE_HALVES = f"{_UNSURE}. Cut the radiograph in two to have them scored."
_TWO_LIMBS = (
    "found two limbs; expected one, or both hands with BH said of them. Cut the radiograph in two, "
    "or say BH of both hands in a table (--table)."
)
_NO_JOINTS = (
    "found a radiograph that nothing says is of both hands, and a bundle that scores these alone; "
    "expected the limb BH. Say so in a table (--table), or take a bundle with joints."
)


def _look(source: Source, image: Grey) -> _Read:
    seen = measure_appearance(image)
    inverted = is_inverted(seen, _part(source))
    if inverted:
        image = np.asarray(255 - image)
        seen = measure_appearance(image)
    height, width = image.shape
    return _Read(source, image, seen, Correction(height, width, inverted=inverted))


def _part(source: Source) -> BodyPart | None:
    """The body part, where anything says it."""
    if source.limb:
        return BodyPart.HAND if source.limb == BOTH_HANDS else LIMBS[source.limb].body_part
    return BodyPart(source.told.part) if source.told.part else None


def _picture(read: _Read) -> Picture:
    source, shape = read.source, read.seen.shape
    turns = quarter_turns(shape.up, shape.left) if shows_fingers(shape) else None
    if source.limb:
        return Picture(read.image, LIMBS[source.limb].body_part, LIMBS[source.limb].side, turns)
    side = Side(source.told.side) if source.told.side in tuple(Side) else None
    return Picture(read.image, _part(source), side, turns)


def _code(laid: Laid, side: str) -> str:
    """The code of a limb whose side is given, or as it lies."""
    own = side or laid.side
    return next(c for c, x in LIMBS.items() if (x.body_part, x.side) == (laid.body_part, own))


def _two_feet(source: Source) -> str:
    told = source.told
    if told.part == BodyPart.FOOT and told.side == "both" and not (told.plural and source.limb):
        return "found a DICOM header that says both feet; expected one. Cut the radiograph in two."
    return ""


def _may_show_two(read: _Read) -> bool:
    source, shape = read.source, read.seen.shape
    if source.limb or _part(source) is BodyPart.FOOT or source.told.side in tuple(Side):
        return source.limb == BOTH_HANDS
    height, width = read.image.shape
    upright = width / height if abs(shape.up) >= abs(shape.left) else height / width
    return shape.limbs >= 2 or upright >= TWO_LIMBS_ASPECT or source.told.side == "both"


def _shows_two(orienter: Orienter, read: _Read, laid: Laid) -> bool:
    """Whether what was laid as one limb is two: by its silhouette, or by what its halves show."""
    if read.seen.shape.limbs >= 2:
        return True
    image = read.turned(laid.turns)
    height, width = image.shape
    if width < TWO_LIMBS_ASPECT * height:
        return False
    column = cut_upright(image, np.rot90(read.seen.mask, laid.turns))
    if not MIDDLE[0] <= column / width <= MIDDLE[1]:
        column = width // 2  # the silhouette has lost one of them
    halves = np.split(image, [column], axis=1)
    pictures = [Picture(np.ascontiguousarray(half), laid.body_part) for half in halves]
    return all(is_like_limb(judge(half)) for half in orienter.lay(pictures, as_they_lie=True))
