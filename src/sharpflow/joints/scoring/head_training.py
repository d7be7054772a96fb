"""Training of one head on kept features (Tan et al., 2.4.5 to 2.4.7)."""

import logging
from collections.abc import Iterator
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


def train_head(
    features: Features,
    scores: npt.ArrayLike,
    validation_features: Features,
    validation_scores: npt.ArrayLike,
    *,
    classes: int,
    seed: int,
    epochs: int,
    batch: int,
    learning_rate: float,
    keep: Literal["best", "last"],
    averaged_share: float,
    dropout: float,
    checkpoints: Path | None = None,
    time_budget: float | None = None,
) -> tuple["keras.Model", pd.DataFrame, dict[str, float]]:
    """Train a head (n, 512) -> (n, classes) on training joints, zeros under-sampled.

    The paper: 250 epochs at 1e-4, binary cross-entropy on the ordinal bits, zeros under-sampled.
    Silent, ours: batch, Adam; `dropout`; that other zeros are sampled each epoch; and which weights
    are kept.
    With `keep` "best" they are those of least validation loss; with "last" their mean over the last
    `averaged_share` of the epochs (at least the last one). The validation loss weighs each score
    alike: by plain mean the many zeros, which training saw fewer of, would choose the first epoch.
    Before each validation, and for the weights that are kept, the batch norms get the exact
    statistics of under-sampled training joints, always the same; moving averages lag behind the
    weights, and made the scores of one study anything from chance to good by rounding alone.

    Gives the model, its history (epoch, learning_rate, loss, validation_loss), and the
    validation_loss of the model as it is kept. With `checkpoints`, a folder of this run alone, a
    stopped training goes on; OutOfTime when the next epoch would not fit into `time_budget` seconds
    from the call.
    """
    import keras

    keras.utils.set_random_seed(seed_for(seed, "head"))
    model = build_head(classes, dropout)
    model.compile(keras.optimizers.Adam(learning_rate), "binary_crossentropy")
    bits = encode(scores, classes)
    seen = validation_features, encode(validation_scores, classes), class_weights(validation_scores)
    norms = BatchNorms(model)
    known = features[undersample(scores, np.random.default_rng(seed_for(seed, "statistics")))]
    log.info("trains on %d of %d joints an epoch", len(known), len(features))

    def batches(_epoch: int, generator: np.random.Generator) -> Iterator[tuple[Features, ...]]:
        chosen = undersample(scores, generator)
        for rows in shuffled_batches(len(chosen), batch, generator):
            yield features[chosen[rows]], bits[chosen[rows]]

    def validate() -> dict[str, float]:
        norms.recompute([known])
        return {"loss": float(model.test_on_batch(*seen))}

    history = train_epochs(
        model,
        batches,
        validate,
        epochs=epochs,
        seed=seed,
        monitor="validation_loss",
        keep=keep,
        averaged=max(1, round(averaged_share * epochs)),
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
