"""The tables of the whole-image half beside what Bo et al. report.

Each function takes a table of `sharpflow.evaluation`, writes it as CSV, Markdown and LaTeX, and
says under it what made the numbers. As the paper, and unlike the tables of the joints, these print
accuracies as fractions.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.evaluation.coverage import coverage_note
from sharpflow.evaluation.whole_image_tables import (
    CONSTANT,
    NOT_RUN,
    PAPER_METRICS,
    PAPER_ONLY,
)
from sharpflow.reporting.bo_notes import WholeImageNotes, n_trainings, of_seeds
from sharpflow.reporting.tables import (
    MISSING,
    check_columns,
    number,
    number_with_interval,
    publish,
)
from sharpflow.whole_image.experiment_types import (
    PRINTED_NETWORKS,
    PRINTED_SCHEMES,
    NetworkExperiment,
)
from sharpflow.whole_image.experiments import EXPERIMENTS

HEADINGS = {
    "baseline": "Baseline",
    "transfer": "Transfer learning",
    "stack": "Ensemble learning",
    "binned": "Regression to classification",
    "further": "Further experiments (ours)",
    "reference": "Reported elsewhere",
    "constant": "Without a radiograph",
}
TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "pcc": "PCC",
    "mae": "MAE",
    "rmse": "RMSE",
    "kappa": "Quadratic kappa",
    "icc": "ICC",
}
OVER_SEEDS = "mean ± SD over seeds"
_DIGITS = {"mae": 2, "rmse": 2}  # of the others three, as the paper prints them


def publish_regression(
    table: pd.DataFrame, folder: str | Path, notes: WholeImageNotes
) -> list[Path]:
    """Bo et al.'s Table 1: folder/whole_regression.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.whole_image_tables.regression_table` gave.
        folder: the study's tables.
        notes: what made the numbers.
    """
    metrics = ("pcc", "mae", "rmse", "icc")
    table = _checked(table, "total", metrics)
    rows = _rows_shown(table)
    shown = _first_columns(rows, {"loss": "Loss", "freezing": "Layer freezing", "batch": "Batch"})
    shown = pd.concat([shown, _metric_columns(rows, "total", metrics)], axis=1)
    lines = [
        notes.of_data(),
        notes.of_split(table),
        notes.of_training(),
        notes.of_stacks(),
        "PCC, MAE, RMSE: Bo et al., equations 3 to 5, in score points of 0 to 280; ICC: "
        "two-way random, absolute agreement, single measurement.",
        coverage_note({name: TITLES[name] for name in metrics}, ["totals"]),
        *_not_run(table),
        of_seeds(table),
        "Human readers: one reader against the other, as the cohort's publisher reports it. "
        "ResNet-Dwise50: what Wang et al. report. Both on Wang's radiographs, not on this study's.",
        "Paper: Bo et al., Table 1, on 358 test images of Wang's cohort; no interval given there.",
    ]
    caption = "Prediction of the total score of both hands, beside Bo et al., Table 1"
    return publish(table, folder, "whole_regression", shown=shown, caption=caption, notes=lines)


def publish_severity(table: pd.DataFrame, folder: str | Path, notes: WholeImageNotes) -> list[Path]:
    """Bo et al.'s Table 2: folder/whole_severity.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.whole_image_tables.severity_table` gave.
        folder: the study's tables.
        notes: what made the numbers.

    Returns:
        The files.
    """
    metrics = ("accuracy", "balanced_accuracy", "pcc", "mae", "rmse", "kappa", "icc")
    table = _checked(table, "severity", metrics)
    headings = {"freezing": "Layer freezing", "principle": "Stacking", "batch": "Batch"}
    rows = _rows_shown(table)
    shown = _first_columns(rows, headings)
    shown = pd.concat([shown, _metric_columns(rows, "severity", metrics)], axis=1)
    absent = table["classes_absent"].dropna()
    few = table["classes_few_patients"].dropna()
    lines = [
        notes.of_data(),
        notes.of_split(table),
        notes.of_training(),
        notes.of_stacks(),
        "Ten classes of the total, from 0, 5, 10, 15, 20, 30, 45, 70, 100 and 140; PCC, MAE, RMSE, "
        "kappa (quadratic weights) and ICC (absolute agreement, single measurement) are of class "
        "numbers.",
        coverage_note({name: TITLES[name] for name in metrics}, ["classes"]),
        "Balanced accuracy: mean over the classes that test images have; a class that none has is "
        f"left out{f' ({absent.max()} here)' if len(absent) else ''}.",
        of_seeds(table),
        *(
            f"Classes that fewer than 5 test patients have: {few.iloc[0]}. One image moves their "
            "recall, and so balanced accuracy, far."
            for _ in few[:1]
        ),
        "Best constant class: for each measure, the best that one class for all test images could "
        "reach.",
        *_not_run(table),
        "Paper: Bo et al., Table 2, on 358 test images of Wang's cohort; no interval given there.",
    ]
    shown_experiments = [EXPERIMENTS[name] for name in table["row"] if name in EXPERIMENTS]
    networks = [each for each in shown_experiments if isinstance(each, NetworkExperiment)]
    if any(network.loss == "ordinal" for network in networks):
        lines.append(
            "Ordinal: the cumulative code of the joint models in place of cross-entropy (ours)."
        )
    if any(network.sampling == "balanced" for network in networks):
        lines.append("The experiment ending in 'balanced' samples classes equally often (ours).")
    caption = "Prediction of the severity class of both hands, beside Bo et al., Table 2"
    return publish(table, folder, "whole_severity", shown=shown, caption=caption, notes=lines)


def publish_differences(
    table: pd.DataFrame, folder: str | Path, notes: WholeImageNotes
) -> list[Path]:
    """What transfer, freezing, stacking did: folder/whole_differences.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.whole_image_differences.difference_table` gave.
        folder: the study's tables.
        notes: what made the numbers.

    Returns:
        The files.
    """
    numbers = (
        *("value", "compared_value", "difference", "low", "high"),
        *("difference_seed_mean", "difference_seed_sd", "n_seeds"),
    )
    columns = ("question", "row", "compared_with", "metric", "data", "n", "patients", *numbers)
    caption = "What transfer, freezing and stacking changed, on the same test images"
    table = check_columns(table, columns)
    digits = [_DIGITS.get(metric, 3) for metric in table["metric"]]
    same = table[["question", "row", "compared_with"]]
    first = ~(same == same.shift()).all(axis=1)
    shown = pd.DataFrame(
        {
            "Question": table["question"].str.capitalize().where(first, ""),
            "Experiment": table["row"].where(first, ""),
            "Compared with": table["compared_with"].where(first, ""),
            "Measure": [TITLES.get(metric, metric) for metric in table["metric"]],
            "Experiment's value": [
                number(x, places) for x, places in zip(table["value"], digits, strict=True)
            ],
            "Other's value": [
                number(x, places) for x, places in zip(table["compared_value"], digits, strict=True)
            ],
            "Difference (95% interval)": [
                number_with_interval(*row)
                for row in zip(
                    table["difference"], table["low"], table["high"], digits, strict=True
                )
            ],
            "Interval without 0": [
                "" if pd.isna(low) or low <= 0 <= high else "yes"
                for low, high in zip(table["low"], table["high"], strict=True)
            ],
        }
    )
    if n_trainings(table) > 1:
        shown[OVER_SEEDS] = _over_seeds(table, "difference", digits)
    if table.empty:
        lines = [
            notes.of_data(),
            "Nothing is compared, since no two experiments of this study answer a question of the "
            "paper's: add one under whole_image: experiments, as the same network without "
            "pretraining or without frozen layers.",
        ]
        return publish(
            table, folder, "whole_differences", shown=shown, caption=caption, notes=lines
        )
    lines = [
        notes.of_data(),
        notes.of_training(),
        notes.of_stacks(),
        "Experiment's value less the other's, on the same test images. MAE and RMSE: below 0 is "
        "better; else above 0.",
        coverage_note(
            {f"{name}_difference": TITLES[name] for name in dict.fromkeys(table["metric"])},
            ["totals", "classes"],
        ),
        of_seeds(table),
        "An interval tells of other patients, not of other random seeds, and is not widened for "
        "the number of comparisons.",
        "Transfer: against random weights. Freezing: against all layers tuned. Stacking: against "
        "the one network with the least RMSE on the validation images. Binning: the binned stack "
        "of totals against stacked classifiers.",
    ]
    return publish(table, folder, "whole_differences", shown=shown, caption=caption, notes=lines)


def publish_time(table: pd.DataFrame, folder: str | Path, notes: WholeImageNotes) -> list[Path]:
    """Time of an epoch: folder/whole_image_time.csv, .md, .tex, .html.

    Wall times differ from run to run, so this table does too.

    Args:
        table: what `evaluation.whole_image_tables.time_table` gave.
        folder: the study's tables.
        notes: what made the numbers.

    Returns:
        The files.
    """
    columns = (
        *("cohort", "network", "batch", "freezing", "rows", "epochs", "seconds_per_epoch"),
        *("images_per_second", "image_size", "hardware"),
        *("paper_seconds_per_epoch", "paper_images_per_second"),
    )
    table = check_columns(table, columns)
    cohorts = {"whole_image": "Both hands", "bone_age": "Bone age"}
    networks = {str(name): printed for name, printed in PRINTED_NETWORKS.items()}
    schemes = {str(name): printed for name, printed in PRINTED_SCHEMES.items()}
    shown = pd.DataFrame(
        {
            "Network": [networks.get(name, name) for name in table["network"]],
            "Radiographs": [cohorts.get(name, name) for name in table["cohort"]],
            "Batch": table["batch"].astype(str),
            "Frozen up to": [schemes.get(name, "nothing") for name in table["freezing"]],
            "Experiments": table["rows"].astype(str),
            "Epochs": table["epochs"].astype(str),
            "Seconds an epoch": [number(x, 1) for x in table["seconds_per_epoch"]],
            "Images/s": [number(x, 1) for x in table["images_per_second"]],
            "Paper, an epoch (min)": [_minutes(x) for x in table["paper_seconds_per_epoch"]],
            "Paper, images/s": [number(x, 1) for x in table["paper_images_per_second"]],
        }
    )
    hardware = ", ".join(dict.fromkeys(table["hardware"])) or "not recorded"
    lines = [
        notes.of_data(),
        f"This study: images of {notes.image_size}x{notes.image_size} pixels, on {hardware}; "
        "medians over all epochs of all experiments that share network, batch and freezing.",
        "Paper: Bo et al., section 3.1: regression, 2,700 images of 1024x1024, batch 4, on an "
        "NVIDIA Tesla V100 SXM2. Its images/s are 2,700 over its time, validation included if it "
        "was timed.",
    ]
    caption = "Time of an epoch, beside Bo et al., section 3.1"
    return publish(table, folder, "whole_image_time", shown=shown, caption=caption, notes=lines)


def _checked(table: pd.DataFrame, task: str, metrics: Sequence[str]) -> pd.DataFrame:
    parts = [
        f"{name}{part}"
        for name in metrics
        for part in ("", "_low", "_high", "_seed_mean", "_seed_sd")
    ]
    paper = [f"paper_{name}" for name in PAPER_METRICS[task]]
    fractions = [name for name in parts if "accuracy" in name and not name.endswith("_sd")]
    columns = ("row", "data", "n", "n_seeds", *parts, *paper, "group", "model", "state")
    return check_columns(table, columns, fractions)


def _rows_shown(table: pd.DataFrame) -> pd.DataFrame:
    """What a reader sees: the experiments that were run, and the marks to hold them against."""
    return table[table["state"] != NOT_RUN]


def _not_run(table: pd.DataFrame) -> list[str]:
    """A sentence that names the experiments of the paper's table that were not run."""
    names = table.loc[table["state"] == NOT_RUN, "row"]
    if names.empty:
        return []
    return [
        "Experiments of the paper's table that this study did not run (the CSV has the paper's "
        f"values): {', '.join(names)}."
    ]


def _first_columns(table: pd.DataFrame, headings: dict[str, str]) -> pd.DataFrame:
    """Group, named once for its rows, and the label as the paper's table prints it."""
    new = table["group"] != table["group"].shift()
    groups = [HEADINGS.get(group, group) for group in table["group"]]
    columns: dict[tuple[str, str], Any] = {
        ("", ""): pd.Series(groups, index=table.index).where(new, ""),
        ("", "Model"): table["model"],
    }
    for name, heading in headings.items():
        columns["", heading] = table[name].fillna("")
    return pd.DataFrame(columns)


def _metric_columns(table: pd.DataFrame, task: str, metrics: Sequence[str]) -> pd.DataFrame:
    columns = {}
    for name in metrics:
        title, digits = TITLES[name], _DIGITS.get(name, 3)
        columns[title, "this study (95% interval)"] = [
            _cell(state, value, low, high, digits)
            for state, value, low, high in zip(
                *(table["state"], table[name], table[f"{name}_low"], table[f"{name}_high"]),
                strict=True,
            )
        ]
        if n_trainings(table) > 1:
            columns[title, OVER_SEEDS] = _over_seeds(table, name, [digits] * len(table))
        if name in PAPER_METRICS[task]:
            columns[title, "paper"] = [number(x, digits) for x in table[f"paper_{name}"]]
    columns["", "Images (n)"] = [MISSING if pd.isna(n) else str(int(n)) for n in table["n"]]
    columns["", "Data"] = table["data"].fillna("").tolist()
    return pd.DataFrame(columns, index=table.index)


def _over_seeds(table: pd.DataFrame, name: str, digits: Sequence[int]) -> list[str]:
    """ "0.912 ± 0.004"; nothing for those that are not trained."""
    pairs = zip(table[f"{name}_seed_mean"], table[f"{name}_seed_sd"], digits, strict=True)
    return [
        "" if pd.isna(mean) else f"{number(mean, places)} ± {number(sd, places)}"
        for mean, sd, places in pairs
    ]


def _cell(state: str, value: float, low: float, high: float, digits: int) -> str:
    if state == PAPER_ONLY:
        return ""
    if state == CONSTANT:
        return number(value, digits)
    return number_with_interval(value, low, high, digits)


def _minutes(seconds: float) -> str:
    return MISSING if pd.isna(seconds) else f"{int(seconds) // 60}:{int(seconds) % 60:02}"
