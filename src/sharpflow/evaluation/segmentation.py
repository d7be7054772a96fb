"""How far masks agree with the truth, film by film."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sharpflow.evaluation.intervals import LOGIT, mean_of, patient_interval, patient_sums
from sharpflow.evaluation.metrics import overlap_counts
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("dice", "iou")


def mask_overlaps(
    image_ids: Sequence[str],
    patients: Sequence[str],
    predicted: Iterable[npt.NDArray[Any]],
    true: Iterable[npt.NDArray[Any]],
) -> "pd.DataFrame":
    """Dice and IoU of each film: image_id, patient, dice, iou, in the order given.

    The masks (h, w), anything but 0 inside, are taken one by one, so memory maps will do.
    Two empty masks agree: 1.
    """
    import pandas as pd

    rows = []
    for image_id, patient, mask, truth in zip(image_ids, patients, predicted, true, strict=True):
        both, first, second = overlap_counts(mask, truth)
        union = first + second - both
        overlap = (2 * both / (first + second), both / union) if union else (1.0, 1.0)
        rows.append((image_id, patient, *overlap))
    return pd.DataFrame(rows, columns=["image_id", "patient", *MEASURES])


def segmentation_row(
    overlaps: "pd.DataFrame",
    *,
    limb: str,
    method: str,
    data: str,
    seed: int,
    resamples: int = 2000,
) -> dict[str, Any]:
    """A row of tables/segmentation.csv: means over films, 95% intervals by patient.

    `limb` is "hand" or "foot", `method` "bootstrap" or "unet". Without films (a cohort without
    true masks) n is 0 and the means are NaN.
    """
    row: dict[str, Any] = {"limb": limb, "method": method, "data": data, "n": len(overlaps)}
    for name in MEASURES:
        values = overlaps[name].to_numpy(np.float64)
        _, sums = patient_sums(
            overlaps["patient"].tolist(), np.stack([values, np.ones_like(values)], axis=1)
        )
        draws = seed_for(seed, "intervals", limb, method)
        low, high = patient_interval(sums, mean_of, LOGIT, resamples=resamples, seed=draws)
        row[name] = float(values.mean()) if len(values) else float("nan")
        row |= {f"{name}_low": low, f"{name}_high": high}
    return row
