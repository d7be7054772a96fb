"""How unlike the joints of a radiograph are those that the heads learned from.

A head scores whatever it is given. So a bundle says how the features of its study's joints vary,
and from where on a radiograph is unlike all but a few of the study's. Ours.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

USUAL = 0.99  # share of the study's radiographs that are no further off
_LEAST_SD, _NO_MATTER = 1e-6, 1e6  # a feature that never varies tells nothing


@dataclass(frozen=True)
class Familiar:
    """What features of joints are like, of one body part.

    Attributes:
        mean: of each feature, over joints that the heads learned from.
        sd: likewise, above 0.
        most: how far off a radiograph may be.
    """

    mean: tuple[float, ...]
    sd: tuple[float, ...]
    most: float


def how_far(
    features: npt.ArrayLike, radiographs: Sequence[Hashable], familiar: Familiar
) -> "pd.Series[float]":
    """How far off each radiograph is: the median over its joints.

    A joint is as far off as its features are, in standard deviations: the root of their mean
    square. The median, since single joints may be damaged as few are.

    Args:
        features: of joints, (n, features).
        radiographs: whose each joint is, (n,).
        familiar: of their body part.

    Returns:
        By radiograph.
    """
    off = (np.asarray(features, np.float64) - familiar.mean) / familiar.sd
    each = np.sqrt((off**2).mean(axis=1))
    return pd.Series(each).groupby(list(radiographs), sort=False).median()


def fit_familiar(
    features: npt.ArrayLike, radiographs: Sequence[Hashable], splits: Sequence[str]
) -> Familiar:
    """What the joints of a study are like.

    Args:
        features: of joints, (n, features).
        radiographs: whose each joint is, (n,).
        splits: "train", "validation" or "test" of each; the last are left out.
    """
    known, split = np.asarray(features, np.float64), np.asarray(splits)
    train, learned = known[split == "train"], split != "test"
    mean, sd = train.mean(axis=0), train.std(axis=0)
    sd = np.where(sd < _LEAST_SD, _NO_MATTER, sd)
    found = Familiar(tuple(mean.tolist()), tuple(sd.tolist()), 0.0)
    own = [radiograph for radiograph, is_own in zip(radiographs, learned, strict=True) if is_own]
    far = how_far(known[learned], own, found)
    return Familiar(found.mean, found.sd, float(np.quantile(far, USUAL, method="higher")))
