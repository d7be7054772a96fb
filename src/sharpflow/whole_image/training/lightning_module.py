"""One training as Lightning sees it."""

import logging
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from sharpflow.errors import UserError
from sharpflow.seeds import seed_for
from sharpflow.training.time_limit import Deadline, obey_sigterm, out_of_time
from sharpflow.whole_image.data.augmentation import augment, normalise
from sharpflow.whole_image.data.batches import Batches, Images, Indices, epoch_order, full_batches
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.networks.layout import full_float32
from sharpflow.whole_image.training.checkpoints import Progress
from sharpflow.whole_image.training.losses import LOSSES
from sharpflow.whole_image.training.settings import TrainingSettings

log = logging.getLogger(__name__)
VALIDATION_BATCH = 32
RISING = 0.1  # share of a run with the schedule "cosine"


@dataclass(frozen=True)
class TrainingData:
    """What one training sees.

    Attributes:
        images: packed images (n, size, size) uint8.
        targets: as the loss wants them, (n,).
        train: indices of the images to train on.
        validation: indices of the images to validate on.
        statistics: pixel_mean and pixel_sd of the training images, of pixels in [0, 1].
    """

    images: Images
    targets: npt.NDArray[Any]
    train: Indices
    validation: Indices
    statistics: Mapping[str, float]


def rate_factor(schedule: Literal["constant", "cosine"], step: int, steps: int) -> float:
    """Share of the learning rate at a step of the run, counted from 0.

    "cosine" rises over the first tenth of the run, which tames the first batches of a ResNet-50
    (they diverge at the full rate), and then falls to near 0 by half a cosine (ours).
    """
    if schedule == "constant":
        return 1.0
    rising = max(1, round(RISING * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising + 1) / (steps - rising + 1)))


