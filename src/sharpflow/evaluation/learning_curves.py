"""How steady and how fast trainings of totals were (Bo et al., section 3.1).

Their words: MSE's validation curve fluctuates less than the smooth loss's; a batch of 16 converges
faster and less steadily. The paper gives no numbers; these are ours.

The smooth loss is a root already, so MSE's curves are taken as its root: both are then errors of
z-scored totals. A history holds an experiment's own loss only, so curves of two losses differ in
height by definition; their swing, being relative, can be compared.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sharpflow.whole_image.experiment_types import Experiment, NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS

if TYPE_CHECKING:
    import pandas as pd

_WITHIN = 0.05  # above its plateau: when a curve counts as settled (ours)


def error_curve(history: "pd.DataFrame", experiment: Experiment) -> "pd.Series[float]":
    """Validation error by epoch: of totals, in SDs, the smooth loss or the root of MSE.

    Of classes it is the loss as it is.

    Args:
        history: epoch, validation_loss.
        experiment: whose history it is.
    """
    curve = history.sort_values("epoch").set_index("epoch")["validation_loss"]
    smooth = isinstance(experiment, NetworkExperiment) and experiment.loss == "smooth"
    return curve if smooth or experiment.task == "severity" else np.sqrt(curve)


def curve_numbers(histories: Mapping[str, "pd.DataFrame"]) -> "pd.DataFrame":
    """How steady and how fast each training was.

    Args:
        histories: experiment name -> epoch, validation_loss.

    Returns:
        row (the experiment); epochs; lowest and plateau (median of the second half) of the error
        curve, SDs of the total; swing: SD of the relative change from epoch to epoch (difference of
        logarithms) in the second half, blank with fewer than 3 changes; settled: the first epoch at
        most 5 per cent above the plateau.
    """
    import pandas as pd

    rows = []
    for name, history in histories.items():
        curve = error_curve(history, EXPERIMENTS[name])
        late = curve.iloc[len(curve) // 2 :]
        plateau = float(late.median())
        changes = np.diff(np.log(late.to_numpy()))
        settled = curve.index[(curve <= plateau * (1 + _WITHIN)).to_numpy()]
        rows.append({
            "row": name,
            "epochs": len(curve),
            "lowest": float(curve.min()),
            "plateau": plateau,
            "swing": float(np.std(changes, ddof=1)) if len(changes) >= 3 else np.nan,
            "settled": int(settled[0]),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["row", "epochs", "lowest", "plateau", "swing", "settled"])
