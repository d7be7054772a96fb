"""What was changed on a radiograph before it was scored, and the way back to its file's pixels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Corners = npt.NDArray[np.float64]
CUT_OUT = "cut out of both hands"


def are_cut_out(undone: "pd.Series[Any]") -> "pd.Series[bool]":
    """Which rows are of hands cut out of both hands, by what was undone."""
    return undone.map(lambda told: CUT_OUT in str(told)).astype(bool)


@dataclass(frozen=True)
class Correction:
    """What was changed before a radiograph was scored.

    Attributes:
        height: of the radiograph as it was read, pixels.
        width: likewise.
        turns: quarter turns against the clock.
        inverted: whether dark and bright were exchanged.
        columns: the first and the last but one that show the limb, once turned; None: all do.
        mirrored: whether it seems to lie the other way round. Nothing is changed then.
    """

    height: int
    width: int
    turns: int = 0
    inverted: bool = False
    columns: tuple[int, int] | None = None
    mirrored: bool = False

    def __str__(self) -> str:
        """In words; empty where nothing was changed."""
        told = (
            f"turned by {90 * self.turns} degrees" if self.turns else "",
            "inverted" if self.inverted else "",
            CUT_OUT if self.columns else "",
            "seems mirrored (not changed)" if self.mirrored else "",
        )
        return "; ".join(filter(None, told))

    def to_file(self, corners: Corners) -> Corners:
        """Boxes (n, 4) of what is scored as boxes of the radiograph as it was read.

        Boxes are x_min, y_min, x_max, y_max in pixels.
        """
        x, y = corners[:, [0, 2]], corners[:, [1, 3]]
        if self.columns:
            x = x + self.columns[0]
        for turn in range(self.turns, 0, -1):
            across = self.width if turn % 2 else self.height  # of what the turn began with
            x, y = across - y, x
        return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], axis=1)
