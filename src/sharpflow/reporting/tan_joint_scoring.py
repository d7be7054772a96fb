"""Tan et al.'s Table 1, and the recalls behind its balanced accuracies."""

from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.anatomy import MODELS
from sharpflow.evaluation.coverage import coverage_note
from sharpflow.evaluation.proportions import FEW_PATIENTS
from sharpflow.reporting.study_notes import StudyNotes
from sharpflow.reporting.tables import (
    LIMB_NAMES,
    check_columns,
    integers,
    interval_column,
    number,
    number_with_interval,
    per_cent,
    publish,
)

FEW = "†"  # marks a score that few patients have

_METRICS = ("balanced_accuracy", "balanced_accuracy_within_one")
_GUESSES = ("constant_guess", "constant_guess_within_one")
_ACCURACIES = (
    *(f"{metric}{part}" for metric in _METRICS for part in ("", "_low", "_high")),
    *(f"{metric}{part}" for metric in _METRICS for part in ("_seed_mean", "_seed_sd")),
    *(f"{metric}_all_joints{part}" for metric in _METRICS for part in ("", "_low", "_high")),
    *_GUESSES,
    *(f"paper_{metric}" for metric in _METRICS),
)
_JOINT_SCORING = ("model", "data", "n", "n_not_found", *_ACCURACIES)


