"""Predictions by decile of the truth (Bo et al., Figure 2)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def decile_means(tests: "pd.DataFrame") -> "pd.DataFrame":
    """Mean true and predicted total, SD of the predicted, and number of each decile of the truth.

    Args:
        tests: true, predicted.

    Returns:
        true, predicted, sd (blank for one image), n; by rising truth. There are fewer than ten
        rows where one total fills more than a tenth.
    """
    import pandas as pd

    by = pd.qcut(tests["true"], 10, duplicates="drop", labels=False)
    by = by.fillna(0)  # one total for all images has no deciles: one group
    return (
        tests.groupby(by)
        .agg(
            true=("true", "mean"),
            mean=("predicted", "mean"),
            sd=("predicted", "std"),
            n=("true", "size"),
        )
        .rename(columns={"mean": "predicted"})
        .reset_index(drop=True)
    )
