"""The radiographs to score: which files they are, and what is known of each.

Limb, patient and visit are from a table, else from the DICOM header, else from the file's name. A
limb that none of them says is left to be found in the image. The readers are those of cohorts.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharpflow.anatomy import LIMBS, BodyPart
from sharpflow.cohorts.dicom_table import header_date, header_patient, is_burnt_in, read_key
from sharpflow.cohorts.radiographs import (
    AT,
    IMAGE_ID,
    OTHER_IMAGES,
    SUFFIXES,
    limb_at_end,
    read_name,
    split_name,
)
from sharpflow.errors import UserError
from sharpflow.imaging.dicom import check_header, is_dicom
from sharpflow.imaging.dicom_limb import HeaderLimb, frontal, read_limb
from sharpflow.imaging.image_error import MAX_PIXELS, ImageError
from sharpflow.imaging.png import refuse_overlay
from sharpflow.score.correction import Correction
from sharpflow.score.known import (
    BOTH_HANDS,
    CODES,
    Header,
    Known,
    Place,
    Places,
    Said,
)
from sharpflow.score.meant_otherwise import meant_otherwise, unread_limbs
from sharpflow.score.radiograph_table import RadiographTable, read_table
from sharpflow.score.source_files import image_files, shown

HALF = "+"  # between an image_id, which never has it, and the limb of a half of both hands
SAYS_NOTHING = HeaderLimb()
GUESSED = "guessed from the image"
_NO_ID = re.compile(r"[^A-Za-z0-9_@-]+")
_LONGEST_ID = 80  # files are named by it


@dataclass(frozen=True)
class Refused:
    """A file that is not scored.

    Attributes:
        image: as outputs call it.
        reason: why.
        patient: empty where unknown.
        visit: likewise; "1" of a known patient if nothing says another.
        is_part: whether the rest of it is scored.
    """

    image: str
    reason: str
    patient: str = ""
    visit: str = ""
    is_part: bool = False


@dataclass(frozen=True)
class Source:
    """A radiograph to score.

    Attributes:
        path: of the file.
        image: the same, as outputs call it.
        image_id: unique among the call's; a name for files.
        patient: empty if unknown.
        visit: "1" if nothing says another.
        visit_from: "table", "header" or "name"; "header" if it numbers a study's date, empty if
            nothing says it.
        limb: "LH", "RH", "LF", "RF", or "BH" of both hands; empty where nothing says it.
        limb_from: as visit_from; GUESSED, or empty, where none of them says it.
        told: what the header says of the limb, though it may not be enough.
        correction: what was changed before it was scored; None while it is not read.
    """

    path: Path
    image: str
    image_id: str
    patient: str
    visit: str
    visit_from: str
    limb: str
    limb_from: str
    told: HeaderLimb = SAYS_NOTHING
    correction: Correction | None = None

    def refused(self, why: str, *, part: str = "") -> Refused:
        """It, as one that is not scored, or only a part of which is not, as "the joints"."""
        reason = f"{part} alone: {why}" if part else why
        return Refused(self.image, reason, self.patient, self.visit, is_part=bool(part))


def find_sources(
    images: Sequence[str],
    *,
    table: Path | None = None,
    keep_ids: bool = False,
    key: Path | None = None,
    out: Path | None = None,
    max_pixels: int = MAX_PIXELS,
    warn: Callable[[str], None] = lambda text: None,
) -> tuple[list[Source], list[Refused]]:
    """The radiographs to score, by patient and visit, and those that are refused unread.

    Of a visit those of one limb that something says come first, those whose limb nothing says last.

    Args:
        images: files, folders (with those within) and patterns; what is there counts as a file
            though its name has signs of a pattern.
        table: what a user says of them; see `read_table`.
        keep_ids: whether a header's PatientID stays as it is.
        key: of the hashes that else stand for it, made where missing; None: one for this call.
        out: a folder that is passed over, since what is made there is no radiograph.
        max_pixels: DICOM radiographs of more are refused by their headers.
        warn: called with each thing that a user may have meant otherwise.

    Raises:
        UserError: nothing is there under a name, or the table or the key cannot be used.
    """
    _refuse_key_among_results(key, out)
    listed = read_table(table) if table else RadiographTable()
    files = image_files(images, out)
    secret = None if keep_ids else read_key(key) if key else secrets.token_bytes(32)
    known: list[Known] = []
    unread: list[tuple[Known, str]] = []
    for path in files:
        one = _known(path, listed.said_of(path))
        try:
            known.append(replace(one, header=_read_header(path, secret, max_pixels)))
        except ImageError as error:
            unread.append((one, reason(error)))
    places = Places(known)
    every = [*known, *(one for one, _ in unread)]
    told = listed.warnings(table, every) if table else []
    told += meant_otherwise(every, [places.of(one) for one in every])
    refused = [_refused(one, why, places.of(one)) for one, why in unread]
    sources, ids = [], set[str]()
    for one in known:
        place = places.of(one)
        if why := _why_refused(one) or place.doubt:
            refused.append(_refused(one, why, place))
        else:
            source = _source(one, place)
            sources.append(replace(source, image_id=_unique_id(source.image_id, ids)))
    told += unread_limbs(source.path for source in sources if not source.limb)
    for text in told:
        warn(text)
    sources.sort(key=lambda source: (source.patient, source.visit, _rank(source)))
    return sources, refused


def _refuse_key_among_results(key: Path | None, out: Path | None) -> None:
    if key and out and out.resolve() in key.resolve().parents:
        raise UserError(
            f"{key}: found a key among results, which people publish; expected one elsewhere. Name "
            "another file (--key)."
        )


def _refused(one: Known, why: str, place: Place) -> Refused:
    return Refused(shown(one.path), why, place.patient, place.visit)


def _rank(source: Source) -> int:
    """What is sure goes before what is less so: halves of both hands may be a second of a limb."""
    if source.limb in LIMBS:
        return 0
    return 1 if source.limb == BOTH_HANDS else 2


def reason(error: ImageError) -> str:
    """Why an image is refused, without its path, which stands beside it."""
    return f"found {error.found}; expected {error.expected}. {error.remedy}"


def _refuse_other_kinds(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in OTHER_IMAGES:
        expected = f"one of {', '.join(SUFFIXES)}"
        remedy = "Export the radiograph as one of these."
        raise ImageError(path, f"an image of kind {suffix}", expected, remedy)


def _read_header(path: Path, key: bytes | None, max_pixels: int) -> Header | None:
    """A DICOM file's header; None of other files that can be radiographs, ImageError of the rest.

    Args:
        path: of the file.
        key: of the hash that stands for a PatientID; None keeps the id.
        max_pixels: of more it is refused.
    """
    _refuse_other_kinds(path)
    refuse_overlay(path)
    if not is_dicom(path):
        return None
    check_header(path, max_pixels)
    return Header(read_limb(path), header_patient(path, key), header_date(path), is_burnt_in(path))


def _known(path: Path, table: Said) -> Known:
    """What the table and the file's name say of a radiograph."""
    stem = split_name(path.name)[0]
    by_name = read_name(stem, CODES)
    name = Said(limb_at_end(stem, CODES))  # though the patient before it is none
    if by_name:
        patient, visit, limb = by_name
        name = Said(limb, patient, visit if AT in stem else "")
    return Known(path, table, name)


