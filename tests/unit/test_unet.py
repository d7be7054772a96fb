"""The U-Net's shape, its training, and masks from it."""

from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BodyPart
from sharpflow.errors import UserError
from sharpflow.imaging.shards import ImageStack
from sharpflow.joints.masks.regions import keep_largest
from sharpflow.joints.masks.unet import build_unet
from sharpflow.joints.masks.unet_prediction import (
    apply_mask,
    predict_masks,
    resize_for_unet,
    resize_masks_for_unet,
)
from sharpflow.joints.masks.unet_training import (
    MaskedImages,
    UNetSettings,
    choose_training_data,
    train_unet,
)

SETTINGS = UNetSettings(
    height=32,
    width=24,
    filters=4,
    kernels=(3,),
    epochs=1,
    batch=4,
    learning_rate=1e-2,
    patience=10,
    flip=True,
    brightness=0.1,
)


def toy_radiographs(count: int, seed: int) -> MaskedImages:
    """Bright ellipses on a dark, noisy ground."""
    random = np.random.default_rng(seed)
    masks = np.zeros((count, 32, 24), np.uint8)
    for mask in masks:
        centre = tuple(int(random.integers(9, 15)) for _ in range(2))
        cv2.ellipse(mask, centre, (7, 9), 0, 0, 360, 255, cv2.FILLED)
    noise = random.normal(0, 15, masks.shape)
    images = np.clip(np.where(masks > 0, 140, 60) + noise, 0, 255).astype(np.uint8)
    return MaskedImages(images, masks)


def train(checkpoints: Path, epochs: int) -> tuple[keras.Model, pd.DataFrame]:
    return train_unet(
        toy_radiographs(12, 1),
        toy_radiographs(4, 2),
        body_part=BodyPart.HAND,
        settings=replace(SETTINGS, epochs=epochs),
        seed=3,
        checkpoints=checkpoints,
    )


def test_the_network_has_two_down_and_two_up_samplings_and_keeps_the_size() -> None:
    model = build_unet(32, 24, filters=6, kernels=(1, 3, 5))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("MaxPooling2D") == kinds.count("UpSampling2D") == 2
    sizes = {layer.kernel_size for layer in model.layers if hasattr(layer, "kernel_size")}
    assert {(1, 1), (3, 3), (5, 5)} <= sizes
    images = np.random.default_rng(0).random((2, 32, 24, 1), np.float32)
    output = np.asarray(model.predict_on_batch(images))
    assert output.shape == images.shape
    assert 0 <= output.min() < output.max() <= 1


def test_sides_that_cannot_be_halved_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 4"):
        build_unet(30, 24, filters=4, kernels=(3,))


def test_training_finds_the_shapes(tmp_path: Path) -> None:
    model, history = train(tmp_path, 12)
    assert history["epoch"].tolist() == list(range(1, 13))
    assert history["loss"].iloc[-1] < 0.6 * history["loss"].iloc[0]
    assert history["validation_dice"].iloc[-1] > 0.85
    radiographs, truth = toy_radiographs(6, 5)
    large = [
        cv2.resize(radiograph, (48, 64), interpolation=cv2.INTER_CUBIC)
        for radiograph in radiographs
    ]
    masks = predict_masks(model, large, batch=4)
    assert masks.shape == (6, 64, 48)
    assert set(np.unique(masks)) == {0, 255}
    agreement = (resize_masks_for_unet(masks, 32, 24) == truth).mean()
    assert agreement > 0.9


def test_stopped_and_resumed_training_gives_the_weights_of_an_unbroken_one(tmp_path: Path) -> None:
    unbroken, history = train(tmp_path / "unbroken", 3)
    train(tmp_path / "parts", 1)
    resumed, same = train(tmp_path / "parts", 3)
    pd.testing.assert_frame_equal(history, same, check_exact=True)
    for one, other in zip(unbroken.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_chosen_mask_is_an_error_that_says_what_to_do() -> None:
    none = MaskedImages(*[np.zeros((0, 32, 24), np.uint8)] * 2)
    with pytest.raises(UserError, match="no chosen mask among the validation patients"):
        train_unet(toy_radiographs(4, 1), none, body_part=BodyPart.HAND, settings=SETTINGS, seed=3)


def test_training_data_are_the_chosen_masks_of_a_split() -> None:
    radiographs, masks = toy_radiographs(4, 1)
    rows = pd.DataFrame({"split": ["train"] * 3 + ["test"], "chosen": [True, False, True, True]})
    images, targets = choose_training_data(
        ImageStack([radiographs]), ImageStack([masks]), rows, split="train", height=16, width=12
    )
    np.testing.assert_array_equal(images, resize_for_unet(radiographs[[0, 2]], 16, 12))
    np.testing.assert_array_equal(targets, resize_masks_for_unet(masks[[0, 2]], 16, 12))


def test_a_split_without_chosen_masks_gives_none() -> None:
    stack = ImageStack([toy_radiographs(2, 1).images])
    rows = pd.DataFrame({"split": ["train", "train"], "chosen": [False, False]})
    none = choose_training_data(stack, stack, rows, split="train", height=16, width=12)
    assert none.images.shape == none.masks.shape == (0, 16, 12)


def test_the_largest_region_is_kept_and_the_rest_of_the_radiograph_blackened() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:5, 2:5] = 255
    mask[8:18, 8:18] = 255
    kept = keep_largest(mask)
    assert np.count_nonzero(kept) == 100
    assert kept[3, 3] == 0
    radiograph = np.full_like(mask, 90)
    masked = apply_mask(radiograph, kept)
    assert masked.sum() == 100 * 90
    np.testing.assert_array_equal(keep_largest(np.zeros_like(mask)), np.zeros_like(mask))


class RecordedModel:
    """Stands for a network whose probabilities are known."""

    input_shape = (None, 8, 8, 1)

    def predict_on_batch(self, inputs: np.ndarray) -> np.ndarray:
        probability = np.zeros_like(inputs)
        probability[:, 1:6, 1:6] = 0.9
        probability[:, 3, 3] = 0.1
        probability[:, 7, 7] = 0.9
        return probability


def test_predicted_masks_are_one_region_without_holes() -> None:
    masks = predict_masks(RecordedModel(), np.zeros((3, 8, 8), np.uint8), batch=2)
    assert np.count_nonzero(masks) == 3 * 25
    assert masks[2, 3, 3] == 255  # a hole
    assert masks[2, 7, 7] == 0  # a region of its own


def test_masks_are_shrunk_to_black_and_white() -> None:
    mask = np.zeros((1, 8, 8), np.uint8)
    mask[:, :, :5] = 255
    shrunk = resize_masks_for_unet(mask, 4, 4)
    assert shrunk.shape == (1, 4, 4)
    assert shrunk[0, 0].tolist() == [255, 255, 255, 0]
    assert resize_for_unet(mask, 4, 4)[0, 0].tolist() == [255, 255, 128, 0]
