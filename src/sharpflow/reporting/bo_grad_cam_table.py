"""tables/grad_cam: how much of the heat falls on joints and damaged joints (ours).

An even spread would give a region the share of heat that it has of the image's area: a ratio of 1.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from sharpflow.evaluation.coverage import coverage_note
from sharpflow.evaluation.intervals import LOG, mean_of, patient_interval, patient_sums
from sharpflow.reporting.tables import MISSING, check_columns, per_cent, publish
from sharpflow.seeds import seed_for

# A measure's heat and area columns in the table of `energy_pointing_game`, and how a reader calls
# it.
_MEASURES = {
    "joints": ("joints_heat", "joints_area", "Scored joints"),
    "damaged": ("damaged_heat", "damaged_area", "Damaged joints"),
    "damaged_in_joints": ("within_heat", "within_area", "Damaged, within scored joints"),
    "other_radiograph": ("other_heat", "damaged_area", "Damaged joints, another radiograph's heat"),
}
_COLUMNS = (
    "row", "region", "data", "n", "heat", "area", "ratio", "ratio_low", "ratio_high",
    "without_heat",
)  # fmt: skip


def summarize_heat(
    shares: pd.DataFrame, *, data: str, seed: int, resamples: int = 2000
) -> pd.DataFrame:
    """Mean shares over test images, their ratio, and its 95% interval by patient.

    Args:
        shares: row (the experiment) and the columns of
            `sharpflow.whole_image.explanation.pointing_game.energy_pointing_game`.
        data: "phantom" or the cohort's name.
        seed: the study's seed.
        resamples: of the bootstrap.

    Returns: row, region, data, n (images), heat, area (mean fractions), ratio (of the two means),
        ratio_low, ratio_high, without_heat (images left out, since nothing in them speaks for the
        output). Regions: joints; damaged; damaged_in_joints, where area is the share of the scored
        joints' area and heat that of their heat, so that 1 is what a network gives that sees joints
        but no damage; other_radiograph, the heat of another radiograph on this one's damaged
        joints, what is due to all hands lying alike.
    """
    rows = []
    within = shares.assign(
        # 0 / 0 where joints have no heat: blank.
        within_heat=shares["damaged_heat"] / shares["joints_heat"],
        within_area=shares["damaged_area"] / shares["joints_area"],
    )
    for experiment, table in within.groupby("row", sort=False):
        has_heat = table["has_heat"].astype(bool)
        for region, (heat, area, _title) in _MEASURES.items():
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
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def write_grad_cam_table(table: pd.DataFrame, folder: str | Path) -> list[Path]:
    """Write grad_cam.csv, .md and .tex from what `summarize_heat` gave.

    Returns:
        The three files.
    """
    table = check_columns(table, _COLUMNS, ("heat", "area"))
    titles = {region: title for region, (_heat, _area, title) in _MEASURES.items()}
    shown = pd.DataFrame({
        "Network": table["row"],
        "Region": table["region"].map(titles),
        "Images": table["n"].astype(str),
        "Heat, %": table["heat"].map(per_cent),
        "Area, %": table["area"].map(per_cent),
        "Ratio (95% interval)": [
            _ratio(*values)
            for values in zip(table["ratio"], table["ratio_low"], table["ratio_high"], strict=True)
        ],
    })  # fmt: skip
    left_out = int(table.groupby("row")["without_heat"].first().sum())
    phantom = " (synthetic radiographs)" if (table["data"] == "phantom").all() else ""
    notes = [
        "Grad-CAM before the last layer; joints are boxes, those of the wrist too, and damage is "
        "a score above 0. A ratio of 1 is an even spread over the image, or, within scored joints, "
        "over them.",
        "Another radiograph's heat: what is due to all hands lying alike.",
        coverage_note({"ratio": "the ratio"}, ["heat on joints", "heat on damage"]),
        f"Images without heat are left out: {left_out} over all experiments of this table.",
        f"Data: {', '.join(sorted(set(table['data'])))}{phantom}, test images only. "
        "Not in the paper.",
    ]
    caption = "Share of the Grad-CAM heat on joints against the share of area that they cover"
    return publish(table, folder, "grad_cam", shown=shown, caption=caption, notes=notes)


def _interval(
    kept: pd.DataFrame, heat: str, area: str, seed: int, resamples: int
) -> tuple[float, float]:
    _, sums = patient_sums(list(kept["patient"]), kept[[heat, area]].to_numpy(np.float64))
    return patient_interval(sums, mean_of, LOG, resamples=resamples, seed=seed)


def _ratio(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return MISSING
    return f"{value:.2f}" if pd.isna(low) else f"{value:.2f} ({low:.2f}–{high:.2f})"
