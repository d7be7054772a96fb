"""Tan et al.'s Table 1 from predictions, with intervals, chance and the paper's own values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sharpflow.anatomy import MAX_SCORE, MODELS, n_classes
from sharpflow.evaluation.intervals import patient_sums
from sharpflow.evaluation.metrics import balanced_accuracy_of, constant_guess
from sharpflow.evaluation.recalls import balanced_accuracy_interval

if TYPE_CHECKING:
    import pandas as pd

# Balanced and ±1 balanced accuracy, Tan et al., Table 1.
PAPER_TABLE_1: dict[str, tuple[float, float]] = {
    "narrowing-hand": (0.8207, 0.9730),
    "narrowing-foot": (0.8376, 0.9151),
    "erosion-hand": (0.7877, 0.9463),
    "erosion-foot": (0.5783, 0.9249),
}
MOST_CLASSES = max(MAX_SCORE.values()) + 1


def joint_scoring_row(
    model: str,
    predictions: "pd.DataFrame",
    *,
    data: str,
    seed: int,
    resamples: int = 2000,
    split: str = "test",
) -> dict[str, Any]:
    """One model's row of tables/joint_scoring.csv; accuracies are fractions.

    `model` is a name of anatomy.MODELS; `predictions` has patient, split, true, predicted, a row
    a joint; only rows of `split` count. `data` says what the joints are ("phantom" or the
    cohort's name). Intervals are 95%, by patient (see `recalls`).
    n_class_0.. count true joints; classes without one are left out of the means and counted in
    classes_absent (see `metrics`).
    """
    damage, kind = MODELS[model]
    classes = n_classes(kind, damage)
    rows = predictions[predictions["split"] == split]
    true = rows["true"].to_numpy(np.int64)
    pairs = np.zeros((len(rows), classes, classes))
    pairs[np.arange(len(rows)), true, rows["predicted"].to_numpy(np.int64)] = 1
    _, sums = patient_sums(rows["patient"].tolist(), pairs)
    per_class = np.bincount(true, minlength=classes)
    row: dict[str, Any] = {"model": model, "data": data, "n": len(rows), "patients": len(sums)}
    paper = PAPER_TABLE_1[model]
    for within, name in enumerate(("balanced_accuracy", "balanced_accuracy_within_one")):
        low, high = balanced_accuracy_interval(sums, within)
        row[name] = float(balanced_accuracy_of(pairs.sum(axis=0), within))
        row |= {f"{name}_low": low, f"{name}_high": high}
    row["constant_guess"] = constant_guess(true, classes)
    row["constant_guess_within_one"] = constant_guess(true, classes, within=1)
    row["paper_balanced_accuracy"], row["paper_balanced_accuracy_within_one"] = paper
    row["classes_absent"] = int((per_class == 0).sum())
    return row | {f"n_class_{score}": int(count) for score, count in enumerate(per_class)}


def joint_scoring_table(
    predictions: Mapping[str, "pd.DataFrame"], *, data: str, seed: int, resamples: int = 2000
) -> "pd.DataFrame":
    """tables/joint_scoring.csv: a row for each model of `predictions`, in the paper's order.

    Counts of classes that a model does not have (a hand's erosion of 6) are blank.
    """
    import pandas as pd

    table = pd.DataFrame(
        [
            joint_scoring_row(model, predictions[model], data=data, seed=seed, resamples=resamples)
            for model in PAPER_TABLE_1
            if model in predictions
        ]
    )
    counts = [f"n_class_{score}" for score in range(MOST_CLASSES)]
    others = [name for name in table.columns if name not in counts]
    table = table.reindex(columns=[*others, *counts])
    return table.astype(dict.fromkeys(counts, "Int64"))
