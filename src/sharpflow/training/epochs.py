"""The one training loop of the Keras models: best weights, early stop, resume to the same bytes."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from sharpflow.errors import UserError
from sharpflow.files import atomic_write
from sharpflow.seeds import seed_for
from sharpflow.training.time_limit import Deadline, out_of_time, resumes, tells_when_stopped

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

Batches = Iterable[tuple[Any, ...]]  # (x, y) or (x, y, sample_weight), as train_on_batch takes them


def train_epochs(
    model: "keras.Model",
    make_batches: Callable[[int, np.random.Generator], Batches],
    validate: Callable[[], Mapping[str, float]] | None = None,
    *,
    epochs: int,
    seed: int,
    monitor: str,
    keep: Literal["best", "last"] = "best",
    averaged: int = 1,
    patience: int | None = None,
    name: str = "training",
    checkpoints: Path | None = None,
    checkpoint_seconds: float = 0.0,
    compiled: bool = False,
    time_budget: float | None = None,
) -> pd.DataFrame:
    """Train a compiled model in place and leave in it the best (or last) epoch's weights.

    Told to stop by SIGTERM, the epoch that runs is thrown away (see `time_limit`).

    Args:
        model: compiled.
        make_batches: gives the batches of an epoch (counted from 1). All that is random in them
            comes from the generator, whose seed is of this epoch alone. Batches of one shape train
            fastest.
        validate: runs after each epoch; its values get the prefix "validation_".
        epochs: at most.
        seed: of the run; each epoch has its own.
        monitor: the column of the history whose least value is the best epoch (the first on a tie).
        keep: "best" keeps that epoch's weights, "last" the last one's.
        averaged: with "last" the mean of the trained weights over as many last epochs is kept. The
            statistics of batch norms are then the last epoch's, and the caller's to renew.
        patience: training stops after so many epochs without a better one; None: never.
        name: of the training, for messages.
        checkpoints: folder of this run alone (named by all that decides it). The state is kept
            there after each epoch, and training goes on from it, to the same bytes as a run that
            nobody stopped. None keeps no state.
        checkpoint_seconds: where epochs are short, the state is kept only after each that ends so
            long or longer after the last one kept, and after the last.
        compiled: run an epoch as one compiled loop where the backend is TensorFlow, for batches
            that fit into memory together and are of one shape. A step of a small network then takes
            a fraction of the time, the first epoch a second more.
        time_budget: seconds from the call until the job ends; None: no limit.

    Returns:
        One row an epoch: epoch, learning_rate (unless a schedule by step), the compiled losses and
        metrics (means over the epoch), validation_*.

    Raises:
        OutOfTime: the next epoch would not end in time, by the longest so far in this process (the
            first is always tried).
        UserError: the checkpoint does not fit the model, or training diverged.
    """
    deadline, longest = Deadline(time_budget), 0.0
    model.optimizer.build(model.trainable_variables)
    state = _State(model, checkpoints / "state.npz" if checkpoints else None)
    state.restore()
    saved_at = time.monotonic()
    train_one = _compiled_training(model) if compiled else _train_one
    with tells_when_stopped(lambda: resumes(name, state.kept, epochs)):
        while state.epoch < epochs and not _stale(state.history, state.best_epoch, patience):
            if longest and deadline.too_near_for(longest):
                raise out_of_time(name, state.kept, epochs)
            began = time.monotonic()
            row = _run_epoch(
                model,
                state.epoch + 1,
                seed,
                make_batches=make_batches,
                train_one=train_one,
                validate=validate,
            )
            state.add(row, row[monitor], counts=state.epoch >= epochs - averaged)
            now = time.monotonic()
            longest = max(longest, now - began)
            ends = state.epoch == epochs or _stale(state.history, state.best_epoch, patience)
            if ends or now - saved_at >= checkpoint_seconds or deadline.too_near_for(longest):
                state.save()
                saved_at = now
    if keep == "best":
        state.load_best()
    elif averaged > 1:
        state.load_mean()
    return pd.DataFrame(state.history).astype({"epoch": int}) if state.history else pd.DataFrame()


def _run_epoch(
    model: "keras.Model",
    epoch: int,
    seed: int,
    *,
    make_batches: Callable[[int, np.random.Generator], Batches],
    train_one: Callable[["keras.Model", Batches], dict[str, float]],
    validate: Callable[[], Mapping[str, float]] | None,
) -> dict[str, float]:
    """Train and validate once; gives the history's row."""
    epoch_seed = seed_for(seed, "epoch", epoch)
    _seed_layers(epoch_seed)
    row: dict[str, float] = {"epoch": epoch} | _rate(model)
    row |= train_one(model, make_batches(epoch, np.random.default_rng(epoch_seed)))
    if validate is not None:
        row |= {f"validation_{name}": float(value) for name, value in validate().items()}
    log.info("%s", ", ".join(f"{name} {value:.6g}" for name, value in row.items()))
    return row


