"""What networks and stacks predict, as tables of one shape."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from sharpflow.whole_image.data.augmentation import normalise
from sharpflow.whole_image.data.batches import Images, take
from sharpflow.whole_image.experiment_types import Loss, NetworkExperiment, Task
from sharpflow.whole_image.networks.architectures import build_network
from sharpflow.whole_image.networks.layout import Choice, full_float32, ready_network
from sharpflow.whole_image.outputs import Floats, decode_outputs
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

BATCH = 32  # images predicted at once


def encode_targets(
    task: Task, targets: npt.ArrayLike, statistics: Mapping[str, float]
) -> npt.NDArray[np.float32] | npt.NDArray[np.int64]:
    """What a network learns, (n,): z-scored totals or months (float32), or class numbers (int64).

    Args:
        task: what is predicted.
        targets: totals (for "total" and "severity") or months, (n,).
        statistics: target_mean and target_sd of the training images.
    """
    if task == "severity":
        return class_of(targets)
    values = np.asarray(targets, dtype=np.float64)
    scaled = (values - statistics["target_mean"]) / statistics["target_sd"]
    return np.asarray(scaled, dtype=np.float32)


def prediction_table(
    task: Task,
    rows: "pd.DataFrame",
    *,
    targets: npt.ArrayLike,
    outputs: Floats,
    statistics: Mapping[str, float],
    loss: Loss | None = None,
) -> "pd.DataFrame":
    """Predictions of images as a table.

    Args:
        task: what is predicted.
        rows: image_id, patient, split.
        targets: totals (also for severity) or months, (n,), in the order of the rows.
        outputs: raw outputs (n, k), in the order of the rows.
        statistics: target_mean and target_sd of the training images.
        loss: that of the training, by which outputs become classes.

    Returns:
        image_id, patient, split, true, predicted (score points, months, or class numbers),
        output_0, output_1, ...
    """
    table = rows[["image_id", "patient", "split"]].reset_index(drop=True)
    table["true"] = class_of(targets) if task == "severity" else np.asarray(targets, np.float64)
    table["predicted"] = decode_outputs(task, outputs, statistics, loss)
    for column in range(outputs.shape[1]):
        table[f"output_{column}"] = outputs[:, column]
    return table


def load_network(experiment: NetworkExperiment, model: str | Path) -> nn.Module:
    """An experiment's network with the weights of its model.pt, in evaluation mode, on the CPU."""
    network = build_network(experiment.network, experiment.outputs, seed=0)
    network.load_state_dict(torch.load(model, map_location="cpu", weights_only=True))
    return network.eval()


def predict_outputs(
    experiment: NetworkExperiment,
    network: nn.Module,
    images: Images,
    statistics: Mapping[str, float],
    *,
    channels_last: Choice = "auto",
) -> Floats:
    """Raw outputs (n, k) of a network for packed images, in float32, on a GPU if there is one."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = ready_network(network, channels_last).to(device).eval()
    outputs = [np.empty((0, experiment.outputs), np.float32)]
    with torch.inference_mode(), full_float32(device):
        for start in range(0, len(images), BATCH):
            bytes_ = take(images, np.arange(start, min(start + BATCH, len(images))))
            x = normalise(bytes_.to(device), statistics["pixel_mean"], statistics["pixel_sd"])
            outputs.append(network(x).cpu().numpy())
    return np.concatenate(outputs)


def predict_images(
    experiment: NetworkExperiment,
    model: str | Path,
    images: Images,
    rows: "pd.DataFrame",
    *,
    targets: npt.ArrayLike,
    statistics: Mapping[str, float],
    settings: TrainingSettings,
    threads: int | None = None,
) -> "pd.DataFrame":
    """Predictions of a trained experiment for all images, as `prediction_table` describes them.

    Args:
        experiment: the experiment that was trained.
        model: its model.pt.
        images: packed images (n, size, size) uint8.
        rows: image_id, patient, split of each image.
        targets: totals (also for severity) or months of each image.
        statistics: pixel_mean, pixel_sd, target_mean, target_sd.
        settings: those of the training.
        threads: of torch on the CPU; None leaves torch's setting.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    network = load_network(experiment, model)
    outputs = predict_outputs(
        experiment, network, images, statistics, channels_last=settings.channels_last
    )
    return prediction_table(
        experiment.task,
        rows,
        targets=targets,
        outputs=outputs,
        statistics=statistics,
        loss=experiment.loss,
    )
