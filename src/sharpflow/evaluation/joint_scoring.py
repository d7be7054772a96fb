"""Tan et al.'s Table 1 from predictions, with intervals, seeds, chance and the paper's values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import LIMBS, MAX_SCORE, MODELS, n_classes
from sharpflow.evaluation.agreement import KAPPA, MAE, pair_sums, with_intervals
from sharpflow.evaluation.intervals import patient_sums
from sharpflow.evaluation.metrics import (
    balanced_accuracy_of,
    confusion,
    constant_error,
    constant_guess,
)
from sharpflow.evaluation.recalls import balanced_accuracy_interval, class_recalls
from sharpflow.evaluation.seeds import over_seeds, predictions_by_seed
from sharpflow.papers.tan_numbers import JOINT_SCORING
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]

ACCURACIES = {"balanced_accuracy": 0, "balanced_accuracy_within_one": 1}  # classes off
ERRORS = {"mae": MAE, "kappa": KAPPA}
MOST_CLASSES = max(MAX_SCORE.values()) + 1


def joint_scoring_row(
    model: str,
    predictions: "pd.DataFrame",
    not_found: "pd.DataFrame",
    *,
    data: str,
    seed: int,
    resamples: int = 2000,
) -> dict[str, Any]:
    """One model's row of tables/joint_scoring.csv; accuracies are fractions, errors score points.

    Args:
        model: a name of anatomy.MODELS.
        predictions: patient, split, true, predicted, and predicted_seed_2, ... of further
            trainings; a row a joint that was found. Only rows of the split "test" count.
        not_found: patient, true: test joints with a score that the detector did not find.
        data: what the joints are ("phantom" or the cohort's name).
        seed, resamples: of the intervals that need a bootstrap.

    Returns:
        n (joints found), n_not_found, patients; balanced_accuracy and
        balanced_accuracy_within_one of the found joints, mae, kappa (quadratic weights), each with
        _low and _high (95%, by patient) and over the trainings _seed_mean and _seed_sd (blank with
        one); the accuracies again as ..._all_joints, where a joint that was not found is wrong;
        n_seeds; constant guesses, of the error too; the paper's values; classes_absent;
        few_patients (the scores that fewer than 5 patients have, "3 4"); n_class_0, ... true joints
        found.
    """
    damage, body_part = MODELS[model]
    classes = n_classes(body_part, damage)
    rows = predictions[predictions["split"] == "test"]
    true = rows["true"].to_numpy(np.int64)
    confusions = _confusions(rows, classes)
    row: dict[str, Any] = {"model": model, "data": data, "n": len(rows)}
    row |= {"n_not_found": len(not_found), "patients": len(confusions)}
    row |= _accuracies(confusions)
    row |= with_intervals(
        rows["patient"].tolist(),
        pair_sums(true, rows["predicted"]),
        ERRORS,
        seed=seed_for(seed, "intervals", model),
        resamples=resamples,
    )
    row |= over_seeds([_values(true, guesses, classes) for guesses in predictions_by_seed(rows)])
    all_joints = _with_not_found(rows, not_found, classes)
    row |= _accuracies(_confusions(all_joints, classes + 2), suffix="_all_joints")
    for within, name in enumerate(("constant_guess", "constant_guess_within_one")):
        row[name] = constant_guess(true, classes, within)
    row["constant_guess_mae"] = constant_error(true)
    for name in ACCURACIES:
        row[f"paper_{name}"] = JOINT_SCORING[name][model]
    recalls = class_recalls(confusions)
    row["classes_absent"] = int((recalls["n"] == 0).sum())
    row["few_patients"] = " ".join(map(str, recalls.loc[recalls["few_patients"], "class"]))
    return row | {f"n_class_{score}": int(n) for score, n in enumerate(recalls["n"])}


def joint_scoring_table(
    predictions: Mapping[str, "pd.DataFrame"],
    joints: "pd.DataFrame",
    *,
    data: str,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """tables/joint_scoring.csv: a row for each model of `predictions`, in the paper's order.

    `joints` is scores/joints.csv, of which those that were not found are counted. Counts of classes
    that a model does not have (a hand's erosion of 6) are blank.
    """
    import pandas as pd

    table = pd.DataFrame(
        [
            joint_scoring_row(
                model,
                predictions[model],
                joints_not_found(joints, model),
                data=data,
                seed=seed,
                resamples=resamples,
            )
            for model in MODELS
            if model in predictions
        ]
    )
    counts = [f"n_class_{score}" for score in range(MOST_CLASSES)]
    others = [name for name in table.columns if name not in counts]
    table = table.reindex(columns=[*others, *counts])
    return table.astype(dict.fromkeys(counts, "Int64"))


def recalls_table(predictions: Mapping[str, "pd.DataFrame"], *, data: str) -> "pd.DataFrame":
    """tables/joint_recalls.csv: how many test joints of each score were scored rightly.

    Gives model, data, score, n, n_patients, recall, recall_low, recall_high, few_patients, and
    recall_within_one with its bounds; a row for each score that a model has, in the paper's order.
    """
    import pandas as pd

    parts = []
    for model in MODELS:
        if model not in predictions:
            continue
        damage, body_part = MODELS[model]
        rows = predictions[model][predictions[model]["split"] == "test"]
        confusions = _confusions(rows, n_classes(body_part, damage))
        within_one = class_recalls(confusions, within=1).filter(like="recall")
        part = class_recalls(confusions).rename(columns={"class": "score"})
        part = part.join(
            within_one.rename(columns=lambda n: n.replace("recall", "recall_within_one"))
        )
        part.insert(0, "model", model)
        part.insert(1, "data", data)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def joints_not_found(joints: "pd.DataFrame", model: str) -> "pd.DataFrame":
    """patient, true: a model's joints of scores/joints.csv with a score that were not found."""
    damage, body_part = MODELS[model]
    true = joints[f"{damage}_true"]
    limbs = [code for code, limb in LIMBS.items() if limb.body_part == body_part]
    lost = joints["limb"].isin(limbs) & joints["confidence"].isna() & true.notna()
    return joints.loc[lost, ["patient"]].assign(true=true[lost].astype(int))


def _confusions(rows: "pd.DataFrame", classes: int) -> Array:
    """Counts of true and predicted scores of each patient, (patients, classes, classes)."""
    pairs = np.zeros((len(rows), classes, classes))
    places = (rows[name].to_numpy(np.int64) for name in ("true", "predicted"))
    pairs[np.arange(len(rows)), *places] = 1
    return patient_sums(rows["patient"].tolist(), pairs)[1]


def _with_not_found(
    rows: "pd.DataFrame", not_found: "pd.DataFrame", classes: int
) -> "pd.DataFrame":
    """Found and lost joints; the latter predicted as a class that is no neighbour of a true one."""
    import pandas as pd

    return pd.concat([rows, not_found.assign(predicted=classes + 1)], ignore_index=True)


def _accuracies(confusions: Array, suffix: str = "") -> dict[str, float]:
    """Balanced accuracies with their intervals, of patients' (patients, classes, classes)."""
    found: dict[str, float] = {}
    for accuracy, within in ACCURACIES.items():
        low, high = balanced_accuracy_interval(confusions, within)
        value = float(balanced_accuracy_of(confusions.sum(axis=0), within))
        name = f"{accuracy}{suffix}"
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return found


def _values(true: Array, predicted: Array, classes: int) -> dict[str, float]:
    """What is measured of one training: name -> value."""
    counts = confusion(true, predicted, classes)
    found = {name: float(balanced_accuracy_of(counts, n)) for name, n in ACCURACIES.items()}
    totals = pair_sums(true, predicted).sum(axis=0)
    return found | {name: float(measure(totals)) for name, measure in ERRORS.items()}