def _seed_layers(seed: int) -> None:
    """Seed the layers that draw random numbers, such as dropout, for the epoch to come.

    TensorFlow's need none: Keras keeps their state in the model's variables, hence in the
    checkpoint. Setting its seed would empty its cache of functions, at 40 ms an epoch.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        keras.utils.set_random_seed(seed)


def _train_one(model: "keras.Model", batches: Batches) -> dict[str, float]:
    sums: dict[str, float] = {}
    examples = 0
    for batch in batches:
        logs = model.train_on_batch(*batch, return_dict=True)  # of this batch alone
        for name, value in logs.items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(batch[0])
        examples += len(batch[0])
    return _finite({name: value / examples for name, value in sums.items()})


def _compiled_training(
    model: "keras.Model",
) -> Callable[["keras.Model", Batches], dict[str, float]]:
    import keras

    if keras.backend.backend() != "tensorflow":
        return _train_one
    import tensorflow as tf

    # Not by XLA, which draws dropout's random numbers ten times more slowly than all else.
    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def run(stacked: tuple[Any, ...]) -> None:
        for step in tf.range(tf.shape(stacked[0])[0]):
            model.train_step(tuple(values[step] for values in stacked))

    def train(model: "keras.Model", batches: Batches) -> dict[str, float]:
        model.reset_metrics()
        run(tuple(tf.constant(np.stack(values)) for values in zip(*batches, strict=True)))
        return _finite(model.get_metrics_result())

    return train


def _finite(logs: Mapping[str, Any]) -> dict[str, float]:
    if not all(np.isfinite(value) for value in logs.values()):
        raise UserError(f"training diverged ({logs}); a lower learning rate may help")
    return {name: float(value) for name, value in logs.items()}


def _rate(model: "keras.Model") -> dict[str, float]:
    import keras

    if isinstance(model.optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        return {}
    return {"learning_rate": float(model.optimizer.learning_rate)}


def _stale(history: list[dict[str, float]], best_epoch: int, patience: int | None) -> bool:
    return patience is not None and len(history) - best_epoch >= patience > 0


class _State:
    """All that the next epoch depends on, in memory and in the checkpoint."""

    def __init__(self, model: "keras.Model", path: Path | None) -> None:
        self.model, self.path = model, path
        self.history: list[dict[str, float]] = []
        self.best: list[np.ndarray] = []
        self.total: list[np.ndarray] = []  # of the trained weights at the end of `counted` epochs
        self.counted = 0
        self.best_epoch, self.best_value = 0, float("inf")
        self.kept = 0  # epochs that a run after this one need not repeat

    @property
    def epoch(self) -> int:
        return len(self.history)

    def add(self, row: dict[str, float], value: float, *, counts: bool) -> None:
        """Take in an epoch's row; `value` is smaller the better; it may count in the mean."""
        self.history.append(row)
        if counts:
            weights = [
                value.astype(np.float64) for value in _values(self.model.trainable_variables)
            ]
            self.total = (
                [a + b for a, b in zip(self.total, weights, strict=True)] if self.total else weights
            )
            self.counted += 1
        if value < self.best_value:
            self.best_epoch, self.best_value = self.epoch, value
            self.best = _values(self.model.weights)

    def load_best(self) -> None:
        if self.best:
            _assign(self.model.weights, self.best)

    def load_mean(self) -> None:
        _assign(self.model.trainable_variables, [total / self.counted for total in self.total])

    def save(self) -> None:
        """Keep the state on disk."""
        if self.path is None:
            return
        arrays = {
            f"{group}_{index}": value
            for group, values in (
                ("model", _values(self.model.variables)),
                ("optimizer", _values(self.model.optimizer.variables)),
                ("best", self.best),
                ("total", self.total),
            )
            for index, value in enumerate(values)
        }
        facts = json.dumps([self.history, self.best_epoch, self.best_value, self.counted])
        with atomic_write(self.path) as temporary:
            np.savez(temporary, facts=np.array(facts), **arrays)  # type: ignore[arg-type]
        self.kept = self.epoch

    def restore(self) -> None:
        if self.path is None or not self.path.exists():
            return
        with np.load(self.path) as kept:
            facts = json.loads(str(kept["facts"]))
            groups: dict[str, list[np.ndarray]] = {
                group: [] for group in ("model", "optimizer", "best", "total")
            }
            for name in kept.files:
                if name != "facts":
                    groups[name.split("_")[0]].append(kept[name])
        if not (
            _fits(self.model.variables, groups["model"])
            and _fits(self.model.optimizer.variables, groups["optimizer"])
        ):
            raise UserError(f"{self.path}: the checkpoint is of another model; delete its folder")
        _assign(self.model.variables, groups["model"])
        _assign(self.model.optimizer.variables, groups["optimizer"])
        self.history, self.best_epoch, self.best_value, self.counted = facts
        self.best, self.total = groups["best"], groups["total"]
        self.kept = self.epoch
        log.info("resumed after epoch %d from %s", self.epoch, self.path)


def _values(variables: list[Any]) -> list[np.ndarray]:
    import keras

    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _fits(variables: list[Any], values: list[np.ndarray]) -> bool:
    return [tuple(v.shape) for v in variables] == [value.shape for value in values]


def _assign(variables: list[Any], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
