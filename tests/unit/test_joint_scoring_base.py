"""The base that learns on synthetic joints: targets, loss, folding, and what it is shown."""

import keras
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BodyPart
from sharpflow.joints.scoring.base_training import (
    ALL_BITS,
    BITS,
    BaseSettings,
    masked_loss,
    measures,
    targets_of,
    train_base,
)
from sharpflow.joints.scoring.crops import CropSettings
from sharpflow.joints.scoring.features import extract_features
from sharpflow.joints.scoring.normalized_vgg16 import build_normalized_vgg16, fold
from sharpflow.joints.scoring.synthetic_joints import (
    SyntheticJoints,
    crop_training_joints,
    make_training_joints,
)
from sharpflow.joints.scoring.vgg16 import build_base

SCORES = pd.DataFrame(
    {
        "body_part": ["hand", "foot", "hand"],
        "erosion": [2, 10, 0],
        "narrowing": [1, 4, np.nan],  # a thumb's IP has no narrowing score
    }
)


def test_targets_hold_the_bits_of_the_joints_own_models_alone() -> None:
    targets = targets_of(SCORES)
    assert targets.shape == (3, ALL_BITS) == (3, 4 + 4 + 5 + 10)
    assert targets[0, BITS["erosion-hand"]].tolist() == [1, 1, 0, 0, 0]
    assert targets[0, BITS["narrowing-hand"]].tolist() == [1, 0, 0, 0]
    assert targets[1, BITS["erosion-foot"]].tolist() == [1] * 10
    assert (targets[2, BITS["narrowing-hand"]] == -1).all()
    assert (targets[:2, BITS["erosion-foot"]] == -1).all(axis=1).tolist() == [True, False]


def test_loss_is_the_mean_cross_entropy_of_each_known_task() -> None:
    targets = targets_of(SCORES)
    logits = np.random.default_rng(0).normal(size=targets.shape).astype(np.float32)
    found = keras.ops.convert_to_numpy(masked_loss(targets, logits))
    likely = 1 / (1 + np.exp(-logits))
    entropy = -targets * np.log(likely) - (1 - targets) * np.log(1 - likely)
    for row, models in enumerate(
        [("erosion-hand", "narrowing-hand"), ("erosion-foot", "narrowing-foot"), ("erosion-hand",)]
    ):
        expected = sum(entropy[row, BITS[model]].mean() for model in models)
        assert found[row] == pytest.approx(expected, rel=1e-5)


def test_measures_of_right_and_wrong_outputs() -> None:
    targets = targets_of(SCORES)
    right = measures(np.where(targets == 1, 5.0, -5.0), targets)
    assert set(right.values()) == {0.0, 1.0}
    wrong = measures(np.full(targets.shape, -5.0), targets)  # all scores 0
    assert wrong["balanced_accuracy_erosion-hand"] == 0.5
    assert wrong["absolute_error_erosion-hand"] == 1.0
    assert wrong["absolute_error_erosion-foot"] == 10.0


def test_folding_gives_a_plain_vgg16_with_the_same_features() -> None:
    keras.utils.set_random_seed(3)
    normalized = build_normalized_vgg16(32)
    generator = np.random.default_rng(0)
    for layer in normalized.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            width = layer.gamma.shape[0]
            layer.set_weights(
                [
                    generator.uniform(0.5, 1.5, width),
                    generator.normal(0, 0.3, width),
                    generator.normal(0, 0.3, width),
                    generator.uniform(0.5, 2.0, width),
                ]
            )
    base = build_base(None, 32)
    fold(normalized, base)
    crops = generator.random((4, 32, 32, 3)).astype(np.float32)
    expected = normalized.predict(crops, verbose=0)
    assert expected.std() > 0.01
    np.testing.assert_allclose(base.predict(crops, verbose=0), expected, rtol=1e-3, atol=1e-5)
    assert base.count_params() == 14_714_688


@pytest.fixture(scope="module", params=list(BodyPart))
def synthetic(request: pytest.FixtureRequest) -> tuple[np.ndarray, pd.DataFrame]:
    return make_training_joints(22, body_part=request.param, seed=5, height=300)


def test_drawn_joints_have_every_score_equally_often(
    synthetic: tuple[np.ndarray, pd.DataFrame],
) -> None:
    patches, rows = synthetic
    assert patches.dtype == np.uint8 and len(patches) == len(rows) == 22
    counts = rows["erosion"].value_counts()
    assert counts.max() - counts.min() <= 1
    assert targets_of(rows).shape == (22, ALL_BITS)


def test_crops_are_of_the_joint_and_other_ones_each_time(
    synthetic: tuple[np.ndarray, pd.DataFrame],
) -> None:
    patches, rows = synthetic

    def crop(seed: int, *, jitter: float = 0.0, vary: bool = False) -> np.ndarray:
        settings = CropSettings(size=32, margin=0.1, jitter=jitter)
        generator = np.random.default_rng(seed)
        return crop_training_joints(patches, rows, settings, generator, vary=vary)

    plain = crop(1)
    assert plain.shape == (22, 32, 32) and plain.dtype == np.uint8
    assert plain.std(axis=(1, 2)).min() > 3  # something is on every crop
    np.testing.assert_array_equal(plain, crop(2))
    assert not np.array_equal(plain, crop(1, jitter=0.1))
    varied = crop(1, vary=True)
    np.testing.assert_array_equal(varied, crop(1, vary=True))
    assert not np.array_equal(varied, crop(2, vary=True))
    assert np.abs(varied.astype(float) - plain).mean(axis=(1, 2)).max() < 128


def test_the_last_joints_of_each_body_part_are_held_out(
    synthetic: tuple[np.ndarray, pd.DataFrame],
) -> None:
    patches, rows = synthetic
    few = patches[:7], rows[:7]
    joints = SyntheticJoints([patches, few[0]], [rows, few[1]])
    training, validation = joints.hold_out(0.2)
    assert [len(part) for part in training.rows] == [18, 6]
    assert [len(part) for part in validation.rows] == [4, 1]
    expected = pd.concat([rows[18:], rows[6:7]], ignore_index=True)
    pd.testing.assert_frame_equal(validation.scores, expected)
    settings = CropSettings(size=32, margin=0.1, jitter=0.1)
    crops = validation.crop(settings, np.random.default_rng(1), vary=False)
    generator = np.random.default_rng(1)  # one for all body parts, in their order
    parts = [
        crop_training_joints(patches[part], rows[part], settings, generator, vary=False)
        for part in (slice(18, None), slice(6, 7))
    ]
    np.testing.assert_array_equal(crops, np.concatenate(parts))


def test_a_base_is_trained_and_then_frozen() -> None:
    scores = pd.concat([SCORES] * 4, ignore_index=True)
    crops = np.random.default_rng(0).integers(0, 256, (12, 32, 32), dtype=np.uint8)
    base, history = train_base(
        lambda _: crops,
        scores,
        crops,
        scores,
        size=32,
        settings=BaseSettings(validation=0.5, epochs=1, batch=6, learning_rate=1e-3),
        seed=2,
    )
    assert not base.trainable_variables
    features = extract_features(base, crops)
    assert np.isfinite(features).all() and features.std(axis=0).max() > 1e-4
    assert {"loss", "validation_loss", "validation_absolute_error_erosion-hand"} <= set(history)
