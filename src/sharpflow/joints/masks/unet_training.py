"""Training of the U-Net on entropy masks (Tan et al., 2.3.2)."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.errors import UserError
from sharpflow.imaging.shards import ImageStack
from sharpflow.joints.masks.unet import build_unet
from sharpflow.joints.masks.unet_prediction import (
    as_input,
    predict_probabilities,
    resize_for_unet,
    resize_masks_for_unet,
)
from sharpflow.seeds import seed_for
from sharpflow.training.batch_norms import BatchNorms
from sharpflow.training.epochs import train_epochs

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

Image = npt.NDArray[np.uint8]

# Training images from which the statistics of the batch norms are computed after each epoch.
STATISTICS_IMAGES = 64


@dataclass(frozen=True)
class UNetSettings:
    """How a U-Net is built and trained.

    Attributes:
        height: of the network's input, pixels; a multiple of 4.
        width: likewise.
        filters: at full resolution; it doubles at each of the two lower ones (ours).
        kernels: sizes of the multi-scale blocks' filters, odd (ours).
        epochs: at most (paper: 200).
        batch: images a step (paper: 16).
        learning_rate: of Adam (paper: 1e-4).
        patience: epochs without a lower validation loss after which training stops. Early stopping
            is the paper's, the patience ours.
        flip: mirror half of the images at random, as some radiographs are mirrored (ours).
        brightness: grey values are multiplied by 1 - brightness to 1 + brightness (ours).
    """

    height: int
    width: int
    filters: int
    kernels: Sequence[int]
    epochs: int
    batch: int
    learning_rate: float
    patience: int
    flip: bool
    brightness: float


class MaskedImages(NamedTuple):
    """Images and their masks (0/255) at the network's size, both uint8 (n, height, width)."""

    images: Image
    masks: Image


def choose_training_data(
    radiographs: ImageStack,
    masks: ImageStack,
    rows: pd.DataFrame,
    *,
    split: str,
    height: int,
    width: int,
) -> MaskedImages:
    """Take the chosen masks of one split and their radiographs, at the network's size.

    Args:
        radiographs: standardized images.
        masks: their entropy masks (0/255), same rows in the same order.
        rows: split and chosen (bool) of each image, in order.
        split: "train" or "validation".
        height: of the network's input, pixels.
        width: likewise.
    """
    numbers = np.flatnonzero((rows["split"] == split) & rows["chosen"])
    return MaskedImages(
        resize_for_unet(radiographs.take(numbers), height, width),
        resize_masks_for_unet(masks.take(numbers), height, width),
    )


def train_unet(
    training: MaskedImages,
    validation: MaskedImages,
    *,
    body_part: BodyPart,
    settings: UNetSettings,
    seed: int,
    checkpoints: Path | None = None,
    time_budget: float | None = None,
) -> tuple["keras.Model", pd.DataFrame]:
    """Train the U-Net of one body part by binary cross-entropy with Adam.

    Before each validation the batch norms get the statistics of up to 64 training images as they
    are (see `batch_norms`; ours). After each epoch the state is written to `checkpoints`, and a
    training that was stopped goes on from there to the same weights.

    Args:
        training: of training patients, at the size that the settings give.
        validation: of validation patients.
        body_part: decides the seed and what messages say.
        settings: of network and training.
        seed: the study's.
        checkpoints: folder of these settings and data alone; None keeps no state.
        time_budget: seconds from the call until the job ends; None: no limit.

    Returns:
        The model with the weights of the least validation loss, and one row an epoch: epoch (from
        1), learning_rate, loss, validation_loss and validation_dice (mean over images).

    Raises:
        UserError: there is nothing to train or to validate on.
        OutOfTime: the next epoch would not fit into the time.

    Source: Tan et al., 2.3.2.
    """
    import keras

    for name, stack in (("training", training), ("validation", validation)):
        if len(stack.images) == 0:
            raise UserError(
                f"U-Net of the {body_part}: no chosen mask among the {name} patients. Lower the "
                "threshold of mask quality, or mark good masks in the table of overrules."
            )
    _make_deterministic(seed_for(seed, "unet", body_part))
    model = build_unet(
        settings.height, settings.width, filters=settings.filters, kernels=settings.kernels
    )
    # Compiling with XLA costs more than it saves at these sizes.
    adam = keras.optimizers.Adam(settings.learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", jit_compile=False)
    log.info(
        "U-Net of the %s: %d radiographs, %d to validate",
        body_part,
        len(training.images),
        len(validation.images),
    )
    images, batch = training.images, settings.batch
    seen = as_input(validation.images), as_input(validation.masks)
    most = min(len(images), STATISTICS_IMAGES)
    known = images[np.linspace(0, len(images), most, endpoint=False, dtype=int)]
    norms = BatchNorms(model)

    def batches(_: int, random: np.random.Generator) -> Iterator[tuple[Any, Any]]:
        # Batches of one shape: the last is filled up from the first, else the network is compiled
        # twice.
        order = random.permutation(len(images))
        order = np.resize(order, -(-len(order) // batch) * batch)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            yield _augment(
                images[chosen],
                training.masks[chosen],
                random,
                flip=settings.flip,
                brightness=settings.brightness,
            )

    def validate() -> dict[str, float]:
        starts = range(0, len(known), batch)
        norms.recompute(as_input(known[s : s + batch]) for s in starts)
        return _validate(model, *seen, batch)

    history = train_epochs(
        model,
        batches,
        validate,
        epochs=settings.epochs,
        seed=seed_for(seed, "unet", body_part),
        monitor="validation_loss",
        patience=settings.patience,
        name=f"U-Net of the {body_part}",
        checkpoints=checkpoints,
        time_budget=time_budget,
    )
    return model, history


def _make_deterministic(seed: int) -> None:
    """Same seed, same weights, whatever the backend."""
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)


def _augment(
    images: Image, masks: Image, random: np.random.Generator, *, flip: bool, brightness: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Inputs and targets of one batch."""
    inputs, targets = as_input(images), as_input(masks)
    if flip:
        mirrored = random.random(len(images)) < 0.5
        inputs[mirrored] = inputs[mirrored, :, ::-1]
        targets[mirrored] = targets[mirrored, :, ::-1]
    if brightness:
        factor = random.uniform(1 - brightness, 1 + brightness, (len(images), 1, 1, 1))
        inputs = np.clip(inputs * factor.astype(np.float32), 0, 1)
    return inputs, targets


def _validate(
    model: Any, inputs: npt.NDArray[np.float32], targets: npt.NDArray[np.float32], batch: int
) -> dict[str, float]:
    """Mean binary cross-entropy, and Dice at a threshold of 0.5 as the mean over the images."""
    probability = predict_probabilities(model, inputs, batch).astype(np.float64)
    probability = np.clip(probability, 1e-7, 1 - 1e-7)
    entropy = -np.where(targets > 0.5, np.log(probability), np.log1p(-probability))
    each = (1, 2, 3)
    found, true = probability >= 0.5, targets > 0.5
    sizes = np.maximum(found.sum(each) + true.sum(each), 1)
    dice = 2 * (found & true).sum(each) / sizes
    return {"loss": float(entropy.mean()), "dice": float(dice.mean())}
