"""ultralytics' trainer with the paper's schedule, a shorter average, and fewer validations.

Import this module only after `offline.import_ultralytics` has been called: ultralytics reads its
settings and whether it may use the network when it is first imported.
"""

import logging
import math
import time
from collections.abc import Iterator, Mapping
from copy import copy, deepcopy
from typing import Any

import cv2
import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from ultralytics.data.augment import Compose, RandomPerspective
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils.torch_utils import ModelEMA

from sharpflow.joints.detection.batch_norms import measure_statistics
from sharpflow.joints.detection.grey_changes import change_grey
from sharpflow.joints.detection.mixed_precision import predict_in_bfloat16
from sharpflow.joints.detection.schedule import is_validated, rate_factor
from sharpflow.training.time_limit import Deadline, OutOfTime

log = logging.getLogger(__name__)

# Share of the run that the average spans whose weights are kept (ours; ultralytics' own spans 10000
# steps, too many for a short run).
AVERAGE = 0.02
STARTS_AGAIN = (
    "The detector cannot resume: run again, it starts from its beginning. Was its time too short, "
    "raise the runtime of train_detector in the profile."
)


class OnBlack(RandomPerspective):  # type: ignore[misc]
    """ultralytics' rotations, shifts and scales, with black in place of grey about the image."""

    def apply_image(
        self, labels: dict[str, Any], params: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Warp the image, whose new parts are black."""
        assert params is not None
        matrix, size = params["M"][:2], params["size"]
        labels["img"] = cv2.warpAffine(labels["img"], matrix, dsize=size)
        labels["resized_shape"] = labels["img"].shape[:2]
        return labels


def move_on_black(transforms: Any) -> None:
    """Let what moves images in ultralytics' nested transforms do so on a black ground."""
    for part in transforms.transforms:
        if isinstance(part, Compose):
            move_on_black(part)
        elif isinstance(part, RandomPerspective):
            part.__class__ = OnBlack


def _in_channels_last(images: torch.Tensor) -> torch.Tensor:
    return images.contiguous(memory_format=torch.channels_last)


class DetectorTrainer(DetectionTrainer):  # type: ignore[misc]
    """Trains a detector.

    Attributes:
        history: a row an epoch: epoch (from 1), learning_rate, losses, and of validated epochs the
            metrics.
        kept: the network that did best on validation radiographs, of averaged weights.
        seen: metrics of the epoch that runs; none where it is not validated.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        steps: int,
        bfloat16: bool,
        deadline: Deadline,
        grey_changes: float = 0.0,
    ) -> None:
        """Prepare a training.

        Args:
            settings: ultralytics' own.
            steps: batches of the whole run.
            bfloat16: whether to multiply in bfloat16 while the network learns.
            deadline: by which the run must have ended.
            grey_changes: share of the views whose grey values are changed at random; above 0
                turned and moved views have a black ground, as detection sees it.
        """
        self._grey_changes = grey_changes  # first, since the dataset is built by the next call
        super().__init__(overrides=dict(settings))
        self.history: list[dict[str, Any]] = []
        self.kept: Any = None
        self.seen: dict[str, Any] = {}
        self._steps, self._bfloat16, self._deadline = steps, bfloat16, deadline
        self._began = self._fastest = math.inf  # of an epoch
        self.add_callback("on_train_epoch_start", DetectorTrainer.plan_epoch)

    def plan_epoch(self) -> None:
        """Decide, before an epoch, whether it is validated; give up where time is too short."""
        self._check_time()
        self.args.val = is_validated(self.epoch, self.epochs)
        self.seen = {}
        self.fitness = None

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Any:
        """The radiographs of a split, augmented where they train."""
        dataset = super().build_dataset(img_path, mode, batch)
        if mode == "train" and self._grey_changes:
            move_on_black(dataset.transforms)
        return dataset

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A training batch, its grey values changed."""
        batch = self._plain_batch(batch)
        if self._grey_changes:
            batch["img"] = _in_channels_last(change_grey(batch["img"], self._grey_changes))
        return batch

    def _plain_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch whose images lie in memory as the network's convolutions want them."""
        batch = super().preprocess_batch(batch)
        batch["img"] = _in_channels_last(batch["img"])
        return batch

    def validate(self) -> tuple[Any, Any]:
        """Validate the averaged weights with batch norms that fit them."""
        measure_statistics(self.ema.ema, self._plain_images())
        metrics, fitness = super().validate()
        self.seen = {key: value for key, value in metrics.items() if key.startswith("metrics/")}
        return metrics, fitness

    def save_model(self) -> bool:
        """Keep the network if it was validated and did best so far."""
        if not self.seen:
            return False  # else one that was not validated would be written each epoch
        if self.fitness == self.best_fitness:
            self.kept = deepcopy(self.ema.ema)  # as validated; ultralytics' file is in float16
        return bool(super().save_model())

    def save_metrics(self, metrics: dict[str, Any]) -> None:
        """Add the epoch's row to the history."""
        row = {"epoch": self.epoch + 1, "learning_rate": self.lr["lr/pg0"]}
        row |= {key: float(value) for key, value in self.tloss.items()}
        row |= {
            key.removeprefix("metrics/").removesuffix("(B)"): float(value)
            for key, value in self.seen.items()
        }
        self.history.append(row)
        values = ", ".join(f"{key} {value:.4g}" for key, value in row.items() if key != "epoch")
        log.info("epoch %d of %d: %s", self.epoch + 1, self.epochs, values)

    def _setup_scheduler(self) -> None:
        self.lf = lambda epoch: rate_factor(epoch, self.epochs)
        self.scheduler = LambdaLR(self.optimizer, lr_lambda=self.lf)

    def _setup_train(self) -> None:
        super()._setup_train()
        memory = max(AVERAGE * self._steps, 1.0)
        self.model.to(memory_format=torch.channels_last)  # a quarter faster on CPUs too
        self.ema = ModelEMA(self.model, decay=math.exp(-1 / memory), tau=memory)
        if self._bfloat16:  # after the average was copied, which predicts in float32
            predict_in_bfloat16(self.model, self.device.type)

    def _plain_images(self) -> Iterator[torch.Tensor]:
        """The training images as detection will see them, without augmentation, in batches."""
        radiographs = copy(self.train_loader.dataset)
        radiographs.augment = False
        radiographs.transforms = radiographs.build_transforms(self.args)
        for batch in DataLoader(radiographs, self.batch_size, collate_fn=radiographs.collate_fn):
            yield self._plain_batch(batch)["img"]

    def _check_time(self) -> None:
        """Give up where the run can't end in time: the next attempt may have more of it."""
        now = time.monotonic()
        self._fastest = min(self._fastest, now - self._began) if self.epoch else math.inf
        self._began = now
        needed = self._fastest * (self.epochs - self.epoch)
        if math.isfinite(needed) and needed > self._deadline.left():
            raise OutOfTime(
                f"The detector: {self.epoch} of {self.epochs} epochs are done; the others need "
                f"at least {needed / 60:.0f} minutes, the job has "
                f"{self._deadline.left() / 60:.0f}. {STARTS_AGAIN}"
            )
