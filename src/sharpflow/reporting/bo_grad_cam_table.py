"""tables/grad_cam: how much of the heat falls on joints and damaged joints (ours)."""

from pathlib import Path

import pandas as pd

from sharpflow.evaluation.coverage import coverage_note
from sharpflow.evaluation.grad_cam import COLUMNS
from sharpflow.reporting.tables import MISSING, check_columns, per_cent, publish

# A region as a reader calls it.
_TITLES = {
    "joints": "Scored joints",
    "damaged": "Damaged joints",
    "damaged_in_joints": "Damaged, within scored joints",
    "other_radiograph": "Damaged joints, another radiograph's heat",
}


def write_grad_cam_table(table: pd.DataFrame, folder: str | Path) -> list[Path]:
    """Write folder/grad_cam.csv, .md and .tex.

    Args:
        table: what `evaluation.grad_cam.summarize_heat` gave.
        folder: the study's tables.

    Returns:
        The files.
    """
    table = check_columns(table, COLUMNS, ("heat", "area"))
    shown = pd.DataFrame({
        "Network": table["row"],
        "Region": table["region"].map(_TITLES),
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


def _ratio(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return MISSING
    return f"{value:.2f}" if pd.isna(low) else f"{value:.2f} ({low:.2f}–{high:.2f})"
