"""Limbs, joints, damage and score ranges of the Sharp/van der Heijde method, written once.

Sources: van der Heijde, J Rheumatol 2000;27:261-263 (sites and ranges); RA2-DREAM challenge
(column names of the score table); Tan et al., section 2.3.3 (classes of the joint detector).
"""

from dataclasses import dataclass
from enum import StrEnum


class BodyPart(StrEnum):
    """The two body parts that have models of their own."""

    HAND = "hand"
    FOOT = "foot"


class Damage(StrEnum):
    """The two kinds of damage that are scored."""

    EROSION = "erosion"
    NARROWING = "narrowing"


class Side(StrEnum):
    """The side of the body."""

    LEFT = "left"
    RIGHT = "right"


# A joint's box in a table: its left, top, right and bottom edge in pixels, y down.
BOX_COLUMNS = ["x_min", "y_min", "x_max", "y_max"]


@dataclass(frozen=True)
class Limb:
    """One limb as the cohorts name it."""

    code: str
    body_part: BodyPart
    side: Side


@dataclass(frozen=True)
class Joint:
    """A site of the score.

    `detector_class` is None for wrist sites, which Tan et al. neither detect nor score.
    `erosion_column` and `narrowing_column` are the RA2-DREAM column names without the limb
    ("LH_"), None where the site has no such score.
    """

    name: str
    body_part: BodyPart
    detector_class: str | None
    erosion_column: str | None
    narrowing_column: str | None

    def column(self, damage: Damage) -> str | None:
        """The RA2-DREAM column of one kind of damage, without the limb; None if not scored."""
        return self.erosion_column if damage is Damage.EROSION else self.narrowing_column


LIMBS: dict[str, Limb] = {
    "LH": Limb("LH", BodyPart.HAND, Side.LEFT),
    "RH": Limb("RH", BodyPart.HAND, Side.RIGHT),
    "LF": Limb("LF", BodyPart.FOOT, Side.LEFT),
    "RF": Limb("RF", BodyPart.FOOT, Side.RIGHT),
}

# Most a site can score. The foot's 10 is 5 on each side of the joint.
MAX_SCORE: dict[tuple[BodyPart, Damage], int] = {
    (BodyPart.HAND, Damage.EROSION): 5,
    (BodyPart.HAND, Damage.NARROWING): 4,
    (BodyPart.FOOT, Damage.EROSION): 10,
    (BodyPart.FOOT, Damage.NARROWING): 4,
}

_HAND, _FOOT = BodyPart.HAND, BodyPart.FOOT

HAND_JOINTS: tuple[Joint, ...] = (
    Joint("IP", _HAND, "PIP", "mcp_E__ip", None),
    *(Joint(f"PIP{n}", _HAND, "PIP", f"pip_E__{n}", f"pip_J__{n}") for n in range(2, 6)),
    *(Joint(f"MCP{n}", _HAND, "MCP", f"mcp_E__{n}", f"mcp_J__{n}") for n in range(1, 6)),
)
WRIST_SITES: tuple[Joint, ...] = (
    *(
        Joint(name, _HAND, None, f"wrist_E__{name}", None)
        for name in ("mc1", "mul", "nav", "lunate", "radius", "ulna")
    ),
    *(
        Joint(name, _HAND, None, None, f"wrist_J__{name}")
        for name in ("cmc3", "cmc4", "cmc5", "mna", "capnlun", "radcar")
    ),
)
FOOT_JOINTS: tuple[Joint, ...] = (
    Joint("IP", _FOOT, "PIP", "mtp_E__ip", "mtp_J__ip"),
    *(Joint(f"MTP{n}", _FOOT, "MTP", f"mtp_E__{n}", f"mtp_J__{n}") for n in range(1, 6)),
)

# What the detector finds on a radiograph: 10 joints of a hand, 6 of a foot.
DETECTED_JOINTS: dict[BodyPart, tuple[Joint, ...]] = {_HAND: HAND_JOINTS, _FOOT: FOOT_JOINTS}
ALL_SITES: dict[BodyPart, tuple[Joint, ...]] = {
    _HAND: HAND_JOINTS + WRIST_SITES,
    _FOOT: FOOT_JOINTS,
}
DETECTOR_CLASSES: dict[BodyPart, tuple[str, ...]] = {_HAND: ("PIP", "MCP"), _FOOT: ("PIP", "MTP")}

# The four models of Tan et al., Table 1.
MODELS: dict[str, tuple[Damage, BodyPart]] = {
    "narrowing-hand": (Damage.NARROWING, _HAND),
    "narrowing-foot": (Damage.NARROWING, _FOOT),
    "erosion-hand": (Damage.EROSION, _HAND),
    "erosion-foot": (Damage.EROSION, _FOOT),
}


def n_classes(body_part: BodyPart, damage: Damage) -> int:
    """Number of scores a site can have, 0 included."""
    return MAX_SCORE[body_part, damage] + 1


def scored_joints(body_part: BodyPart, damage: Damage) -> tuple[Joint, ...]:
    """The detected joints that have a score of this damage (the thumb's IP has no narrowing)."""
    return tuple(joint for joint in DETECTED_JOINTS[body_part] if joint.column(damage))


def score_columns() -> dict[str, tuple[str, Joint, Damage]]:
    """The 86 score columns of the RA2-DREAM table: name -> (limb code, site, damage)."""
    return {
        f"{limb.code}_{column}": (limb.code, site, damage)
        for limb in LIMBS.values()
        for damage in Damage
        for site in ALL_SITES[limb.body_part]
        if (column := site.column(damage))
    }
