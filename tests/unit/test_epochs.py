"""The training loop: best weights, early stop, and going on after a stop to the same bytes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from sharpflow.errors import UserError
from sharpflow.training.epochs import train_epochs
from sharpflow.training.time_limit import OutOfTime, Stopped, obey_sigterm

X = np.random.default_rng(1).normal(size=(40, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]], "float32")).astype("float32")


def tiny_model(units: int = 4, dropout: float = 0.2) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(units),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(dropout, seed=3),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def batches(epoch: int, generator: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    for chosen in generator.permutation(len(X)).reshape(-1, 8):
        yield X[chosen], Y[chosen]


@pytest.fixture
def own_sigterm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    obey_sigterm()
    yield
    signal.signal(signal.SIGTERM, before)


def run(
    model: keras.Model,
    epochs: int,
    folder: Path | None = None,
    time_budget: float | None = None,
) -> pd.DataFrame:
    return train_epochs(
        model,
        batches,
        lambda: {"loss": model.evaluate(X, Y, verbose=0)},
        epochs=epochs,
        seed=7,
        monitor="validation_loss",
        checkpoints=folder,
        time_budget=time_budget,
    )


def same(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def test_stopped_and_resumed_is_the_same_to_the_byte(tmp_path: Path) -> None:
    unbroken = tiny_model()
    history = run(unbroken, 5)
    run(tiny_model(), 2, tmp_path)
    resumed = tiny_model()
    resumed_history = run(resumed, 5, tmp_path)
    assert same(unbroken, resumed)
    assert resumed_history.to_csv() == history.to_csv()
    again = tiny_model()  # a finished run only loads its weights
    assert run(again, 5, tmp_path).to_csv() == history.to_csv()
    assert same(again, unbroken)
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]


def test_short_epochs_are_kept_now_and_then_and_the_last_always(tmp_path: Path) -> None:
    seen: list[bool] = []

    def train(epochs: int, folder: Path) -> keras.Model:
        model = tiny_model()

        def validate() -> dict[str, float]:
            seen.append((folder / "state.npz").exists())
            return {"loss": model.evaluate(X, Y, verbose=0)}

        settings = {"checkpoints": folder, "checkpoint_seconds": 1e6}
        train_epochs(
            model, batches, validate, epochs=epochs, seed=7, monitor="validation_loss", **settings
        )  # type: ignore[arg-type]
        return model

    train(3, tmp_path)
    assert seen == [False] * 3
    unbroken = tiny_model()
    run(unbroken, 5)
    assert same(train(5, tmp_path), unbroken)  # from the third epoch
    assert len(seen) == 5


def test_best_epoch_is_kept_and_training_stops_without_a_better_one() -> None:
    model = tiny_model()
    values = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    kept: list[list[np.ndarray]] = []

    def validate() -> dict[str, float]:
        kept.append(model.get_weights())
        return {"score": next(values)}

    history = train_epochs(
        model, batches, validate, epochs=5, seed=1, monitor="validation_score", patience=2
    )
    assert history["validation_score"].tolist() == [3, 1, 2, 2]
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept[1], strict=True))


def test_last_epoch_on_request() -> None:
    model = tiny_model()
    values = iter([1.0, 3.0, 2.0])
    kept: list[list[np.ndarray]] = []

    def validate() -> dict[str, float]:
        kept.append(model.get_weights())
        return {"score": next(values)}

    history = train_epochs(
        model, batches, validate, epochs=3, seed=1, monitor="validation_score", keep="last"
    )
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept[2], strict=True))
    assert history["learning_rate"].tolist() == pytest.approx([0.01] * 3)


def test_the_mean_of_the_last_epochs_weights_resumed_or_not(tmp_path: Path) -> None:
    kept: list[list[np.ndarray]] = []

    def train(epochs: int, folder: Path | None) -> keras.Model:
        model = tiny_model()

        def validate() -> dict[str, float]:
            kept.append([np.array(value) for value in model.trainable_variables])
            return {"loss": 0.0}

        settings = {"keep": "last", "averaged": 3, "checkpoints": folder}
        train_epochs(
            model, batches, validate, epochs=epochs, seed=7, monitor="validation_loss", **settings
        )  # type: ignore[arg-type]
        return model

    unbroken = train(5, None)
    for variable, *each in zip(unbroken.trainable_variables, *kept[2:], strict=True):
        np.testing.assert_allclose(variable, np.mean(each, axis=0), rtol=1e-6)
    halfway = {"keep": "last", "averaged": 3, "checkpoints": tmp_path, "time_budget": 0.0}
    for _ in range(4):  # an epoch each time
        with pytest.raises(OutOfTime):
            train_epochs(
                tiny_model(),
                batches,
                lambda: {"loss": 0.0},
                epochs=5,
                seed=7,
                monitor="validation_loss",
                **halfway,
            )  # type: ignore[arg-type]
    assert same(train(5, tmp_path), unbroken)


def test_divergence_and_another_models_checkpoint_are_refused(tmp_path: Path) -> None:
    run(tiny_model(), 1, tmp_path)
    with pytest.raises(UserError, match="another model"):
        run(tiny_model(units=5), 1, tmp_path)
    nan = [(X, Y * np.float32(np.nan))]
    with pytest.raises(UserError, match="diverged"):
        train_epochs(tiny_model(), lambda *_: nan, epochs=1, seed=0, monitor="loss")


def test_a_compiled_epoch_trains_alike_and_resumes_to_the_byte(tmp_path: Path) -> None:
    def train(epochs: int, folder: Path | None, compiled: bool) -> tuple[keras.Model, list[float]]:
        model = tiny_model(dropout=0)  # the compiler has random numbers of its own
        settings = {"epochs": epochs, "checkpoints": folder, "compiled": compiled}
        history = train_epochs(model, batches, seed=7, monitor="loss", **settings)  # type: ignore[arg-type]
        return model, history["loss"].tolist()

    unbroken, losses = train(4, None, True)
    train(2, tmp_path, True)
    assert same(train(4, tmp_path, True)[0], unbroken)
    assert losses == pytest.approx(train(4, None, False)[1], rel=1e-4)


def test_out_of_time_each_epoch_ends_with_the_same_bytes(tmp_path: Path) -> None:
    unbroken = tiny_model()
    run(unbroken, 3)
    for done in (1, 2):
        with pytest.raises(OutOfTime, match=f"training: {done} of 3 epochs are done"):
            run(tiny_model(), 3, tmp_path, time_budget=0.0)
    late = tiny_model()
    run(late, 3, tmp_path, time_budget=0.0)  # one epoch was left
    assert same(unbroken, late)


@pytest.mark.usefixtures("own_sigterm")
def test_told_to_stop_within_an_epoch_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = tiny_model()
    run(unbroken, 4)
    step = keras.Model.train_on_batch
    steps = iter(range(100))

    def stopped(*arguments: Any, **options: Any) -> Any:
        if next(steps) == 12:  # of five an epoch
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "train_on_batch", stopped)
        with pytest.raises(Stopped, match="2 of 4 epochs are kept"):
            run(tiny_model(), 4, tmp_path)
    resumed = tiny_model()
    run(resumed, 4, tmp_path)
    assert same(unbroken, resumed)
