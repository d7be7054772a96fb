"""Warn of radiographs that can be read and are implausible: inverted, turned, black, no limb.

How often good radiographs are flagged, and bad ones missed, docs/explanation/warnings.md tells.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.cohorts.warnings import CohortWarning, Doubt, merge_if_most
from sharpflow.imaging.appearance import HAND_DIGITS, Shape, looks_inverted
from sharpflow.imaging.dicom_limb import frontal

_BLACK = 20  # grey level; a radiograph whose brightest part is darker is called black
_ACROSS = 0.5  # of the width: each of two hands has less
_UPRIGHT = 1.15  # width by height; two hands beside each other are wider, but for square detectors
_TURNED_BY = {"hand": 0.5, "foot": 0.35}  # by which another direction must beat upwards


class Seen(NamedTuple):
    """A radiograph as measured, and what it should be."""

    row: Mapping[str, Any]
    body_part: str
    side: str  # left, right; empty where it is not known
    limbs: int  # expected on the radiograph

    @property
    def shape(self) -> Shape:
        """The silhouette of its largest limb."""
        return Shape(*(self.row[name] for name in Shape._fields))

    @property
    def negative(self) -> Shape:
        """The same of its negative."""
        return Shape(*(self.row[f"negative_{name}"] for name in Shape._fields))


def implausible_radiographs(
    measured: pd.DataFrame, limits: Mapping[str, Any]
) -> list[CohortWarning]:
    """Warn of radiographs by their measures.

    Args:
        measured: APPEARANCE_TABLE with file, body_part, side (blank where it is not known) and
            expected_limbs; a row a radiograph that can be read.
        limits: the settings `checks: warnings`.
    """
    found: list[CohortWarning] = []
    for row in measured.to_dict("records"):
        seen = Seen(
            {str(key): value for key, value in row.items()},
            str(row["body_part"]),
            str(row["side"]),
            int(row["expected_limbs"]),
        )
        file, image_id = str(row["file"]), str(row["image_id"])
        found += [
            CohortWarning(file, image_id, seen.body_part, *doubt, radiograph=file)
            for doubt in _doubts(seen, limits)
        ]
    return found


def contradicted_radiographs(measured: pd.DataFrame) -> list[CohortWarning]:
    """Warn of radiographs whose DICOM header says another limb, or a lateral view.

    Args:
        measured: as for `implausible_radiographs`.
    """
    says = measured["header_says"].fillna("")
    return [
        CohortWarning(
            str(row["file"]),
            str(row["image_id"]),
            str(row["body_part"]),
            "contradicts its DICOM header",
            f"a header that says {row['header_says']}",
            frontal(str(row["body_part"]), str(row["side"])),
            "Look at it, and correct its name, its list or its header.",
            radiograph=str(row["file"]),
        )
        for row in measured[says != ""].to_dict("records")
    ]


def burned_in_radiographs(measured: pd.DataFrame, file: str | Path) -> list[CohortWarning]:
    """Warn of radiographs whose DICOM header says that text is burned into the pixels.

    Args:
        measured: as for `implausible_radiographs`.
        file: what holds or lists them all.
    """
    found = [
        CohortWarning(
            str(row["file"]),
            str(row["image_id"]),
            str(row["body_part"]),
            "text is burned into the pixels, maybe a name",
            "a header that says so",
            "no text",
            "Look at it: figures and overlays may show it. Export it without text, or blacken it.",
            radiograph=str(row["file"]),
        )
        for row in measured[measured["burned_in"] == 1].to_dict("records")
    ]
    return merge_if_most(found, len(measured), file)


def _doubts(seen: Seen, limits: Mapping[str, Any]) -> Iterator[Doubt]:
    """What is implausible; but for the size only the first, which makes the rest meaningless."""
    row = seen.row
    if max(row["height"], row["width"]) < limits["smallest_side"]:
        yield Doubt(
            "very small",
            f"{row['width']:g} x {row['height']:g} pixels",
            f"longer side at least {limits['smallest_side']}",
            "Export the radiograph at its full size; a preview was saved, perhaps.",
        )
    for check in _IN_ORDER:
        if doubt := check(seen, limits):
            yield doubt
            return


def _no_contrast(seen: Seen, limits: Mapping[str, Any]) -> Doubt | None:
    least = limits["least_contrast"]
    if seen.row["contrast"] >= least:
        return None
    dark = seen.row["brightest"] < _BLACK
    return Doubt(
        "black, or nearly" if dark else "almost uniform",
        f"{seen.row['contrast']:.0f} grey levels",
        f"at least {least:g} from the 1st to the 99th percentile",
        "Export the radiograph again with its display window; remove it if it is blank.",
    )


def _inverted(seen: Seen, limits: Mapping[str, Any]) -> Doubt | None:
    border, most = seen.row["border"], limits["bright_border"][seen.body_part]
    if not looks_inverted(
        border,
        seen.shape,
        seen.negative,
        BodyPart(seen.body_part),
        most_border=most,
        fingers=limits["turned"]["hand"],
    ):
        return None
    return Doubt(
        "inverted: dark bones on a bright ground",
        f"{border:.2f} background",
        f"at most {most:g} of the way from dark to bright",
        "Export the radiograph with bones bright, or invert the file.",
    )


def _no_limb(seen: Seen, limits: Mapping[str, Any]) -> Doubt | None:
    least = limits["least_fingers"][seen.body_part]
    if seen.shape.fingers >= least:
        return None
    return Doubt(
        "no fingers found: another body part, a wrist, or a cropped hand",
        f"{seen.shape.fingers:.2f} more fingers across one half than across the other",
        f"at least {least:g}",
        "Look at it; bring the radiograph of the whole hand, or delete it with its rows in all "
        "tables.",
    )


def _several_limbs(seen: Seen, _: Mapping[str, Any]) -> Doubt | None:
    if not seen.limbs or seen.shape.limbs <= seen.limbs:
        return None
    return Doubt(
        f"more than one {seen.body_part} on the radiograph",
        f"{seen.shape.limbs:g} limbs",
        f"{seen.limbs}",
        f"Cut the radiograph so that each file shows one {seen.body_part}.",
    )


def _one_hand(seen: Seen, _: Mapping[str, Any]) -> Doubt | None:
    """A single hand across an upright picture, where there should be two beside each other."""
    shape, aspect = seen.shape, seen.row["width"] / seen.row["height"]
    is_upright = abs(shape.up) >= abs(shape.left) and aspect < _UPRIGHT
    is_alone = shape.limbs == 1 and shape.digits in HAND_DIGITS and shape.across >= _ACROSS
    if seen.limbs != 2 or not (is_upright and is_alone):
        return None
    return Doubt(
        "only one hand, in a cohort of both hands",
        f"one silhouette across {shape.across:.2f} of the width, {shape.digits:g} fingers",
        "two hands beside each other",
        "Look at it: bring the radiograph of both hands, or leave it out. A cohort of single "
        "hands is one of joints (cohorts: joints), or its totals are not those of both hands.",
    )


def _turned(seen: Seen, limits: Mapping[str, Any]) -> Doubt | None:
    shape, least = seen.shape, limits["turned"][seen.body_part]
    others = {"down": -shape.up, "left": shape.left, "right": -shape.left}
    way = max(others, key=lambda name: others[name])
    if others[way] < least or others[way] - shape.up < _TURNED_BY[seen.body_part]:
        return None
    word = "fingers" if seen.body_part == BodyPart.HAND else "toes"
    return Doubt(
        "upside down" if way == "down" else f"turned, {word} to the {way}",
        f"{others[way]:.2f} more {word} on that side; upwards {shape.up:.2f}",
        f"less than {least:g}",
        f"Turn the file so that the {word} point up.",
    )


def _wrong_side(seen: Seen, limits: Mapping[str, Any]) -> Doubt | None:
    """A left hand, seen from its back, has the thumb on the right of the picture."""
    thumb, most = seen.shape.thumb, limits["thumb_side"]
    if seen.body_part != BodyPart.HAND or not seen.side or math.isnan(thumb):
        return None
    towards = thumb if seen.side == "right" else -thumb
    if towards <= most:
        return None
    other = "right" if seen.side == "left" else "left"
    return Doubt(
        f"looks like a {other} hand, or mirrored",
        f"the gap beside the thumb's side is {towards:.0f} degrees wider",
        f"at most {most:g}",
        f"Correct the limb if it is the {other} hand; mirror the file if it lies palm up.",
    )


def _little_limb(seen: Seen, limits: Mapping[str, Any]) -> Doubt | None:
    share, least = seen.shape.share, limits["least_limb"]
    if share >= least:
        return None
    return Doubt(
        f"the {seen.body_part} is small in the picture: borders, text, or a wide exposure",
        f"{share:.2f} of the picture",
        f"at least {least:g}",
        "Cut the borders off, or export the exposed field alone.",
    )


_IN_ORDER = (
    _no_contrast,
    _inverted,
    _no_limb,
    _several_limbs,
    _one_hand,
    _turned,
    _wrong_side,
    _little_limb,
)
