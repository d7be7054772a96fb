"""The calibration of a bundle, from what its study predicted of patients it did not learn from."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sharpflow.conformal import conformal_size, error_sd
from sharpflow.joints.scoring.calibration_fit import fit_heads, fit_sums
from sharpflow.whole_image.total_intervals import root_errors

if TYPE_CHECKING:
    import pandas as pd


def calibrate(
    out_of_fold: Mapping[str, "pd.DataFrame"], totals: "pd.DataFrame | None"
) -> dict[str, Any] | None:
    """The manifest's `calibration`, as JSON has it; None where there is nothing to measure on.

    Args:
        out_of_fold: head -> what `predict_out_of_fold` returned.
        totals: predictions.csv of the experiment whose totals are the study's, if any.
    """
    heads = fit_heads(out_of_fold)
    sums = fit_sums(out_of_fold, heads)
    if not heads and totals is None:
        return None
    return {
        "heads": {
            name: asdict(found) | {"usual": list(found.usual)} for name, found in heads.items()
        },
        "sums": {
            counts: {"patients": errors.patients, "error_sd": errors.error_sd, **errors.factors}
            for counts, errors in sums.items()
        },
        "whole_image": None if totals is None else _totals(totals),
    }


def _totals(table: "pd.DataFrame") -> dict[str, Any]:
    """Of validation patients, whom no network learned from."""
    held = table[table["split"] == "validation"]
    patients = held["patient"].tolist()
    return {
        "patients": held["patient"].nunique(),
        "error_sd": error_sd(held["predicted"] - held["true"], patients),
        "root_error": conformal_size(root_errors(held["true"], held["predicted"]), patients),
    }
