"""What each rehearsal measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Time that a unit of a rule's work takes.

    Attributes:
        unit: "step", "image", "joint", "crop" or "epoch".
        seconds: that one takes.
        items: of the study in one unit: radiographs in a step; else 1.
        done: units that were rehearsed.
    """

    unit: str
    seconds: float
    items: int
    done: int
