"""Training of the U-Net on entropy masks (Tan et al., 2.3.2)."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.errors import UserError
from sharpflow.files import atomic_write
from sharpflow.joints.masks.unet import build_unet
from sharpflow.joints.masks.unet_prediction import as_input, predict_probabilities
from sharpflow.seeds import seed_for
from sharpflow.training.batch_norms import BatchNorms
from sharpflow.training.epochs import train_epochs

log = logging.getLogger(__name__)

Image = npt.NDArray[np.uint8]

# Training images from which the statistics of the batch norms are computed after each epoch.
STATISTICS_IMAGES = 64


def train_unet(
    images: Image,
    masks: Image,
    validation_images: Image,
    validation_masks: Image,
    *,
    body_part: BodyPart,
    filters: int,
    kernels: Sequence[int],
    epochs: int,
    batch: int,
    learning_rate: float,
    patience: int,
    flip: bool,
    brightness: float,
    seed: int,
    folder: Path,
    checkpoints: Path | None = None,
    time_budget: float | None = None,
) -> pd.DataFrame:
    """Train the U-Net of one body part and keep its best weights in `folder`/model.keras.

    `images` and `masks` (0/255) are uint8 (n, height, width) at the network's size, of training
    patients; the validation ones are of validation patients. Binary cross-entropy, Adam, its
    `learning_rate` (1e-4), `batch` (16) and `epochs` (200) are the paper's. Training stops after
    `patience` epochs without a lower validation loss: early stopping is the paper's, the patience
    ours. Ours too: mirroring half of the images at random (`flip`, as some radiographs are
    mirrored) and multiplying grey values by 1 - `brightness` to 1 + `brightness`.

    Before each validation the batch norms get the statistics of up to 64 training images as they
    are (see `batch_norms`; ours). After each epoch the state is written to `checkpoints`, and a
    training that was stopped goes on from there to the same weights. The folder must belong to
    these settings and data alone. `time_budget` is seconds from the call until the job ends, None
    without a limit.

    Returns one row an epoch: epoch (from 1), learning_rate, loss, validation_loss and
    validation_dice (mean over images). Raises UserError when there is nothing to train or
    validate on, OutOfTime when the next epoch would not fit into the time.
    """
    import keras

    for name, stack in (("training", images), ("validation", validation_images)):
        if len(stack) == 0:
            raise UserError(
                f"U-Net of the {body_part}: no chosen mask among the {name} patients. Lower the "
                "threshold of mask quality, or mark good masks in the table of overrules."
            )
    _make_deterministic(seed_for(seed, "unet", body_part))
    model = build_unet(*images.shape[1:], filters=filters, kernels=kernels)
    # Compiling with XLA costs more than it saves at these sizes.
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", jit_compile=False)
    log.info(
        "U-Net of the %s: %d radiographs, %d to validate",
        body_part,
        len(images),
        len(validation_images),
    )
    validation = as_input(validation_images), as_input(validation_masks)
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
            yield _augment(images[chosen], masks[chosen], random, flip=flip, brightness=brightness)

    def validate() -> dict[str, float]:
        starts = range(0, len(known), batch)
        norms.recompute(as_input(known[s : s + batch]) for s in starts)
        return _validate(model, *validation, batch)

    history = train_epochs(
        model,
        batches,
        validate,
        epochs=epochs,
        seed=seed_for(seed, "unet", body_part),
        monitor="validation_loss",
        patience=patience,
        name=f"U-Net of the {body_part}",
        checkpoints=checkpoints,
        time_budget=time_budget,
    )
    with atomic_write(folder / "model.keras") as temporary:
        model.save(temporary)
    return history


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
