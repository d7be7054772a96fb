"""Training of one experiment (Bo et al., 2.4 and 2.8)."""

import logging
import multiprocessing
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import lightning.pytorch as pl
import numpy as np
import numpy.typing as npt
import torch
from lightning.fabric.plugins.environments import LightningEnvironment

from sharpflow.errors import UserError
from sharpflow.files import write_table
from sharpflow.seeds import seed_for
from sharpflow.training.time_limit import Deadline, OutOfTime, resumes, tells_when_stopped
from sharpflow.training.torch_files import save_torch
from sharpflow.whole_image.data.batches import Images
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.networks.activation_checkpointing import recompute_blocks
from sharpflow.whole_image.networks.architectures import build_network, transfer_weights
from sharpflow.whole_image.networks.freezing import freeze
from sharpflow.whole_image.networks.layout import device_here, ready_network, wants_bfloat16
from sharpflow.whole_image.training.checkpoints import Progress
from sharpflow.whole_image.training.lightning_module import TrainingData, WholeImageModule
from sharpflow.whole_image.training.predictions import encode_targets
from sharpflow.whole_image.training.progress_bar import TerminalBar
from sharpflow.whole_image.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def train_network(
    experiment: NetworkExperiment,
    images: Images,
    targets: npt.ArrayLike,
    splits: npt.ArrayLike,
    statistics: Mapping[str, float],
    *,
    settings: TrainingSettings,
    out: str | Path,
    checkpoints: str | Path,
    seed: int,
    start: str | Path | None = None,
    threads: int | None = None,
    time_budget: float | None = None,
    terminal: TextIO | None = None,
) -> "pd.DataFrame":
    """Train an experiment; writes model.pt (the best epoch's weights) and history.csv to `out`.

    SGD (the paper names an initial rate and no schedule); the epoch of the least validation loss
    is kept, the first on a tie (the paper does not name its measure).
    Stopped at any moment, the next call goes on after the last whole epoch and ends with the same
    weights as a run that nobody stopped (on a CPU; a GPU's sums vary).

    Experiments of one network start from the same random weights, those that only the last layer
    has after a transfer included, so that they differ in nothing but what their names say (ours).

    Args:
        experiment: what to train.
        images: packed images (n, size, size) uint8.
        targets: totals in score points (for severity too, which bins them) or months, (n,).
        splits: "train", "validation" or "test" of each image, (n,).
        statistics: pixel_mean, pixel_sd, target_mean, target_sd of the training images.
        settings: how to train it.
        out: folder for model.pt and history.csv.
        checkpoints: folder for last.ckpt, of this run alone (named by all that decides it).
        seed: the study's.
        start: model.pt of the pretraining experiment, for an experiment that has one.
        threads: of torch on the CPU; None leaves torch's setting.
        time_budget: seconds from the call until this must have ended, by the longest epoch so far.
        terminal: where one device's training draws a progress bar; None: nowhere.

    Returns:
        A row an epoch: epoch, learning_rate (of its last step), loss (mean over batches),
        validation_loss, seconds (validation and checkpoint included), images_per_second (training
        images over the time that training alone took).

    Raises:
        OutOfTime: the next epoch would not fit; all whole epochs are kept, so a retry resumes.
        Stopped: the process was told to stop (SIGTERM), in the middle of an epoch; so too.
        UserError: no training or validation images, no weights to start from, weights or a
            checkpoint of another network, a batch that devices cannot share, a loss that is not
            a number.
    """
    deadline = Deadline(time_budget)
    _quiet_lightning()
    if threads is not None:
        torch.set_num_threads(threads)
    learned = encode_targets(experiment.task, targets, statistics)
    train, validation = _indices(experiment, splits, len(images), len(learned))
    network = build_network(
        experiment.network, experiment.outputs, seed_for(seed, experiment.network, "weights")
    )
    _start_from(experiment, network, start)
    devices = _devices(experiment, settings)
    module = WholeImageModule(
        experiment,
        _prepared(network, experiment, settings, devices),
        TrainingData(images, learned, train, validation, statistics),
        settings,
        path=Path(checkpoints) / "last.ckpt",
        seed=seed,
        compiled=_compiled(settings),
        deadline=deadline,
    )
    left = settings.epochs - len(module.progress.history)
    if left > 0 and module.progress.history and module.progress.latest is None:
        raise UserError(
            f"{module.progress.path} is of a training that ended after "
            f"{len(module.progress.history)} epochs, not {settings.epochs}; delete its folder."
        )
    if left > 0:
        trainer = _trainer(
            experiment,
            settings,
            epochs=left,
            devices=devices,
            folder=checkpoints,
            terminal=terminal,
        )
        with tells_when_stopped(lambda: _kept(experiment, module.progress.path, settings.epochs)):
            _fit(trainer, module)
    return _write_results(module.progress.path, Path(out))