class WholeImageModule(pl.LightningModule):  # type: ignore[misc]
    """Network, data and loss of one experiment; keeps its own checkpoint after each epoch.

    Lightning counts the epochs of this process from 0; `self.progress` counts those of the run.
    All that is random in an epoch comes from seeds of the experiment's name and the epoch.
    """

    def __init__(
        self,
        experiment: NetworkExperiment,
        network: nn.Module,
        data: TrainingData,
        settings: TrainingSettings,
        *,
        path: Path,
        seed: int,
        compiled: bool,
        deadline: Deadline,
    ) -> None:
        """Take up the checkpoint at `path`.

        Args:
            experiment: what is trained.
            network: laid out for the hardware, its frozen stages frozen.
            data: what it sees.
            settings: how it is trained.
            path: of the checkpoint.
            seed: the study's.
            compiled: whether the network runs through torch.compile.
            deadline: when the training must have ended.
        """
        super().__init__()
        self.experiment, self.network = experiment, network
        self.data, self.settings = data, settings
        self.seed, self.deadline = seed, deadline
        self.pixels = {name: data.statistics[name] for name in ("pixel_mean", "pixel_sd")}
        self.loss = LOSSES[experiment.loss]
        self.progress = Progress(path)
        self.progress.load_weights(network)
        self.compiled = compiled
        self.run_network: list[Any] = [network]
        self.outputs: list[torch.Tensor] = []

    def on_train_start(self) -> None:
        """Set up this process, which for several devices is a new one.

        Lightning has just taken SIGTERM; it would wait for the other devices, perhaps for ever.
        """
        obey_sigterm()
        if self.trainer.world_size > 1:
            logging.basicConfig(
                stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s"
            )
        if self.compiled:
            self.run_network = [torch.compile(self.network)]

    @property
    def epoch(self) -> int:
        """The epoch that runs, counted from 1 over all processes of the run."""
        return len(self.progress.history) + 1

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimizer of what is not frozen, with the momenta of the checkpoint."""
        settings = self.settings
        trainable = [weight for weight in self.network.parameters() if weight.requires_grad]
        same = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay, "fused": True}
        optimizer: torch.optim.Optimizer
        if settings.optimizer == "SGD":
            optimizer = torch.optim.SGD(trainable, momentum=settings.momentum, **same)
        else:
            optimizer = torch.optim.AdamW(trainable, betas=(settings.momentum, 0.999), **same)
        if self.progress.latest is not None:
            optimizer.load_state_dict(self.progress.latest["optimizer"])
        return optimizer

    def train_dataloader(self) -> "_EpochBatches":
        """Batches of training images, in another order each epoch."""
        return _EpochBatches(self)

    def val_dataloader(self) -> Batches:
        """Validation images in large batches, in order."""
        validation = self.data.validation
        cuts = range(VALIDATION_BATCH, len(validation), VALIDATION_BATCH)
        return self._batches(np.split(validation, cuts))

    def _batches(self, batches: Any) -> Batches:
        targets = torch.from_numpy(self.data.targets)
        return Batches(self.data.images, targets, batches, pin=torch.cuda.is_available())

    def epoch_batches(self) -> Batches:
        """The batches of the epoch that runs; devices share each of them."""
        seed = seed_for(self.seed, self.experiment.name, "order", self.epoch)
        train = self.data.train
        order = epoch_order(
            self.data.targets[train], np.random.default_rng(seed), self.experiment.sampling
        )
        batches = full_batches(train[order], self.experiment.batch)
        return self._batches(batches[:, self.global_rank :: self.trainer.world_size])

    def steps(self) -> int:
        """Batches an epoch."""
        return len(full_batches(self.data.train, self.experiment.batch))

    def on_train_epoch_start(self) -> None:
        """Seed all that is random in this epoch."""
        self.began = time.monotonic()
        names = (self.experiment.name, self.epoch, self.global_rank)
        self.generator = torch.Generator().manual_seed(seed_for(self.seed, "augment", *names))
        torch.manual_seed(seed_for(self.seed, "dropout", *names))
        self.network.train()
        self.loss_sum = torch.zeros((), device=self.device)

    def on_train_batch_start(self, _batch: Any, index: int) -> None:
        """Set this step's learning rate."""
        step = (self.epoch - 1) * self.steps() + index
        steps = self.settings.epochs * self.steps()
        factor = rate_factor(self.settings.schedule, step, steps)
        self.rate = self.settings.learning_rate * factor
        for group in self.optimizers(use_pl_optimizer=False).param_groups:  # type: ignore[union-attr]
            group["lr"] = self.rate

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _index: int) -> torch.Tensor:
        """Loss of one batch, augmented on the device."""
        images, targets = batch
        settings = self.settings
        x = augment(
            images,
            self.generator,
            rotations=settings.rotations,
            jitter=settings.jitter,
            **self.pixels,
        )
        loss = self.loss(self.run_network[0](x).float(), targets)
        self.loss_sum += loss.detach()
        return loss

    def on_validation_epoch_start(self) -> None:
        """Stop the clock of training."""
        shared = self.trainer.strategy.reduce(self.loss_sum, reduce_op="mean")  # over devices
        self.loss_mean = shared.item() / self.steps()
        self.trained = time.monotonic()
        self.outputs.clear()

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], _index: int) -> None:
        """Keep the outputs, of float32 as all predictions; the loss is one of all images."""
        with full_float32(self.device.type):
            self.outputs.append(self.network(normalise(batch[0], **self.pixels)).cpu())

    def on_train_epoch_end(self) -> None:
        """Note the epoch, keep the checkpoint, and stop if the next epoch would not fit."""
        targets = torch.from_numpy(self.data.targets[self.data.validation])
        validation_loss = float(self.loss(torch.cat(self.outputs), targets))
        if not (math.isfinite(self.loss_mean) and math.isfinite(validation_loss)):
            raise UserError(
                f"{self.experiment.name}: training diverged in epoch {self.epoch} (loss "
                f"{self.loss_mean}, validation {validation_loss}); a lower learning rate may help."
            )
        row = {
            "epoch": self.epoch,
            "learning_rate": self.rate,
            "loss": self.loss_mean,
            "validation_loss": validation_loss,
            "seconds": time.monotonic() - self.began,
            "images_per_second": self.steps()
            * min(self.experiment.batch, len(self.data.train))
            / (self.trained - self.began),
        }
        self._keep(row)
        late = self.deadline.too_near_for(self.progress.longest_epoch())
        if self.trainer.strategy.broadcast(late) and self.epoch <= self.settings.epochs:
            raise out_of_time(self.experiment.name, self.epoch - 1, self.settings.epochs)

    def _keep(self, row: dict[str, float]) -> None:
        if self.global_rank == 0:
            log.info(
                "%s: %s", self.experiment.name, ", ".join(f"{k} {v:.5g}" for k, v in row.items())
            )
            optimizer: Any = self.optimizers(use_pl_optimizer=False)
            self.progress.add(row, self.network, optimizer, last=self.epoch == self.settings.epochs)
        else:
            self.progress.history.append(row)


class _EpochBatches:
    """What Lightning iterates over: asks for the epoch's batches when an epoch begins."""

    def __init__(self, module: WholeImageModule) -> None:
        self._module = module

    def __len__(self) -> int:
        return self._module.steps()

    def __iter__(self) -> Any:
        return iter(self._module.epoch_batches())
