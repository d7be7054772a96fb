"""Networks are evaluated with the statistics of the data that they learned from."""

from typing import Any

import keras
import numpy as np
import pytest

from sharpflow.joints.scoring.head_training import HeadSettings, train_head
from sharpflow.training.batch_norms import BatchNorms

X = np.random.default_rng(1).normal(3, 2, (64, 5)).astype(np.float32)


def two_norms() -> keras.Model:
    keras.utils.set_random_seed(0)
    norms = [keras.layers.BatchNormalization(momentum=0.99) for _ in range(2)]
    inner = keras.Sequential([keras.Input((4,)), norms[1]])
    return keras.Sequential([keras.Input((5,)), norms[0], keras.layers.Dense(4), inner])


def norms_of(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def statistics(model: keras.Model) -> list[np.ndarray]:
    return [
        np.asarray(value)
        for norm in norms_of(model)
        for value in (norm.moving_mean, norm.moving_variance)
    ]


def test_one_batch_gives_exact_statistics_of_every_norm_however_deep() -> None:
    model = two_norms()
    BatchNorms(model).recompute([X])
    mean, variance, deep_mean, deep_variance = statistics(model)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(variance, X.var(axis=0), rtol=1e-5)
    kernel, bias = model.layers[1].get_weights()
    seen = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-3) @ kernel + bias
    np.testing.assert_allclose(deep_mean, seen.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(deep_variance, seen.var(axis=0), rtol=1e-4)
    # evaluated with them, what was seen is normal
    np.testing.assert_allclose(model.predict(X, verbose=0).mean(axis=0), 0, atol=1e-5)


def test_several_batches_give_the_mean_of_their_statistics_and_change_nothing_else() -> None:
    model = two_norms()
    trained = [np.array(value) for value in model.trainable_variables]
    BatchNorms(model).recompute([X[:16], X[16:32], X[32:]])
    parts = (X[:16], X[16:32], X[32:])
    mean, variance, *_ = statistics(model)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-5)
    within = sum(len(part) * part.var(axis=0) for part in parts) / len(X)
    np.testing.assert_allclose(variance, within, rtol=1e-5)
    for before, after in zip(trained, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after)
    assert {norm.momentum for norm in norms_of(model)} == {0.99}


def test_what_is_known_does_not_depend_on_what_was_there_before() -> None:
    one, other = two_norms(), two_norms()
    for norm in norms_of(other):
        norm.moving_mean.assign(norm.moving_mean + 100)
    for model in (one, other):
        BatchNorms(model).recompute([X])
    for a, b in zip(statistics(one), statistics(other), strict=True):
        np.testing.assert_array_equal(a, b)
    before = statistics(one)
    BatchNorms(one).recompute([])
    for a, b in zip(before, statistics(one), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("keep", ["last", "best"])
def test_a_head_keeps_the_statistics_of_its_weights(keep: Any) -> None:
    scores = np.arange(60) % 3  # no zeros too many: all joints are trained on
    features = np.random.default_rng(2).normal(size=(60, 512)).astype(np.float32)
    head, _, _ = train_head(
        *(features, scores, features[:9], scores[:9]),
        classes=3,
        settings=HeadSettings(
            epochs=3, batch=20, learning_rate=1e-2, keep=keep, averaged_share=0.7, dropout=0.5
        ),
        seed=1,
    )
    kept = statistics(head)
    BatchNorms(head).recompute([features])
    for a, b in zip(kept, statistics(head), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_dropout_leaves_nothing_out_meanwhile() -> None:
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dropout(0.5), keras.layers.BatchNormalization()]
    )
    BatchNorms(model).recompute([X])
    mean, variance = statistics(model)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(variance, X.var(axis=0), rtol=1e-4)
    assert model.layers[0].rate == 0.5
