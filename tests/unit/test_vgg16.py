"""VGG16 and its head: the paper's parameter counts, features kept, heads that learn."""

from pathlib import Path
from typing import Literal

import keras
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from sharpflow.errors import UserError
from sharpflow.joints.scoring.features import extract_features, network_input
from sharpflow.joints.scoring.head_training import HeadSettings, predict_scores, train_head
from sharpflow.joints.scoring.vgg16 import build_base, build_head

CROPS = np.random.default_rng(0).integers(0, 256, (10, 32, 32), dtype=np.uint8)


@pytest.fixture(scope="module")
def base() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_base(None, 32)


def count(variables: list[keras.Variable]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


@pytest.mark.parametrize(
    ("classes", "total", "trainable", "fixed"),
    [
        (5, 15_113_049, 396_815, 14_716_234),  # the paper's own
        (6, 15_113_310, 397_074, 14_716_236),
        (11, 15_114_615, 398_369, 14_716_246),
    ],
)
def test_parameter_counts(
    base: keras.Model, classes: int, total: int, trainable: int, fixed: int
) -> None:
    head = build_head(classes)
    model = keras.Model(base.input, head(base.output))
    assert count(model.trainable_variables) == trainable
    assert count(model.weights) - trainable == fixed
    assert model.count_params() == total
    assert model.output_shape == (None, classes)


def test_input_is_divided_by_255_as_the_paper_says() -> None:
    seen = network_input(np.array([[[0, 51], [255, 102]]], np.uint8))
    assert seen.shape == (1, 2, 2, 3)
    assert seen[0, :, :, 2] == pytest.approx(np.array([[0, 0.2], [1, 0.4]]))


def test_features_come_in_the_crops_order_whatever_the_batch(base: keras.Model) -> None:
    features = extract_features(base, CROPS, batch=4)
    assert features.shape == (10, 512) and features.dtype == np.float32
    reverse = extract_features(base, CROPS[::-1], batch=10)
    np.testing.assert_allclose(features, reverse[::-1], rtol=1e-4, atol=1e-7)


def test_weights_come_from_a_local_file(base: keras.Model, tmp_path: Path) -> None:
    base.save_weights(tmp_path / "base.weights.h5")
    again = build_base(tmp_path / "base.weights.h5", 32)
    assert all(
        np.array_equal(a, b) for a, b in zip(again.get_weights(), base.get_weights(), strict=True)
    )
    (tmp_path / "wrong.h5").write_bytes(b"not a weights file")
    for wrong in ("wrong.h5", "missing.h5"):
        with pytest.raises(UserError, match=wrong):
            build_base(tmp_path / wrong, 32)
    with pytest.raises(UserError, match="at least 32"):
        build_base(None, 31)


def toy(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features whose first column holds the score."""
    generator = np.random.default_rng(seed)
    scores = generator.choice(5, n, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    features = generator.normal(0, 0.3, (n, 512)).astype(np.float32)
    features[:, :40] += scores[:, None].astype(np.float32)
    return features, scores


@pytest.mark.parametrize("keep", ["best", "last"])
def test_head_learns_and_repeats_to_the_byte(keep: Literal["best", "last"]) -> None:
    train, validation, test = toy(300, 1), toy(60, 2), toy(100, 3)
    settings = HeadSettings(
        epochs=80, batch=32, learning_rate=5e-3, keep=keep, averaged_share=0.2, dropout=0.5
    )
    model, history, kept = train_head(*train, *validation, classes=5, settings=settings, seed=4)
    assert history["validation_loss"].min() < 0.5 * history["validation_loss"][0]
    if keep == "best":
        assert kept["validation_loss"] == history["validation_loss"].min()
    assert balanced_accuracy_score(test[1], predict_scores(model, test[0])) > 0.5  # chance is 0.2
    again, same, _ = train_head(*train, *validation, classes=5, settings=settings, seed=4)
    assert same.to_csv() == history.to_csv()
    unseen, short, same_kept = train_head(
        *train, *validation, classes=5, settings=settings, seed=4, validates=False
    )
    assert ("validation_loss" in short) == (keep == "best")
    assert same_kept == kept
    for other in (again, unseen):
        pairs = zip(model.get_weights(), other.get_weights(), strict=True)
        assert all(a.tobytes() == b.tobytes() for a, b in pairs)
