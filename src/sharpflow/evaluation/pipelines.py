"""How far both pipelines agree with the truth on the same patients, and which is nearer to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sharpflow.evaluation.agreement import (
    BIAS,
    ICC,
    LOWER_LIMIT,
    MAE,
    PCC,
    RMSE,
    UPPER_LIMIT,
    Measure,
    pair_sums,
    with_intervals,
)
from sharpflow.evaluation.compared_patients import ComparedPatients
from sharpflow.evaluation.intervals import PLAIN, mean_of
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

# Pipeline -> (truth, prediction), columns of `ComparedPatients.table`.
PIPELINES: Mapping[str, tuple[str, str]] = {
    "joint-sum": ("true_joints", "predicted_joints"),
    "joint-total": ("true_total", "joint_total"),
    "whole-image": ("true_total", "whole_image_total"),
    "true-joint-total": ("true_total", "true_joint_total"),
    "constant": ("true_total", "constant_total"),
}
THIRDS = ("all", "lower", "middle", "upper")
MEASURES: Mapping[str, Measure] = {
    "pcc": PCC,
    "mae": MAE,
    "rmse": RMSE,
    "icc": ICC,
    "bias": BIAS,
    "lower_limit": LOWER_LIMIT,
    "upper_limit": UPPER_LIMIT,
}


def pipelines_table(
    compared: ComparedPatients, *, data: str, seed: int, resamples: int = 2000
) -> "pd.DataFrame":
    """tables/pipelines.csv: agreement of each pipeline with the truth, in all and by third.

    Args:
        compared: what `compare_patients` returned.
        data: "phantom" or the cohort's name.
        seed: the study's.
        resamples: number of resamples.

    Returns:
        A row for each third ("all", "lower", "middle", "upper") and pipeline: "joint-sum" (finger
        sums against true finger sums); "joint-total" (finger sums as totals), "whole-image",
        "true-joint-total" (what perfect finger scores would give) and "constant" (always the
        training patients' median), against true totals. Columns third, pipeline, data, n,
        total_from and total_to (the third's true totals), pcc, mae, rmse, icc, bias (predicted -
        true), lower_limit, upper_limit (Bland and Altman's 95% limits of agreement), each with _low
        and _high; and in the rows of "whole-image" mae_difference (its mean absolute error less
        that of "joint-total", on the same patients), _low, _high, better ("whole-image",
        "joint-total", or "not told apart" if the interval holds 0).
    """
    import pandas as pd

    stream = seed_for(seed, "intervals", "routes")
    rows = []
    for third in THIRDS:
        table = compared.table
        in_third = table if third == "all" else table[table["third"] == third]
        patients = in_third["patient"].tolist()
        common = {
            "data": data,
            "n": len(in_third),
            "total_from": in_third["true_total"].min(),
            "total_to": in_third["true_total"].max(),
        }
        for pipeline, (truth, prediction) in PIPELINES.items():
            sums = pair_sums(in_third[truth], in_third[prediction])
            measured = with_intervals(patients, sums, MEASURES, seed=stream, resamples=resamples)
            row = {"third": third, "pipeline": pipeline} | common | measured
            if pipeline == "whole-image":
                row |= _mae_difference(in_third, stream, resamples)
            rows.append(row)
    return pd.DataFrame(rows)


def _mae_difference(table: "pd.DataFrame", seed: int, resamples: int) -> dict[str, float | str]:
    """The whole-image pipeline's mean absolute error less the joint pipeline's."""
    errors = [
        (table[prediction] - table[truth]).abs().to_numpy(float)
        for truth, prediction in (PIPELINES["whole-image"], PIPELINES["joint-total"])
    ]
    sums = np.stack([errors[0] - errors[1], np.ones(len(table))], axis=1)
    name = "mae_difference"
    patients = table["patient"].tolist()
    measure = Measure(mean_of, PLAIN)
    measured = with_intervals(patients, sums, {name: measure}, seed=seed, resamples=resamples)
    if measured[f"{name}_high"] < 0:
        better = "whole-image"
    elif measured[f"{name}_low"] > 0:
        better = "joint-total"
    else:
        better = "not told apart"
    return {**measured, "better": better}
