"""Overlap of limb masks with the true masks."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sharpflow.evaluation.intervals import LOGIT, mean_of, patient_interval, patient_sums
from sharpflow.evaluation.metrics import dice_and_iou
from sharpflow.imaging.shards import ImageStack
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

Mask = npt.NDArray[np.uint8]
# Body part, image_ids, (height, width) -> the true masks of these radiographs, in this order.
TrueMasks = Callable[[str, "pd.Series[str]", tuple[int, int]], Iterable[Mask]]

OVERLAPS = ("dice", "iou")


def segmentation_table(
    masks: Mapping[tuple[str, str], tuple[ImageStack, "pd.DataFrame"]],
    true_masks: TrueMasks,
    *,
    split: "pd.DataFrame",
    chosen: "pd.DataFrame",
    data: str,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """tables/segmentation.csv: a row for each body part and method, on test radiographs.

    Args:
        masks: body part ("hand", "foot") and method ("bootstrap", "unet") -> masks (n, height,
            width), 0 and 255, and their rows: image_id, patient.
        true_masks: gives the true masks of radiographs.
        split: patient, split.
        chosen: image_id, chosen (bool): whether a radiograph's entropy mask was chosen as good.
        data: "phantom" or the cohort's name.
        seed: of the intervals.
        resamples: of the intervals.

    Returns:
        The rows of `segmentation_row`.
    """
    import pandas as pd

    split_of = split.set_index("patient")["split"]
    with_chosen_mask = chosen.loc[chosen["chosen"], "image_id"].tolist()
    table = []
    for (body_part, method), (predicted, rows) in masks.items():
        tested = rows[rows["patient"].map(split_of) == "test"]
        overlaps = mask_overlaps(
            tested["image_id"].tolist(),
            tested["patient"].tolist(),
            (predicted[number] for number in tested.index),
            true_masks(body_part, tested["image_id"], predicted.size),
        )
        row = segmentation_row(
            overlaps,
            common=with_chosen_mask,
            limb=body_part,
            method=method,
            data=data,
            seed=seed,
            resamples=resamples,
        )
        table.append(row)
    return pd.DataFrame(table)


def mask_overlaps(
    image_ids: Sequence[str],
    patients: Sequence[str],
    predicted: Iterable[npt.NDArray[Any]],
    true: Iterable[npt.NDArray[Any]],
) -> "pd.DataFrame":
    """Dice and IoU of each radiograph.

    Args:
        image_ids: of the radiographs.
        patients: of the radiographs.
        predicted: masks (height, width), anything but 0 is inside; read one at a time.
        true: their true masks.

    Returns:
        image_id, patient, dice, iou (fractions, 1 for two empty masks), in the order given.
    """
    import pandas as pd

    rows = [
        (image_id, patient, *dice_and_iou(mask, truth))
        for image_id, patient, mask, truth in zip(image_ids, patients, predicted, true, strict=True)
    ]
    return pd.DataFrame(rows, columns=["image_id", "patient", *OVERLAPS])


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
        overlaps: what `mask_overlaps` returned for all test radiographs of a body part.
        common: image_ids on which the methods are compared: those with a chosen entropy mask, since
            other entropy masks are not used.
        limb: "hand" or "foot".
        method: "bootstrap" or "unet".
        data: "phantom" or the cohort's name.
        seed: of the intervals.
        resamples: of the intervals.

    Returns:
        limb, method, data; n, dice, iou of the common radiographs; n_all, dice_all, iou_all of
        all; each mean also with _low and _high. Without radiographs n is 0 and the means are NaN.
    """
    seed = seed_for(seed, "intervals", limb, method)
    row: dict[str, Any] = {"limb": limb, "method": method, "data": data}
    shared = overlaps[overlaps["image_id"].isin(list(common))]
    for radiographs, suffix in ((shared, ""), (overlaps, "_all")):
        row[f"n{suffix}"] = len(radiographs)
        for name in OVERLAPS:
            mean, low, high = _mean(radiographs, name, resamples=resamples, seed=seed)
            key = f"{name}{suffix}"
            row |= {key: mean, f"{key}_low": low, f"{key}_high": high}
    return row


def _mean(
    overlaps: "pd.DataFrame", name: str, *, resamples: int, seed: int
) -> tuple[float, float, float]:
    """An overlap's mean over radiographs and its interval."""
    values = overlaps[name].to_numpy(np.float64)
    _, sums = patient_sums(
        overlaps["patient"].tolist(), np.stack([values, np.ones_like(values)], axis=1)
    )
    low, high = patient_interval(sums, mean_of, LOGIT, resamples=resamples, seed=seed)
    return (float(values.mean()) if len(values) else float("nan")), low, high