def publish_joint_scoring(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Tan et al.'s Table 1: folder/joint_scoring.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.joint_scoring.joint_scoring_table` returned.
        folder: the study's tables.
        study: what made the numbers.

    Returns:
        The files.
    """
    table = check_columns(table, _JOINT_SCORING, _ACCURACIES)
    caption = "Balanced accuracy of the joint scores, beside Tan et al., Table 1"
    shown, notes = _shown_scoring(table), _scoring_notes(table, study)
    return publish(table, folder, "joint_scoring", shown=shown, caption=caption, notes=notes)


def publish_joint_recalls(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """The recalls whose mean is balanced accuracy: folder/joint_recalls.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.joint_scoring.recalls_table` returned.
        folder: the study's tables.
        study: what made the numbers.

    Returns:
        The files.
    """
    shown = pd.DataFrame(
        {
            "Model": [_model_name(model) for model in table["model"]],
            "Score": [
                f"{score}{FEW * few}"
                for score, few in zip(table["score"], table["few_patients"], strict=True)
            ],
            "Recall, % (95% interval)": interval_column(table, "recall"),
            "Within one, % (95% interval)": interval_column(table, "recall_within_one"),
            "Joints (n)": integers(table["n"]),
            "Patients (n)": integers(table["n_patients"]),
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        *study.of_split(),
        "Recall: share of the test joints with this true score for which it was predicted; within "
        "one: predicted with an error of at most one. Joints that were found and named, first "
        "seed.",
        coverage_note(
            {"recall": "recall", "recall_within_one": "recall within one"},
            sorted(set(table["model"])),
        ),
        f"{FEW} fewer than {FEW_PATIENTS} patients have this score.",
    ]
    caption = "Recall of each joint score"
    return publish(table, folder, "joint_recalls", shown=shown, caption=caption, notes=notes)


def _shown_scoring(table: pd.DataFrame) -> pd.DataFrame:
    """Table 1 as a reader sees it, a row a model."""
    shown = pd.DataFrame({("", "Model"): [_model_name(model) for model in table["model"]]})
    for metric, guess, title in zip(
        _METRICS,
        _GUESSES,
        ("Balanced accuracy, %", "±1 balanced accuracy, %"),
        strict=True,
    ):
        shown[title, "this study (95% interval)"] = interval_column(table, metric)
        shown[title, "mean ± SD over seeds"] = _over_seeds(table, metric)
        shown[title, "joints not found count as wrong"] = interval_column(
            table, f"{metric}_all_joints"
        )
        shown[title, "paper"] = [per_cent(x, 2) for x in table[f"paper_{metric}"]]
        shown[title, "best constant guess"] = [per_cent(x) for x in table[guess]]
    for metric, title in (("mae", "Mean absolute error"), ("kappa", "Quadratic kappa")):
        bounds = table[[metric, f"{metric}_low", f"{metric}_high"]]
        shown["", f"{title} (95% interval)"] = [
            number_with_interval(value, low, high, 2)
            for value, low, high in bounds.itertuples(index=False)
        ]
        if metric == "mae":
            shown["", f"{title}: best constant guess"] = [
                number(x, 2) for x in table["constant_guess_mae"]
            ]
    shown["", "Joints (n)"] = integers(table["n"])
    shown["", "Not found (n)"] = integers(table["n_not_found"])
    shown["", "Patients (n)"] = integers(table["patients"])
    shown["", "Joints of score 0, 1, 2, ... (n)"] = [
        _class_counts(row) for _, row in table.iterrows()
    ]
    shown["", "Data"] = table["data"].astype(str)
    return shown


def _scoring_notes(table: pd.DataFrame, study: StudyNotes) -> list[str]:
    return [
        study.of_data(),
        study.of_base(),
        *study.of_detector(),
        study.of_rule(),
        *study.of_split(),
        "Test joints for which the detector has a box of that name, whatever its position: a "
        "misplaced or wrongly named box is compared with the true score of the joint it is named "
        "after (the table detection says how many boxes are right). Joints without a box have no "
        "score; a separate column counts them as wrong.",
        "Undamaged joints are under-sampled in training, as in the paper, so predicted scores are "
        "too high where most joints are undamaged: the mean absolute error can exceed that of the "
        "best constant guess, which is often 0.",
        "Values are of the first seed, whose scores are used; next to them the mean and standard "
        f"deviation over {_seeds(table)} of the heads, on the same crops and patients.",
        coverage_note(
            {
                "balanced_accuracy": "balanced accuracy",
                "balanced_accuracy_within_one": "±1 balanced accuracy",
                "mae": "mean absolute error",
                "kappa": "kappa",
            },
            list(table["model"]),
        ),
        "Balanced accuracy: mean recall over the scores that occur among the test joints. Scores "
        f"marked {FEW} are those of fewer than {FEW_PATIENTS} patients: their recall, and with it "
        "the mean, is uncertain (see the table joint_recalls).",
        "No wrist sites are scored, as in the paper; the thumb's IP has no narrowing score.",
        "Paper: Tan et al., Table 1, on the CLEAR and TETRAD cohorts; no interval given there.",
    ]


def _model_name(model: str) -> str:
    damage, body_part = MODELS[model]
    return f"{damage.value.capitalize()}, {LIMB_NAMES[body_part.value].lower()}"


def _over_seeds(table: pd.DataFrame, metric: str) -> list[str]:
    """ "61.2 ± 1.5", per cent; "61.2" with one training."""
    pairs = zip(table[f"{metric}_seed_mean"], table[f"{metric}_seed_sd"], strict=True)
    return [
        per_cent(mean) if pd.isna(sd) else f"{per_cent(mean)} ± {per_cent(sd)}"
        for mean, sd in pairs
    ]


def _seeds(table: pd.DataFrame) -> str:
    numbers = sorted(set(table["n_seeds"].astype(int)))
    return f"{' or '.join(map(str, numbers))} seed{'s' * (numbers != [1])}"


def _class_counts(row: "pd.Series[Any]") -> str:
    """ "210, 31, 8†": the joints of each score that a model has; † if few patients have it."""
    few = str(row["few_patients"]).split()
    counts = {
        str(name).removeprefix("n_class_"): int(count)
        for name, count in row.items()
        if str(name).startswith("n_class_") and pd.notna(count)
    }
    return ", ".join(f"{count}{FEW * (score in few)}" for score, count in counts.items())
