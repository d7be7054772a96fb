"""Tan et al.'s Table 1 from predictions, with intervals, seeds, constant guesses, the paper."""

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
MAX_CLASSES = max(MAX_SCORE.values()) + 1


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
        predictions: a row a joint that was found: patient, split, true, predicted, and
            predicted_seed_2, ... of further trainings. Only rows of the split "test" are used.
        not_found: patient, true: test joints with a score that the detector did not find.
        data: "phantom" or the cohort's name.
        seed: of the intervals that need a bootstrap.
        resamples: of the intervals that need a bootstrap.

    Returns:
        n (joints found), n_not_found, patients; balanced_accuracy and
        balanced_accuracy_within_one of the found joints, mae, kappa (quadratic weights), each with
        _low and _high (95%, by patient) and, over the trainings, _seed_mean and _seed_sd (blank
        with one training); the accuracies again as ..._all_joints, where a joint that was not found
        is wrong; n_seeds; constant_guess, constant_guess_within_one, constant_guess_mae; paper_...;
        classes_absent; few_patients (the scores that fewer than 5 patients have, "3 4"); n_class_0,
        ...: found joints of each true score.
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

    Args:
        predictions: model -> predictions, as for `joint_scoring_row`.
        joints: scores/joints.csv, for the joints that were not found.
        data: "phantom" or the cohort's name.
        seed: of the intervals that need a bootstrap.
        resamples: of the intervals that need a bootstrap.

    Returns:
        The rows of `joint_scoring_row`; counts of classes that a model does not have (erosion 6 of
        a hand) are blank.
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
    counts = [f"n_class_{score}" for score in range(MAX_CLASSES)]
    others = [name for name in table.columns if name not in counts]
    table = table.reindex(columns=[*others, *counts])
    return table.astype(dict.fromkeys(counts, "Int64"))


def recalls_table(predictions: Mapping[str, "pd.DataFrame"], *, data: str) -> "pd.DataFrame":
    """tables/joint_recalls.csv: recall of each score, on test joints.

    Args:
        predictions: model -> predictions, as for `joint_scoring_row`.
        data: "phantom" or the cohort's name.

    Returns:
        model, data, score, n, n_patients, recall, recall_low, recall_high, few_patients, and
        recall_within_one with its bounds; a row for each score that a model has, in the paper's
        order.
    """
    import pandas as pd

    tables = []
    for model in MODELS:
        if model not in predictions:
            continue
        damage, body_part = MODELS[model]
        rows = predictions[model][predictions[model]["split"] == "test"]
        confusions = _confusions(rows, n_classes(body_part, damage))
        within_one = class_recalls(confusions, within=1).filter(like="recall")
        table = class_recalls(confusions).rename(columns={"class": "score"})
        table = table.join(
            within_one.rename(columns=lambda n: n.replace("recall", "recall_within_one"))
        )
        table.insert(0, "model", model)
        table.insert(1, "data", data)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def model_confusions(
    predictions: Mapping[str, "pd.DataFrame"],
) -> dict[str, npt.NDArray[np.int64]]:
    """Counts of test joints by true and predicted score, for each model of `predictions`.

    Args:
        predictions: model -> split, true, predicted.

    Returns:
        Model -> (classes, classes), rows true; zeros for a model without test joints.
    """
    confusions = {}
    for model, joints in predictions.items():
        damage, body_part = MODELS[model]
        rows = joints[joints["split"] == "test"]
        confusions[model] = confusion(rows["true"], rows["predicted"], n_classes(body_part, damage))
    return confusions


def joints_not_found(joints: "pd.DataFrame", model: str) -> "pd.DataFrame":
    """patient, true: a model's joints of scores/joints.csv with a true score but no box."""
    damage, body_part = MODELS[model]
    true = joints[f"{damage}_true"]
    limbs = [code for code, limb in LIMBS.items() if limb.body_part == body_part]
    not_found = joints["limb"].isin(limbs) & joints["confidence"].isna() & true.notna()
    return joints.loc[not_found, ["patient"]].assign(true=true[not_found].astype(int))


def _confusions(rows: "pd.DataFrame", classes: int) -> Array:
    """Counts of true and predicted scores of each patient, (patients, classes, classes)."""
    pairs = np.zeros((len(rows), classes, classes))
    places = (rows[name].to_numpy(np.int64) for name in ("true", "predicted"))
    pairs[np.arange(len(rows)), *places] = 1
    return patient_sums(rows["patient"].tolist(), pairs)[1]


def _with_not_found(
    rows: "pd.DataFrame", not_found: "pd.DataFrame", classes: int
) -> "pd.DataFrame":
    """All joints; those not found get a predicted class that is no neighbour of any true class."""
    import pandas as pd

    return pd.concat([rows, not_found.assign(predicted=classes + 1)], ignore_index=True)


def _accuracies(confusions: Array, suffix: str = "") -> dict[str, float]:
    """Balanced accuracies and their intervals from confusions (patients, classes, classes)."""
    accuracies: dict[str, float] = {}
    for accuracy, within in ACCURACIES.items():
        low, high = balanced_accuracy_interval(confusions, within)
        value = float(balanced_accuracy_of(confusions.sum(axis=0), within))
        name = f"{accuracy}{suffix}"
        accuracies |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return accuracies


def _values(true: Array, predicted: Array, classes: int) -> dict[str, float]:
    """The measures of one training: name -> value."""
    counts = confusion(true, predicted, classes)
    sums = pair_sums(true, predicted).sum(axis=0)
    accuracies = {name: float(balanced_accuracy_of(counts, n)) for name, n in ACCURACIES.items()}
    return accuracies | {name: float(measure(sums)) for name, measure in ERRORS.items()}