def _devices(experiment: NetworkExperiment, settings: TrainingSettings) -> int:
    """How many devices share a batch; UserError when they are not there or cannot."""
    devices = _count_devices(experiment.batch) if settings.devices == "auto" else settings.devices
    if experiment.batch % devices:
        raise UserError(
            f"{experiment.name}: {devices} devices cannot share a batch of {experiment.batch}."
        )
    seen = torch.cuda.device_count()
    if torch.cuda.is_available() and devices > seen:
        raise UserError(
            f"{experiment.name}: `whole_image: devices` is {devices}, but this job sees {seen} "
            "GPU(s). Set it to auto or to as many as a machine has."
        )
    return devices


def _prepared(
    network: torch.nn.Module,
    experiment: NetworkExperiment,
    settings: TrainingSettings,
    devices: int,
) -> torch.nn.Module:
    """A network with its stages frozen, laid out for the hardware."""
    # Statistics of the whole batch; torch has it for GPUs only.
    if torch.cuda.is_available() and devices > 1:
        network = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
    freeze(network, experiment.freeze)
    if settings.activation_checkpointing:
        recompute_blocks(network)
    return ready_network(network, settings.channels_last)


def _compiled(settings: TrainingSettings) -> bool:
    if settings.compile == "auto":
        return torch.cuda.is_available() and not settings.activation_checkpointing
    return settings.compile


def _trainer(
    experiment: NetworkExperiment,
    settings: TrainingSettings,
    *,
    epochs: int,
    devices: int,
    folder: str | Path,
    terminal: TextIO | None,
) -> pl.Trainer:
    """A trainer for so many epochs that keeps and prints nothing by itself."""
    on_gpu = torch.cuda.is_available()
    device = device_here()
    bfloat16 = wants_bfloat16(experiment, settings.precision, device)
    return pl.Trainer(
        accelerator=device,
        devices=devices,
        strategy="ddp_spawn" if devices > 1 else "auto",
        precision="bf16-mixed" if bfloat16 else "32-true",
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        callbacks=[TerminalBar(terminal)] if terminal and devices == 1 else [],
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        benchmark=on_gpu,
        default_root_dir=folder,
        # Else Lightning would take a Slurm job for one of its own: count its tasks, keep
        # SIGTERM from us, and requeue the job by itself.
        plugins=[LightningEnvironment()],
    )


def _count_devices(batch: int) -> int:
    """GPUs that this process sees, so many that they share a batch evenly; at least 1."""
    seen = max(1, torch.cuda.device_count())
    return max(count for count in range(1, seen + 1) if batch % count == 0)


def _fit(trainer: pl.Trainer, module: WholeImageModule) -> None:
    """Train; errors of other processes become the ones they were, and none is left behind."""
    try:
        trainer.fit(module)
    except torch.multiprocessing.ProcessRaisedException as error:
        # The other process gives its traceback as text, which ends in "sharpflow...: message".
        found = re.search(r"(?ms)^sharpflow\.[\w.]+\.(\w+): (.*)\Z", str(error))
        if found is None:
            raise
        kind = OutOfTime if found[1] == OutOfTime.__name__ else UserError
        raise kind(found[2].strip()) from error
    finally:
        for process in multiprocessing.active_children():
            process.terminate()


def _kept(experiment: NetworkExperiment, checkpoint: Path, epochs: int) -> str:
    """What a stopped training has kept; read from the file, since processes may differ."""
    return resumes(experiment.name, len(Progress(checkpoint).history), epochs)


def _indices(
    experiment: NetworkExperiment, splits: npt.ArrayLike, images: int, targets: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    names = np.asarray(splits)
    if not len(names) == images == targets:
        raise ValueError(f"{images} images, {targets} targets, {len(names)} splits")
    train = np.flatnonzero(names == "train")
    validation = np.flatnonzero(names == "validation")
    if len(train) < 2 or not len(validation):
        raise UserError(
            f"{experiment.name}: {len(train)} images to train on and {len(validation)} to validate "
            "on; expected at least 2 and 1. Give the cohort more images or larger shares."
        )
    return train, validation


def _start_from(
    experiment: NetworkExperiment, network: torch.nn.Module, start: str | Path | None
) -> None:
    if (experiment.start is None) != (start is None):
        wanted = (
            f"starts from {experiment.start}" if experiment.start else "starts from random weights"
        )
        raise UserError(f"{experiment.name} {wanted}, but the weights given are {start}.")
    if start is not None:
        transfer_weights(network, torch.load(start, map_location="cpu", weights_only=True))


def _write_results(checkpoint: Path, out: Path) -> "pd.DataFrame":
    """Write the best epoch's weights and the history; from the file, since processes may differ."""
    progress = Progress(checkpoint)
    best = {name: value.contiguous() for name, value in progress.best.items()}
    save_torch(best, out / "model.pt")
    history = progress.table()
    write_table(history, out / "history.csv")
    return history


def _quiet_lightning() -> None:
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
