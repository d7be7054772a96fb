"""What a DICOM header says of the limb, and whether it contradicts what the user says.

Only known words leave a header: technicians type into these elements, at worst a patient's name.
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sharpflow.anatomy import LIMBS, BodyPart, Side
from sharpflow.imaging.dicom import attempt, is_dicom, read_elements
from sharpflow.imaging.image_error import ImageError

log = logging.getLogger(__name__)

OnContradiction: TypeAlias = Literal["problem", "warn"]

_LIMB_ELEMENTS = (
    "ImageLaterality",
    "Laterality",
    "BodyPartExamined",
    "AnatomicRegionSequence",
    "ViewPosition",
)
_HAND, _FOOT = "hand", "foot"
_WORDS = {
    **dict.fromkeys(("HAND", "HANDS", "FINGER", "FINGERS", "THUMB", "WRIST", "WRISTS"), _HAND),
    **dict.fromkeys(("FOOT", "FEET", "TOE", "TOES", "FOREFOOT"), _FOOT),
}
_ELSEWHERE = (
    *("ABDOMEN", "ANKLE", "CALCANEUS", "CHEST", "CLAVICLE", "CSPINE", "ELBOW", "FEMUR", "FOREARM"),
    *("HEAD", "HEEL", "HIP", "HUMERUS", "KNEE", "LEG", "LSPINE", "NECK", "PELVIS", "RIB", "SACRUM"),
    *("SHOULDER", "SKULL", "SPINE", "SSPINE", "STERNUM", "TSPINE"),
)
_CODES = {  # SNOMED CT, and its codes of old
    "85562004": _HAND,
    "T-D8700": _HAND,
    "56459004": _FOOT,
    "T-D9700": _FOOT,
}
_SIDES = {"L": "left", "R": "right", "B": "both"}
_PLURALS = {_HAND: "hands", _FOOT: "feet"}
# Without a side it says both. HANDS does not: whether there are two is seen in the image.
_BOTH_FEET = "FEET"
_LATERAL = ("LL", "RL", "LAT", "LATERAL")


@dataclass(frozen=True)
class HeaderLimb:
    """What a header says; each is empty where it says nothing that we know.

    Attributes:
        part: "hand", "foot" or another body part's name.
        side: "left", "right" or "both".
        lateral: whether the view is from the side.
        plural: whether "both" is from FEET alone, as protocols for one foot may be called too.
    """

    part: str = ""
    side: str = ""
    lateral: bool = False
    plural: bool = False

    @property
    def limb(self) -> str:
        """The limb's code (LH, RH, LF, RF); empty where the header does not say it."""
        pair = (self.part, self.side)
        return next((code for code, x in LIMBS.items() if (x.body_part, x.side) == pair), "")

    def contradiction(self, part: BodyPart, side: str | None = None) -> str:
        """What it says against a body part and, if given, a side or "both"; empty where nothing."""
        other_part = self.part and self.part != part
        other_side = side and self.side and self.side != side and not self.plural
        if other_part or other_side:
            return _named(self.part, self.side)
        return "lateral view" if self.lateral else ""


def read_limb(path: Path) -> HeaderLimb:
    """Read what a DICOM header says of the limb; ImageError where it cannot be read."""
    header = read_elements(path, _LIMB_ELEMENTS, pixels=False)
    found = "a DICOM header with impossible values"
    return attempt(path, lambda: limb_of(header), found)


def limb_of(header: Any) -> HeaderLimb:
    """What a header that has been read says of the limb."""
    side = _text(header, "ImageLaterality") or _text(header, "Laterality")
    view = _text(header, "ViewPosition")
    known = _SIDES.get(side, "")
    plural = not known and _BOTH_FEET in _words(header)
    return HeaderLimb(
        _part(header), "both" if plural else known, lateral=view in _LATERAL, plural=plural
    )


def check_limb(
    path: Path,
    part: BodyPart,
    side: Side | None,
    named: str,
    on_contradiction: OnContradiction = "problem",
) -> str:
    """Refuse a DICOM file whose header contradicts what the user says of it.

    Args:
        path: of a radiograph; of one that is no DICOM nothing is asked.
        part: body part that the user says.
        side: the side; None where it is not to be compared.
        named: where the user says so, for the message.
        on_contradiction: "warn" gives and logs a contradiction, and does not raise it.

    Returns:
        What the header says against it, such as "right hand"; empty where nothing.

    Raises:
        ImageError: the header says another limb, or a lateral view; or it cannot be read.
    """
    if not is_dicom(path):
        return ""
    said = read_limb(path).contradiction(part, side)
    found, expected = f"a DICOM header that says {said}", f"{frontal(part, side)}, as {named} says"
    if said and on_contradiction == "problem":
        raise ImageError(
            path,
            found,
            expected,
            f"Look at the radiograph, and correct {named} or the header; if the headers are wrong, "
            "set checks: contradicting_headers: warn.",
        )
    if said:
        log.warning("%s: found %s; expected %s", path, found, expected)
    return said


def frontal(part: str, side: str | None) -> str:
    """What a radiograph of a body part and, where it is known, a side or "both" shows."""
    return f"{_named(part, side)}, frontal view"


def _named(part: str, side: str | None) -> str:
    own = _PLURALS.get(part, part) if side == "both" else part
    return " ".join(filter(None, (side, own)))


def _part(header: Any) -> str:
    regions = header.get("AnatomicRegionSequence") or []
    codes = [_CODES.get(_text(region, "CodeValue"), "") for region in regions]
    words = _words(header)
    known = [_WORDS[word] for word in words if word in _WORDS]
    elsewhere = [word.lower() for word in words if word in _ELSEWHERE]
    return next(filter(None, [*known, *codes, *elsewhere]), "")


def _words(header: Any) -> list[str]:
    return re.findall("[A-Z]+", _text(header, "BodyPartExamined"))


def _text(header: Any, name: str) -> str:
    return str(header.get(name) or "").strip().upper()
