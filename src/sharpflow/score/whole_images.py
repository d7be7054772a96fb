"""Totals and severity classes of new radiographs of both hands, by a bundle's networks (Bo et al.).

Step by step what the workflow does with images that nobody has scored, by the same functions.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.bundle.manifest import WholeImageModels
from sharpflow.score.networks import Networks
from sharpflow.whole_image.data.packing import prepare, scale_and_shift
from sharpflow.whole_image.outputs import output_columns, unscored_table
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.stacking.combine import combine

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
COLUMNS = ["image_id", "patient", "visit", "row", "predicted"]


@dataclass(frozen=True)
class WholeImage:
    """A radiograph of both hands, as it was read.

    Attributes:
        image_id: unique among the radiographs scored.
        patient: whom it shows.
        visit: when.
        image: uint8 (height, width).
    """

    image_id: str
    patient: str
    visit: str
    image: Grey


class WholeImageScorer:
    """Predicts totals and classes batch by batch; memory holds no more than one."""

    def __init__(self, models: WholeImageModels, networks: Networks) -> None:
        """Take the whole-image pipeline of a bundle's manifest, and the bundle's networks."""
        self.models, self._networks = models, networks

    def score(self, images: Sequence[WholeImage]) -> pd.DataFrame:
        """Predict images by every experiment of the bundle.

        Args:
            images: any number, at least one; all are in memory at once.

        Returns:
            As scores/unscored/whole_images.csv of a study: image_id, patient, visit, row (the
            experiment) and predicted (score points, or a class 0 to 9); here for binned stacks too.
            By image, in the order given.
        """
        inputs = self._inputs(images)
        predictions = self._predict_networks(images, inputs)
        for name, stack in self.models.stacks.items():
            members = [predictions[member] for member in stack.members]
            outputs = np.stack([output_columns(member) for member in members], axis=1)
            weight, bias = np.array(stack.weight, np.float32), np.array(stack.bias, np.float32)
            stacked = combine(stack.principle, weight, bias, outputs)
            statistics = asdict(self.models.statistics)
            predictions[name] = unscored_table(stack.task, members[0], stacked, statistics)
        for name, stack_name in self.models.binned.items():
            totals = predictions[stack_name]
            classes = class_of(totals["predicted"].to_numpy())
            predictions[name] = totals.assign(predicted=classes)
        order = {image.image_id: place for place, image in enumerate(images)}
        table = pd.concat([table.assign(row=name) for name, table in predictions.items()])
        return table.sort_values(
            "image_id", key=lambda ids: ids.map(order), kind="stable", ignore_index=True
        )[COLUMNS]

    def _inputs(self, images: Sequence[WholeImage]) -> Floats:
        """Images as the networks take them, (n, 1, size, size), pixels of mean 0 and SD 1."""
        size, contrast = self.models.size, self.models.contrast
        packed = np.stack([prepare(image.image, size, contrast) for image in images])
        pixels = self.models.statistics
        scale, shift = scale_and_shift(pixels.pixel_mean, pixels.pixel_sd)
        return (packed.astype(np.float32) * np.float32(scale) - np.float32(shift))[:, np.newaxis]

    def _predict_networks(
        self, images: Sequence[WholeImage], inputs: Floats
    ) -> dict[str, pd.DataFrame]:
        rows = pd.DataFrame(
            [(image.image_id, image.patient, image.visit) for image in images],
            columns=["image_id", "patient", "visit"],
        )
        statistics = asdict(self.models.statistics)
        return {
            name: unscored_table(
                network.task, rows, self._networks[name](inputs), statistics, network.loss
            )
            for name, network in self.models.networks.items()
        }
