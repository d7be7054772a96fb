"""The table of both pipelines on the same patients."""

from pathlib import Path

import pandas as pd

from sharpflow.evaluation.compared_patients import (
    FINGER_SITES,
    MAX_FINGER_SUM,
    ComparedPatients,
)
from sharpflow.evaluation.coverage import coverage_note
from sharpflow.reporting.study_notes import data_sentence
from sharpflow.reporting.tables import MISSING, check_columns, number, number_with_interval, publish

PIPELINE_NAMES = {
    "joint-sum": "Joints: sum of finger scores",
    "joint-total": "Joints: finger sum as a total",
    "whole-image": "Whole image: total",
    "true-joint-total": "True finger sum as a total",
    "constant": "Always the training patients' median",
}
THIRD_NAMES = {
    "all": "All",
    "lower": "Lower third",
    "middle": "Middle third",
    "upper": "Upper third",
}
_MEASURES = {
    "pcc": ("PCC", 3),
    "mae": ("MAE", 2),
    "rmse": ("RMSE", 2),
    "icc": ("ICC", 3),
    "bias": ("Bias", 2),
}
_LIMITS = ("lower_limit", "upper_limit")
_BETTER = {
    "whole-image": "whole image",
    "joint-total": "joints",
    "not told apart": "not told apart",
}


def publish_pipelines(
    table: pd.DataFrame,
    folder: str | Path,
    compared: ComparedPatients,
    *,
    data: str,
    experiment: str,
) -> list[Path]:
    """Both pipelines on the same patients: folder/pipelines.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.pipelines.pipelines_table` returned.
        folder: the study's tables.
        compared: the patients from which `table` was made.
        data: "phantom" or the cohort's name.
        experiment: the experiment whose predictions stand for the whole-image pipeline.

    Returns:
        The files.
    """
    parts = [f"{name}{part}" for name in (*_MEASURES, *_LIMITS) for part in ("", "_low", "_high")]
    difference = ["mae_difference", "mae_difference_low", "mae_difference_high", "better"]
    columns = ["third", "pipeline", "data", "n", "total_from", "total_to", *parts, *difference]
    table = check_columns(table, columns)
    new = table["third"] != table["third"].shift()
    shown = pd.DataFrame(
        {
            "Patients": pd.Series(_thirds(table), index=table.index).where(new, ""),
            "Pipeline": [PIPELINE_NAMES.get(pipeline, pipeline) for pipeline in table["pipeline"]],
        }
    )
    for name, (title, digits) in _MEASURES.items():
        shown[f"{title} (95% interval)"] = _intervals(table, name, digits)
    shown["Limits of agreement"] = [
        MISSING if pd.isna(low) else f"{number(low, 1)} to {number(high, 1)}"
        for low, high in zip(table["lower_limit"], table["upper_limit"], strict=True)
    ]
    shown["MAE less that of joints (95% interval)"] = [
        text if pipeline == "whole-image" else ""
        for text, pipeline in zip(
            _intervals(table, "mae_difference", 2), table["pipeline"], strict=True
        )
    ]
    shown["Better"] = [
        _BETTER[better] if isinstance(better, str) and n else ""
        for better, n in zip(table["better"], table["n"], strict=True)
    ]
    caption = "Both pipelines on the same test patients: sums of joint scores and whole images"
    notes = _notes(compared, data, experiment)
    return publish(table, folder, "pipelines", shown=shown, caption=caption, notes=notes)


def _thirds(table: pd.DataFrame) -> list[str]:
    """ "Lower third, totals 0 to 12 (n = 20)"."""
    return [
        f"{THIRD_NAMES[third]}, totals {low:g} to {high:g} (n = {n})"
        if n
        else f"{THIRD_NAMES[third]} (n = 0)"
        for third, low, high, n in zip(
            table["third"], table["total_from"], table["total_to"], table["n"], strict=True
        )
    ]


def _intervals(table: pd.DataFrame, name: str, digits: int) -> list[str]:
    values = (table[name], table[f"{name}_low"], table[f"{name}_high"])
    return [
        number_with_interval(value, low, high, digits)
        for value, low, high in zip(*values, strict=True)
    ]


def _notes(compared: ComparedPatients, data: str, experiment: str) -> list[str]:
    notes = [
        data_sentence(data),
        "Test patients of both pipelines; nothing was chosen on them.",
        coverage_note(
            {name: title for name, (title, _) in _MEASURES.items()}
            | {
                "lower_limit": "lower limit of agreement",
                "upper_limit": "upper limit",
                "mae_difference": "difference of MAE",
            },
            ["totals"],
        ),
        f"Sum of finger scores: the {len(FINGER_SITES)} sites of both hands without the wrists (0 "
        f"to {MAX_FINGER_SUM}), compared with their true scores. All other rows are compared with "
        "the true total of both hands, wrists included (0 to 280).",
        f"Finger sum as a total: by the line {number(compared.intercept, 2)} + "
        f"{number(compared.slope, 3)} x finger sum, fitted on the true values of "
        f"{compared.n_fitted} training patients (PCC {number(compared.fitted_pcc, 3)}). True "
        "finger sum as a total: what perfect finger scores would give by this line; its error is "
        "due to the wrists.",
        f"Whole image: predictions of the experiment {experiment}.",
        "Joint pipeline: each sum is divided by the share of its possible points that was scored; "
        "a patient without a scored joint gets the training patients' mean. Scored here: "
        f"{number(100 * compared.mean_share_scored, 1)}% of the possible points.",
        "Bias: mean of predicted - true. Limits of agreement: bias ± 1.96 standard deviations of "
        "the differences (Bland and Altman; their intervals are in the CSV). ICC: two-way random, "
        "absolute agreement, single measurement.",
        "Thirds by true total; equal totals are in the same third. PCC and ICC are lower within a "
        "third than over all patients, since the totals vary less; a constant is always near the "
        "middle third.",
        "MAE less that of joints: MAE of the whole image minus MAE of the finger sum as a total, "
        "on the same patients; below 0 the whole image is more accurate.",
    ]
    notes += [
        f"Visits of test patients of both pipelines that are not compared: {count} ({reason})."
        for reason, count in compared.left_out.items()
        if count
    ]
    visits, patients = len(compared.table), compared.table["patient"].nunique()
    if visits > patients:
        notes.append(
            f"n counts visits: {visits} of {patients} patients; intervals resample patients."
        )
    if not len(compared.table):
        notes.append("No patient is a test patient of both pipelines: nothing was compared.")
    return notes
