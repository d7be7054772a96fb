"""Training of one head on kept features (Tan et al., 2.4.5 to 2.4.7)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.joints.scoring.ordinal import decode, encode
from sharpflow.joints.scoring.undersampling import undersample
from sharpflow.joints.scoring.vgg16 import build_head
from sharpflow.seeds import seed_for
from sharpflow.training.batch_norms import BatchNorms
from sharpflow.training.epochs import train_epochs

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

Features = npt.NDArray[np.float32]
# An epoch takes a tenth of a second, and its state is 5 MB: after each it would be gigabytes.
CHECKPOINT_SECONDS = 5.0


@dataclass(frozen=True)
class HeadSettings:
    """How a head is trained.

    Attributes:
        epochs: paper: 250.
        batch: joints a step (ours; the paper is silent).
        learning_rate: of Adam (paper: 1e-4; it does not name the optimizer).
        keep: "best" keeps the weights of the least validation loss, "last" the mean of the last
            epochs' (ours).
        averaged_share: of the epochs over which "last" takes the mean, at least one of them (ours).
        dropout: share of each hidden layer's units that a step leaves out, in [0, 1) (ours).
        seeds: trainings of each head, which differ in their random numbers alone (ours).
    """

    epochs: int
    batch: int
    learning_rate: float
    keep: Literal["best", "last"]
    averaged_share: float
    dropout: float
    seeds: int = 1


def train_head(
    features: Features,
    scores: npt.ArrayLike,
    validation_features: Features,
    validation_scores: npt.ArrayLike,
    *,
    classes: int,
    settings: HeadSettings,
    seed: int,
    validates: bool = True,
    checkpoints: Path | None = None,
    time_budget: float | None = None,
) -> tuple["keras.Model", pd.DataFrame, dict[str, float]]:
    """Train a head (n, 512) -> (n, classes) by binary cross-entropy on the ordinal bits.

    Zeros are under-sampled, as in the paper; ours: other ones each epoch. The validation loss
    weighs each score alike: by plain mean the many zeros, which training saw fewer of, would choose
    the first epoch. Before each validation, and for the weights that are kept, the batch norms get
    the exact statistics of under-sampled training joints, always the same; moving averages lag
    behind the weights, and made the scores of one study anything from chance to good by rounding
    alone.

    Args:
        features: of training joints, (n, 512).
        scores: theirs, (n,) in 0 to classes - 1.
        validation_features: of validation joints, (m, 512).
        validation_scores: theirs, (m,).
        classes: number of scores.
        settings: of the training; `seeds` is for the caller.
        seed: decides weights, order, dropout and which zeros are sampled.
        validates: whether the history has each epoch's validation_loss; the weights of
            `keep: last` are the same without, and those of `keep: best` are not chosen without.
        checkpoints: folder of this run alone, from which a stopped training goes on; None keeps no
            state.
        time_budget: seconds from the call until the job ends; None: no limit.

    Returns:
        The model; its history: epoch, learning_rate, loss, validation_loss; and the validation_loss
        of the model as it is kept.

    Raises:
        OutOfTime: the next epoch would not fit into the time.

    Source: Tan et al., 2.4.5 to 2.4.7.
    """
    import keras

    keras.utils.set_random_seed(seed_for(seed, "head"))
    model = build_head(classes, settings.dropout)
    model.compile(keras.optimizers.Adam(settings.learning_rate), "binary_crossentropy")
    bits = encode(scores, classes)
    seen = validation_features, encode(validation_scores, classes), class_weights(validation_scores)
    norms = BatchNorms(model)
    known = features[undersample(scores, np.random.default_rng(seed_for(seed, "statistics")))]
    log.info("trains on %d of %d joints an epoch", len(known), len(features))

    def batches(_epoch: int, generator: np.random.Generator) -> Iterator[tuple[Features, ...]]:
        chosen = undersample(scores, generator)
        for rows in shuffled_batches(len(chosen), settings.batch, generator):
            yield features[chosen[rows]], bits[chosen[rows]]

    def validate() -> dict[str, float]:
        norms.recompute([known])
        return {"loss": float(model.test_on_batch(*seen))}

    each_epoch = validate if validates or settings.keep == "best" else None
    history = train_epochs(
        model,
        batches,
        each_epoch,
        epochs=settings.epochs,
        seed=seed,
        monitor="validation_loss" if each_epoch else "loss",
        keep=settings.keep,
        averaged=max(1, round(settings.averaged_share * settings.epochs)),
        name="head",
        checkpoints=checkpoints,
        checkpoint_seconds=CHECKPOINT_SECONDS,
        time_budget=time_budget,
        compiled=True,
    )
    return model, history, {"validation_loss": validate()["loss"]}


def shuffled_batches(
    n: int, batch: int, generator: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Indices in random order, in whole batches: each time others of up to batch - 1 are left out.

    Fewer than `batch` make one batch.
    """
    batch = min(batch, n)
    yield from generator.permutation(n)[: n // batch * batch].reshape(-1, batch)


def class_weights(scores: npt.ArrayLike) -> Features:
    """Weights (n,) of mean 1 by which each score that occurs weighs the same in all."""
    _, place, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    return np.asarray((len(place) / len(counts) / counts)[place], dtype=np.float32)


def predict_scores(model: "keras.Model", features: Features) -> npt.NDArray[np.int64]:
    """Scores (n,) from features (n, 512)."""
    return decode(np.asarray(model.predict(features, batch_size=1024, verbose=0)))
