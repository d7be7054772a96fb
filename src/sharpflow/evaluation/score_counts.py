"""How often each score occurs."""

import pandas as pd

from sharpflow.anatomy import LIMBS, MAX_SCORE, WRIST_SITES, Damage

_WRIST_NAMES = frozenset(site.name for site in WRIST_SITES)


def score_counts(scores: pd.DataFrame) -> pd.DataFrame:
    """Number of sites with each score, for erosion and narrowing of each limb.

    Args:
        scores: patient, limb, joint, damage, score; a row a scored site.

    Returns:
        damage, limb, score, n; a row for each score that a limb's sites can have, also if none has.
    """
    rows = []
    for damage in Damage:
        of_damage = scores[scores["damage"] == damage.value]
        for limb in LIMBS.values():
            values = of_damage.loc[of_damage["limb"] == limb.code, "score"]
            possible = range(MAX_SCORE[limb.body_part, damage] + 1)
            counts = values.value_counts().reindex(possible, fill_value=0)
            rows += [(damage.value, limb.code, score, counts[score]) for score in possible]
    return pd.DataFrame(rows, columns=["damage", "limb", "score", "n"])


def has_wrist_sites(scores: pd.DataFrame) -> bool:
    """Whether any of the scored sites (column joint) is one of the wrist."""
    return bool(_WRIST_NAMES & set(scores["joint"]))
