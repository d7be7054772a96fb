"""Variation of results between trainings that differ only in their seed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd


def predictions_by_seed(predictions: "pd.DataFrame") -> list[npt.NDArray[np.int64]]:
    """The scores predicted by each training: columns predicted, predicted_seed_2, ..."""
    names = ["predicted", *predictions.filter(regex=r"^predicted_seed_\d+$").columns]
    return [predictions[name].to_numpy(np.int64) for name in names]


def over_seeds(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean and standard deviation of each measure over trainings that differ only in their seed.

    Args:
        values: each training's measures, name -> value.

    Returns:
        n_seeds and, for each measure, name_seed_mean and name_seed_sd (of a sample, so NaN with one
        training).
    """
    summary: dict[str, float] = {"n_seeds": len(values)}
    for name in values[0]:
        each = np.array([value[name] for value in values])
        summary[f"{name}_seed_mean"] = float(each.mean())
        summary[f"{name}_seed_sd"] = float(each.std(ddof=1)) if len(each) > 1 else float("nan")
    return summary
