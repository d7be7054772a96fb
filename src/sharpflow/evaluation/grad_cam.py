"""How much of the Grad-CAM heat falls on joints and damaged joints (ours).

An even spread would give a region the share of heat that it has of the image's area: a ratio of 1.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sharpflow.evaluation.intervals import LOG, mean_of, patient_interval, patient_sums
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

# A region -> its heat and area columns, of `energy_pointing_game` or worked out from these.
REGIONS: Mapping[str, tuple[str, str]] = {
    "joints": ("joints_heat", "joints_area"),
    "damaged": ("damaged_heat", "damaged_area"),
    "damaged_in_joints": ("within_heat", "within_area"),
    "other_radiograph": ("other_heat", "damaged_area"),
}
COLUMNS = (
    *("row", "region", "data", "n", "heat", "area", "ratio", "ratio_low", "ratio_high"),
    "without_heat",
)


def summarize_heat(
    shares: "pd.DataFrame", *, data: str, seed: int, resamples: int = 2000
) -> "pd.DataFrame":
    """Mean shares over test images, their ratio, and its 95% interval by patient.

    Args:
        shares: row (the experiment) and the columns of
            `sharpflow.whole_image.explanation.pointing_game.energy_pointing_game`.
        data: "phantom" or the cohort's name.
        seed: the study's seed.
        resamples: of the bootstrap.

    Returns:
        row, region, data, n (images), heat, area (mean fractions), ratio (of the two means),
        ratio_low, ratio_high, without_heat (images left out, since nothing in them speaks for the
        output). Regions: joints; damaged; damaged_in_joints, where area is the share of the scored
        joints' area and heat that of their heat, so that 1 is what a network gives that sees joints
        but no damage; other_radiograph, the heat of another radiograph on this one's damaged
        joints, what is due to all hands lying alike.
    """
    import pandas as pd

    rows = []
    within = shares.assign(
        # 0 / 0 where joints have no heat: blank.
        within_heat=shares["damaged_heat"] / shares["joints_heat"],
        within_area=shares["damaged_area"] / shares["joints_area"],
    )
    for experiment, table in within.groupby("row", sort=False):
        has_heat = table["has_heat"].astype(bool)
        for region, (heat, area) in REGIONS.items():
            kept = table.dropna(subset=[heat, area])
            low, high = _interval(
                kept, heat, area, seed_for(seed, "heat", str(experiment)), resamples
            )
            means = kept[[heat, area]].mean()
            rows.append({
                "row": experiment, "region": region, "data": data, "n": len(kept),
                "heat": means[heat], "area": means[area],
                "ratio": means[heat] / means[area] if len(kept) else np.nan,
                "ratio_low": low, "ratio_high": high,
                "without_heat": int((~has_heat).sum()),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _interval(
    kept: "pd.DataFrame", heat: str, area: str, seed: int, resamples: int
) -> tuple[float, float]:
    _, sums = patient_sums(list(kept["patient"]), kept[[heat, area]].to_numpy(np.float64))
    return patient_interval(sums, mean_of, LOG, resamples=resamples, seed=seed)
