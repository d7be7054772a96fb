"""VGG16's base trained on synthetic joints, for runs without pretrained weights.

Frozen random convolutions would give features that mean nothing, so without ImageNet's weights the
base first learns to read the scores of synthetic joints, which no cohort holds. One base serves
hands and feet, erosion and narrowing: a linear output a task on shared features, ordinal bits,
binary cross-entropy. None of this is in the paper; the tables say which base was used.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import MODELS, n_classes
from sharpflow.hardware import Precision, keras_uses_bfloat16
from sharpflow.joints.scoring.features import network_input
from sharpflow.joints.scoring.normalized_vgg16 import build_normalized_vgg16, fold
from sharpflow.joints.scoring.ordinal import decode, encode
from sharpflow.joints.scoring.vgg16 import build_base
from sharpflow.seeds import seed_for
from sharpflow.training.batch_norms import BatchNorms
from sharpflow.training.epochs import train_epochs

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

Crops = npt.NDArray[np.uint8]
UNKNOWN = -1.0  # a bit that this joint does not have
DROPOUT = 0.2  # of the features
# Training crops of an epoch from which the statistics of its batch norms are computed.
STATISTICS_CROPS, STATISTICS_BATCH = 2048, 128
# Columns of the targets: a model's bits without the first, which is always 1.
BITS: dict[str, slice] = {}
for _model, (_damage, _body_part) in MODELS.items():
    _start = max((bits.stop for bits in BITS.values()), default=0)
    BITS[_model] = slice(_start, _start + n_classes(_body_part, _damage) - 1)
ALL_BITS = max(bits.stop for bits in BITS.values())


def targets_of(scores: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Bits of all four models, (n, 23) float32, -1 where a joint has no such score.

    `scores` has body_part, erosion, narrowing; the latter two may be missing values (the thumb's
    IP has no narrowing).
    """
    targets = np.full((len(scores), ALL_BITS), UNKNOWN, np.float32)
    for model, bits in BITS.items():
        damage, body_part = MODELS[model]
        rows = np.flatnonzero(
            (scores["body_part"] == body_part.value) & scores[damage.value].notna()
        )
        known = scores[damage.value].iloc[rows].to_numpy(np.int64)
        targets[rows, bits] = encode(known, n_classes(body_part, damage))[:, 1:]
    return targets


def masked_loss(targets: Any, logits: Any) -> Any:
    """Binary cross-entropy over the known bits of each joint, (n,); each task weighs the same."""
    from keras import ops

    targets, logits = ops.convert_to_tensor(targets), ops.convert_to_tensor(logits)
    weights = np.zeros(ALL_BITS, np.float32)
    for bits in BITS.values():
        weights[bits] = 1 / (bits.stop - bits.start)
    known = ops.cast(ops.not_equal(targets, UNKNOWN), "float32") * ops.convert_to_tensor(weights)
    losses = ops.relu(logits) - logits * targets + ops.softplus(-ops.abs(logits))
    return ops.sum(known * losses, axis=-1)


@dataclass(frozen=True)
class BaseSettings:
    """How the base is trained; all ours.

    Attributes:
        validation: share of the synthetic joints that chooses the epoch.
        epochs: of the training.
        batch: joints a step.
        learning_rate: of Adam, warmed up over a tenth of the run and lowered to 0 along a cosine.
        precision: of the convolutions. "bfloat16" is nearly twice as fast where the processor has
            it in hardware (x86's AMX) and on GPUs that have it, which "auto" asks.
    """

    validation: float
    epochs: int
    batch: int
    learning_rate: float
    precision: Precision = "float32"


