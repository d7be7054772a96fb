"""What could be reached without looking at a radiograph: by always giving one answer (ours)."""

from typing import TYPE_CHECKING

import numpy as np

from sharpflow.evaluation.whole_image_metrics import N_CLASSES, SEVERITY, split_rows

if TYPE_CHECKING:
    import pandas as pd


def constant_totals(predictions: "pd.DataFrame") -> dict[str, "pd.DataFrame"]:
    """What always giving the training images' mean, or their median, would predict.

    Args:
        predictions: any experiment's predictions.csv of a task with numbers.

    Returns:
        "mean" and "median": each the test rows with that constant for `predicted`.
    """
    training = split_rows(predictions, "total", "train")["true"]
    tested = split_rows(predictions, "total")
    return {
        "mean": tested.assign(predicted=float(training.mean())),
        "median": tested.assign(predicted=float(training.median())),
    }


def best_constant_class(predictions: "pd.DataFrame") -> dict[str, float]:
    """The best each severity metric could be if all images got one class; PCC has none.

    The class is chosen for each metric on the very images it is measured on, so this is no rule
    to score by but a mark that an experiment should pass.

    Args:
        predictions: any experiment's predictions.csv of severity classes.

    Returns:
        A metric's name -> its best value; and n, the number of test images.
    """
    true = split_rows(predictions, "severity")["true"].to_numpy(np.int64)
    guesses = np.zeros((N_CLASSES, N_CLASSES, N_CLASSES))
    place = np.arange(N_CLASSES)
    guesses[place, :, place] = np.bincount(true, minlength=N_CLASSES)
    best = {}
    for name, measure in SEVERITY.items():
        values = measure(guesses)
        lower_is_better = name in ("mae", "rmse")
        best[name] = float(values.min() if lower_is_better else values.max())
    return best | {"n": len(true)}