def _why_refused(one: Known) -> str:
    """Why a radiograph is refused by what its header says of the limb; empty if it is not."""
    return _contradiction(one.header.limb, one.table, one.name) if one.header else ""


def _source(one: Known, place: Place) -> Source:
    """What the origins say together; its image_id may be another's too."""
    limb_in_header = _header_limb(one.header.limb) if one.header else ""
    limbs = {"table": one.table.limb, "header": limb_in_header, "name": one.name.limb}
    limb_from = next((origin for origin, limb in limbs.items() if limb), "")
    stem = split_name(one.path.name)[0]
    image_id = stem if IMAGE_ID.fullmatch(stem) else _NO_ID.sub("_", stem)
    return Source(
        one.path,
        shown(one.path),
        image_id[:_LONGEST_ID],
        place.patient,
        place.visit,
        place.visit_from,
        limbs.get(limb_from, ""),
        limb_from,
        one.header.limb if one.header else SAYS_NOTHING,
    )


def _header_limb(header: HeaderLimb) -> str:
    both_hands = (header.part, header.side) == (BodyPart.HAND, "both")
    return BOTH_HANDS if both_hands else header.limb


def _contradiction(header: HeaderLimb, table: Said, name: Said) -> str:
    """Why a radiograph is refused whose header says another limb, or no frontal view."""
    limb = table.limb or name.limb or _header_limb(header)
    part, side = _part_and_side(limb) if limb else (header.part, "")
    if not limb and part not in (*BodyPart, ""):
        said, expected, remedy = part, "hand or foot, frontal view", "Leave it out"
    elif said := header.contradiction(BodyPart(part or BodyPart.HAND), side):
        origin = "the table" if table.limb else "the file's name" if name.limb else ""
        expected = f"{frontal(part, side)}" if part else "a frontal view"
        expected += f", as {origin} says" if origin else ""
        remedy = "Look at the radiograph, and correct what is wrong"
    else:
        return ""
    return f"found a DICOM header that says {said}; expected {expected}. {remedy}."


def _part_and_side(limb: str) -> tuple[BodyPart, str]:
    if limb == BOTH_HANDS:
        return BodyPart.HAND, "both"
    return LIMBS[limb].body_part, LIMBS[limb].side


def _unique_id(image_id: str, taken: set[str]) -> str:
    """An image_id that no other has, in small letters or capitals; it is added to `taken`."""
    name, number = image_id, 2
    while name.casefold() in taken:
        name, number = f"{image_id}-{number}", number + 1
    taken.add(name.casefold())
    return name
