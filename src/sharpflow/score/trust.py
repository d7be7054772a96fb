"""Which scores of joints are to be trusted: a few simple rules, ours, all of them here."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, LIMBS, Damage
from sharpflow.bundle.manifest import JointModels
from sharpflow.joints.scoring.familiarity import Familiar, how_far
from sharpflow.joints.scoring.scores import SCORED
from sharpflow.score.joints import ScoredJoints

LOW_CONFIDENCE = 0.5  # of the detector
LIKELY = 0.5  # the probability that the given score must have, else it is uncertain
UNFAMILIAR = "joints unlike those of training"
_EDGE = 1.0  # pixels of the standardized radiograph
_MASKS = {
    "empty": "no limb was told from the background",
    "small": "little of the radiograph was taken for the limb",
    "large": "nearly all of the radiograph was taken for the limb",
}


def doubts(table: pd.DataFrame, scored: ScoredJoints, models: JointModels) -> "pd.Series[str]":
    """Why a joint's score is not to be trusted, in a few words; empty where nothing speaks against.

    Args:
        table: joints of `scored`: the columns of `ScoredJoints.joints`, boxes in pixels of the
            standardized images, erosion and narrowing, and the probabilities of each score, as
            `erosion_p0`.
        scored: the batch.
        models: say below which share of its joints too few are found of a radiograph, and from
            where on it is unlike those that the heads learned from.

    Returns:
        In the order of `table`: its state where it has no score, else reasons, as "low detector
        confidence; box at the radiograph's edge".
    """
    radiographs = scored.radiographs.set_index("image_id")
    share = radiographs["joints"] / radiographs["joints_expected"]
    few = table["image_id"].map(share < models.little_found.joints)
    masks = table["image_id"].map(radiographs["mask"])
    reasons = {
        "low detector confidence": table["confidence"] < LOW_CONFIDENCE,
        "box at the radiograph's edge": _at_edge(table, scored),
        **{f"{damage} uncertain": _is_unlikely(table, damage) for damage in Damage},
        UNFAMILIAR: table["image_id"].isin(_unfamiliar(scored, models)),
        "few joints found": few,
        **{words: masks == name for name, words in _MASKS.items()},
    }
    told = pd.Series("", index=table.index)
    for words, applies in reasons.items():
        more = told.where(told == "", told + "; ") + words
        told = told.where(~np.asarray(applies, bool), more)
    return told.where(table["state"] == SCORED, table["state"])


def _unfamiliar(scored: ScoredJoints, models: JointModels) -> set[str]:
    """The radiographs whose joints are unlike those that the heads learned from."""
    found = set[str]()
    parts = scored.crops["limb"].map({code: limb.body_part.value for code, limb in LIMBS.items()})
    for part, own in models.body_parts.items():
        is_own = (parts == part).to_numpy(bool)
        familiar = Familiar(own.familiar.mean, own.familiar.sd, own.familiar.most)
        far = how_far(scored.features[is_own], scored.crops["image_id"][is_own].tolist(), familiar)
        found |= set(far.index[far > familiar.most])
    return found


def _at_edge(table: pd.DataFrame, scored: ScoredJoints) -> "pd.Series[bool]":
    """Whether a box reaches the edge of what the detector saw of the radiograph.

    The radiograph lies in the middle of its standardized image, see `standardize`.
    """
    placed = scored.radiographs.set_index("image_id")
    left, top = (table["image_id"].map(placed[name]) for name in ("x_offset", "y_offset"))
    shapes = [scored.images[image_id].image.shape for image_id in table["image_id"]]
    heights, widths = np.array(shapes, float).reshape(-1, 2).T
    x_min, y_min, x_max, y_max = (table[side].astype(float) for side in BOX_COLUMNS)
    reaches: pd.Series[bool] = (
        (x_min <= left + _EDGE)
        | (y_min <= top + _EDGE)
        | (x_max >= widths - left - _EDGE)
        | (y_max >= heights - top - _EDGE)
    )
    return reaches


def _is_unlikely(table: pd.DataFrame, damage: Damage) -> npt.NDArray[np.bool_]:
    """Whether the score that is given has a low probability; False of a joint without one."""
    chances = table.filter(regex=f"^{damage}_p[0-9]+$").to_numpy(float)
    score = table[damage.value].astype(float)
    own = chances[np.arange(len(table)), score.fillna(0).astype(int)]
    return np.asarray(score.notna() & (own < LIKELY))
