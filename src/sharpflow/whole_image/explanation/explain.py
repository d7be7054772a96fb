"""Grad-CAM of a network on the test images: all their heat, and the cases that are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from sharpflow.imaging.shards import ImageStack
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.explanation.cases import SeverityRules, TotalRules, choose_cases
from sharpflow.whole_image.explanation.grad_cam import coarse_heat, enlarge
from sharpflow.whole_image.training.predictions import load_network


@dataclass(frozen=True)
class Explanation:
    """Heat maps of one network.

    Attributes:
        tests: the test images' predictions and packed rows, in the order of `heat`.
        heat: of each test image, float32 (n, rows, columns), 0 and more.
        cases: the four images that are shown: what `choose_cases` returns, height and width.
        case_heat: their heat, float32 (4, size, size), 0 to 1.
        case_images: the packed images, uint8 (4, size, size).
    """

    tests: pd.DataFrame
    heat: npt.NDArray[np.float32]
    cases: pd.DataFrame
    case_heat: npt.NDArray[np.float32]
    case_images: npt.NDArray[np.uint8]


def explain_network(
    experiment: NetworkExperiment,
    model: str | Path,
    images: ImageStack,
    packed: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    statistics: Mapping[str, float],
    rules: Mapping[str, float],
) -> Explanation:
    """Explain a network's predictions of the test images.

    Args:
        experiment: what was trained; of totals or classes.
        model: its model.pt.
        images: all packed images of the cohort.
        packed: their rows: image_id, height, width.
        predictions: image_id, split, true, predicted.
        statistics: pixel_mean and pixel_sd of the training images.
        rules: the bounds of `TotalRules` or, of classes, of `SeverityRules`.
    """
    tests = predictions[predictions["split"] == "test"].merge(packed, on="image_id")
    number = {image_id: index for index, image_id in enumerate(packed["image_id"])}
    severity = experiment.task == "severity"
    # Of classes, what spoke for the predicted one; a total has one output.
    explained = tests["predicted"] if severity else tests["predicted"] * 0
    device = "cuda" if torch.cuda.is_available() else "cpu"
    heat = coarse_heat(
        load_network(experiment, model).to(device),
        images.take(number[image_id] for image_id in tests["image_id"]),
        pixel_mean=statistics["pixel_mean"],
        pixel_sd=statistics["pixel_sd"],
        outputs=explained.astype(int).tolist(),
    )
    kind = SeverityRules if severity else TotalRules
    cases = choose_cases(predictions, kind(**rules))  # type: ignore[arg-type]
    cases = cases.merge(packed[["image_id", "height", "width"]], on="image_id")
    place = {image_id: index for index, image_id in enumerate(tests["image_id"])}
    chosen = [place[image_id] for image_id in cases["image_id"]]
    return Explanation(
        tests,
        heat,
        cases,
        case_heat=enlarge(heat[chosen], images.size[0]),
        case_images=images.take(number[image_id] for image_id in cases["image_id"]),
    )
