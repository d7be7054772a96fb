"""What the name of a labelled box says: a class of the detector, or the joint itself."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from sharpflow.anatomy import DETECTED_JOINTS, DETECTOR_CLASSES, BodyPart


class BoxName(NamedTuple):
    """The class of a box, and its joint ("" where the label gives the class alone)."""

    detector_class: str
    joint: str


def plain_name(text: str) -> str:
    """A label without what does not count: case, blanks, hyphens, underscores."""
    return re.sub(r"[\s_-]", "", text).upper()


def read_box_name(text: str, body_part: BodyPart) -> BoxName | None:
    """The class and joint that a label names; None if it is neither on this body part.

    "PIP", "MCP" and "MTP" are classes; "IP", "PIP2", "MCP5", "MTP1" and so on are joints, from
    which the class follows. Case, blanks, hyphens and underscores do not count: "mcp_5" is MCP5.
    """
    plain = plain_name(text)
    if plain in DETECTOR_CLASSES[body_part]:
        return BoxName(plain, "")
    for joint in DETECTED_JOINTS[body_part]:
        if plain == joint.name:
            return BoxName(str(joint.detector_class), joint.name)
    return None


def unknown_name(text: str, body_part: BodyPart) -> tuple[str, str, str]:
    """Found, expected and remedy of a label that names no joint of this body part."""
    joints = ", ".join(joint.name for joint in DETECTED_JOINTS[body_part])
    classes = " or ".join(DETECTOR_CLASSES[body_part])
    expected = f"{classes} on a {body_part}, or the joint itself ({joints})"
    if not text:
        return "a box without a class", expected, "Give the box its class in labelImg."
    for other in BodyPart:
        if read_box_name(text, other):
            remedy = f"Correct the class, or the limb if the radiograph shows a {other}."
            return f"class {text[:80]!r}, which a {other} has, on a {body_part}", expected, remedy
    return (
        f"unknown class {text[:80]!r}",
        expected,
        "Correct the class, or add it to checks: ignored_classes.",
    )


def naming_problems(names: Iterable[tuple[str, BoxName]]) -> list[tuple[str, str, str, str]]:
    """What is wrong with the names of one radiograph's boxes together.

    Args:
        names: where each box stands in its file, and its name.

    Returns:
        where, found, expected and remedy: of each box that names a joint for the second time, and
        of a radiograph on which only some boxes name their joint.
    """
    names = list(names)
    problems = []
    first: dict[str, str] = {}
    for where, name in names:
        if name.joint and first.setdefault(name.joint, where) != where:
            problems.append(
                (
                    where,
                    f"{name.joint} again, first in {first[name.joint]}",
                    "one box a joint",
                    "Correct the name, or delete the wrong box.",
                )
            )
    without = [where for where, name in names if not name.joint]
    if first and without:
        problems.append(
            (
                "",
                f"joints named in {len(names) - len(without)} boxes, a class alone in "
                f"{len(without)} ({without[0]})",
                "the names of all joints of a radiograph, or of none",
                "Give every box its joint's name, or every box its class (an IP's is PIP).",
            )
        )
    return problems
