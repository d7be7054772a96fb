"""How far masks agree with the truth, radiograph by radiograph."""

from collections.abc import Collection, Iterable, Sequence
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
    """Dice and IoU of each radiograph: image_id, patient, dice, iou, in the order given.

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
    common: Collection[str],
    limb: str,
    method: str,
    data: str,
    seed: int,
    resamples: int = 2000,
) -> dict[str, Any]:
    """A row of tables/segmentation.csv: means over radiographs, 95% intervals by patient.

    Args:
        overlaps: what `mask_overlaps` gave for all test radiographs of a body part.
        common: image_ids on which the methods are compared: those with a chosen entropy mask, since
            an entropy mask that was not chosen serves nobody.
        limb: "hand" or "foot".
        method: "bootstrap" or "unet".
        data: what the radiographs are.
        seed, resamples: of the intervals.

    Returns:
        limb, method, data; n, dice, iou of the common radiographs; n_all, dice_all, iou_all of
        all; each mean also with _low and _high. Without radiographs n is 0 and the means are NaN.
    """
    seed = seed_for(seed, "intervals", limb, method)
    row: dict[str, Any] = {"limb": limb, "method": method, "data": data}
    shared = overlaps[overlaps["image_id"].isin(list(common))]
    for part, suffix in ((shared, ""), (overlaps, "_all")):
        row[f"n{suffix}"] = len(part)
        for name in MEASURES:
            mean, low, high = _mean(part, name, resamples=resamples, seed=seed)
            key = f"{name}{suffix}"
            row |= {key: mean, f"{key}_low": low, f"{key}_high": high}
    return row


def _mean(
    overlaps: "pd.DataFrame", name: str, *, resamples: int, seed: int
) -> tuple[float, float, float]:
    """A measure's mean over radiographs and its interval."""
    values = overlaps[name].to_numpy(np.float64)
    _, sums = patient_sums(
        overlaps["patient"].tolist(), np.stack([values, np.ones_like(values)], axis=1)
    )
    low, high = patient_interval(sums, mean_of, LOGIT, resamples=resamples, seed=seed)
    return (float(values.mean()) if len(values) else float("nan")), low, high