def train_base(
    make_crops: Callable[[np.random.Generator], Crops],
    scores: pd.DataFrame,
    validation_crops: Crops,
    validation_scores: pd.DataFrame,
    *,
    size: int,
    settings: BaseSettings,
    seed: int,
    checkpoints: Path | None = None,
    time_budget: float | None = None,
) -> tuple["keras.Model", pd.DataFrame]:
    """Train VGG16 whole on synthetic joints.

    The epoch of the least validation loss is kept. Before each validation the batch norms get the
    statistics of up to 2048 of the epoch's crops (see `batch_norms`). The base is in float32
    whatever the precision, and so is its validation.

    Args:
        make_crops: gives the training crops of one epoch, uint8 (n, size, size), in the order of
            `scores`: fresh boxes and exposure each time.
        scores: body_part, erosion, narrowing of the training joints.
        validation_crops: uint8 (m, size, size).
        validation_scores: theirs.
        size: height and width of the crops, pixels.
        settings: of the training; `validation` is for the caller.
        seed: the study's.
        checkpoints: folder of this run alone, from which a stopped training goes on; None keeps no
            state.
        time_budget: seconds from the call until the job ends; None: no limit.

    Returns:
        The frozen base, and the history: loss and, of the validation joints, the loss, and for each
        of the four tasks balanced accuracy and mean absolute error of the score.

    Raises:
        OutOfTime: the next epoch would not fit into the time.
    """
    import keras

    keras.utils.set_random_seed(seed_for(seed, "base"))
    network = build_normalized_vgg16(size, precision=_policy(settings.precision))
    bits = keras.layers.Dense(ALL_BITS, name="bits")
    model = keras.Model(network.input, bits(keras.layers.Dropout(DROPOUT)(network.output)))
    # What is kept, in float32: the folded base, and the outputs on its features.
    base = build_base(None, size)
    judged = keras.Model(base.input, bits(base.output))
    batch, epochs = settings.batch, settings.epochs
    steps = max(1, len(scores) // batch)
    # XLA's convolutions of a few positions are slow on processors.
    adam = keras.optimizers.Adam(_schedule(settings.learning_rate, steps * epochs))
    model.compile(adam, masked_loss, jit_compile=False)
    judged.compile(jit_compile=False)
    targets = targets_of(scores)
    seen, asked = network_input(validation_crops), targets_of(validation_scores)
    norms = BatchNorms(network)
    latest = validation_crops[:0]

    def batches(_epoch: int, generator: np.random.Generator) -> Iterator[tuple[Any, ...]]:
        nonlocal latest
        crops = make_crops(generator)
        order = generator.permutation(len(crops))
        latest = crops[order[:STATISTICS_CROPS]]
        for rows in order[: steps * batch].reshape(steps, -1):
            yield network_input(crops[rows]), targets[rows]

    def validate() -> Mapping[str, float]:
        starts = range(0, len(latest), STATISTICS_BATCH)
        parts = (latest[start : start + STATISTICS_BATCH] for start in starts)
        norms.recompute(map(network_input, parts))
        fold(network, base)
        logits = np.asarray(judged.predict(seen, batch_size=128, verbose=0))
        losses = keras.ops.convert_to_numpy(masked_loss(asked, logits))
        return {"loss": float(np.mean(losses))} | measures(logits, asked)

    history = train_epochs(
        model,
        batches,
        validate,
        epochs=epochs,
        seed=seed,
        monitor="validation_loss",
        name="VGG16's base",
        checkpoints=checkpoints,
        time_budget=time_budget,
    )
    fold(network, base)
    return base, history


def _policy(precision: Precision) -> str:
    """The Keras dtype policy."""
    return "mixed_bfloat16" if keras_uses_bfloat16(precision) else "float32"


def _schedule(rate: float, steps: int) -> Any:
    import keras

    warm = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        rate / 20, max(1, steps - warm), warmup_target=rate, warmup_steps=warm
    )


def measures(logits: npt.NDArray[Any], targets: npt.NDArray[Any]) -> dict[str, float]:
    """Balanced accuracy and mean absolute error of each task that has joints."""
    found: dict[str, float] = {}
    for model, bits in BITS.items():
        rows = targets[:, bits.start] != UNKNOWN
        if not rows.any():
            continue
        true = targets[rows, bits].sum(axis=1).astype(np.int64)
        always = np.ones((len(true), 1))
        guessed = decode(np.concatenate([always, logits[rows, bits] >= 0], axis=1))
        recalls = [(guessed[true == score] == score).mean() for score in np.unique(true)]
        found[f"balanced_accuracy_{model}"] = float(np.mean(recalls))
        found[f"absolute_error_{model}"] = float(np.abs(true - guessed).mean())
    return found
