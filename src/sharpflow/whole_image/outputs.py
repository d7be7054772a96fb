"""What the outputs of networks and stacks say, as predictions and as tables.

No framework is imported: who has a network's outputs, from wherever, needs none.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sharpflow.joints.scoring.ordinal import decode
from sharpflow.whole_image.experiment_types import Loss, Task

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float32]


def decode_outputs(
    task: Task, outputs: Floats, statistics: Mapping[str, float], loss: Loss | None = None
) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
    """Predictions (n,) from raw outputs (n, k): score points, months, or class numbers 0-9.

    Totals are not clipped to 0-280 (paper silent). A class is the one of the largest output, or
    with the ordinal loss what the cumulative bits say.
    """
    if task != "severity":
        points = outputs[:, 0].astype(np.float64)
        return np.asarray(points * statistics["target_sd"] + statistics["target_mean"])
    if loss == "ordinal":
        return decode(1 / (1 + np.exp(-outputs.astype(np.float64))))
    return np.asarray(outputs.argmax(axis=1), dtype=np.int64)


def unscored_table(
    task: Task,
    rows: "pd.DataFrame",
    outputs: Floats,
    statistics: Mapping[str, float],
    loss: Loss | None = None,
) -> "pd.DataFrame":
    """Predictions of images that nobody has scored: no split, and no true value.

    Args:
        task: what is predicted.
        rows: image_id, patient, visit.
        outputs: as for `prediction_table`, as are the next two.
        statistics: target_mean and target_sd of the training images.
        loss: that of the training.

    Returns:
        image_id, patient, visit, predicted, output_0, output_1, ...
    """
    table = rows[["image_id", "patient", "visit"]].reset_index(drop=True)
    table["predicted"] = decode_outputs(task, outputs, statistics, loss)
    for column in range(outputs.shape[1]):
        table[f"output_{column}"] = outputs[:, column]
    return table


def output_columns(table: "pd.DataFrame") -> Floats:
    """Raw outputs (n, k) of a table of predictions."""
    names = [f"output_{k}" for k in range(table.columns.str.startswith("output_").sum())]
    return table[names].to_numpy(np.float32)
