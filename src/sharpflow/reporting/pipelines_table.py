"""The table of both pipelines on the same patients."""

from pathlib import Path

import pandas as pd

from sharpflow.evaluation.coverage import coverage_note
from sharpflow.evaluation.pipelines import FINGER_SITES, MOST_FINGERS, ComparedPatients
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
    """Both pipelines on the same patients: folder/pipelines.csv, .md, .tex.

    Args:
        table: what `evaluation.pipelines.pipelines_table` gave.
        folder: the study's tables.
        compared: what it was made of.
        data: "phantom" or the cohort's name.
        experiment: the experiment whose predictions stand for the whole-image pipeline.
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
    lines = _notes(compared, data, experiment)
    return publish(table, folder, "pipelines", shown=shown, caption=caption, notes=lines)


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
    source = "phantom, that is synthetic radiographs, not real radiographs"
    share = compared.table["share_scored"]
    lines = [
        f"Data: {source if data == 'phantom' else data}.",
        "Patients who are test patients of both pipelines; test patients chose nothing.",
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
        f"to {MOST_FINGERS}), against the true scores of these. All other rows: against the true "
        "total of both hands, wrists included (0 to 280).",
        f"As a total: by the line {number(compared.intercept, 2)} + "
        f"{number(compared.slope, 3)} x finger sum, fitted on the true values of "
        f"{compared.n_fitted} training patients (PCC {number(compared.fitted_pcc, 3)}). True "
        "finger sum as a total: what perfect finger scores would give by this line; the rest is "
        "the wrists.",
        f"Whole image: predictions of the row {experiment}.",
        _of_missing(compared, float(share.mean()) if len(share) else float("nan")),
        "Bias: predicted less true; limits of agreement: bias and 1.96 standard deviations of the "
        "differences to each side (Bland and Altman; their intervals are in the CSV). ICC: two-way "
        "random, absolute agreement, single measurement.",
        "Thirds by true total; equal totals fall together. Within a third PCC and ICC are lower "
        "than over all patients, since the totals differ less; a constant is near the middle third "
        "whatever it knows.",
        "MAE less that of joints: the whole image's less that of the finger sum as a total, on the "
        "same patients; below 0 the whole image is nearer to the truth.",
    ]
    lines += [
        f"Not compared: {count} test patients of both pipelines, since {reason}."
        for reason, count in compared.left_out.items()
        if count
    ]
    if not len(compared.table):
        lines.append("No patient is a test patient of both pipelines here: nothing was compared.")
    return lines


def _of_missing(compared: ComparedPatients, share: float) -> str:
    if compared.missing == "zero":
        how = "joints without a predicted score count as undamaged"
    else:
        how = (
            "a sum is scaled up by the share of its possible points that was scored; a patient "
            "without any scored joint gets the training patients' mean"
        )
    return f"Joint pipeline: {how}. Scored here: {number(100 * share, 1)}% of the possible points."
