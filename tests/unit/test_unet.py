"""The U-Net's shape, its training, and masks from it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BodyPart
from sharpflow.errors import UserError
from sharpflow.joints.masks.regions import keep_largest
from sharpflow.joints.masks.unet import build_unet
from sharpflow.joints.masks.unet_prediction import (
    apply_mask,
    predict_masks,
    resize_for_unet,
    resize_masks_for_unet,
)
from sharpflow.joints.masks.unet_training import train_unet

SETTINGS: dict[str, Any] = {
    "kind": BodyPart.HAND,
    "filters": 4,
    "kernels": (3,),
    "batch": 4,
    "learning_rate": 1e-2,
    "patience": 10,
    "flip": True,
    "brightness": 0.1,
    "seed": 3,
}


def toy_radiographs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bright ellipses on a dark, noisy ground."""
    random = np.random.default_rng(seed)
    masks = np.zeros((count, 32, 24), np.uint8)
    for mask in masks:
        centre = tuple(int(random.integers(9, 15)) for _ in range(2))
        cv2.ellipse(mask, centre, (7, 9), 0, 0, 360, 255, cv2.FILLED)
    noise = random.normal(0, 15, masks.shape)
    return np.clip(np.where(masks > 0, 140, 60) + noise, 0, 255).astype(np.uint8), masks


def train(folder: Path, epochs: int, **changes: Any) -> pd.DataFrame:
    settings = SETTINGS | {"folder": folder, "checkpoints": folder / "checkpoints"} | changes
    return train_unet(*toy_radiographs(12, 1), *toy_radiographs(4, 2), epochs=epochs, **settings)


def weights(folder: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(folder / "model.keras").get_weights()


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
    import keras

    history = train(tmp_path, 12)
    assert history["epoch"].tolist() == list(range(1, 13))
    assert history["loss"].iloc[-1] < 0.6 * history["loss"].iloc[0]
    assert history["validation_dice"].iloc[-1] > 0.85
    radiographs, truth = toy_radiographs(6, 5)
    large = [
        cv2.resize(radiograph, (48, 64), interpolation=cv2.INTER_CUBIC)
        for radiograph in radiographs
    ]
    model = keras.saving.load_model(tmp_path / "model.keras")
    masks = predict_masks(model, large, batch=4)
    assert masks.shape == (6, 64, 48)
    assert set(np.unique(masks)) == {0, 255}
    agreement = (resize_masks_for_unet(masks, 32, 24) == truth).mean()
    assert agreement > 0.9


def test_stopped_and_resumed_training_gives_the_weights_of_an_unbroken_one(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", 3)
    train(tmp_path / "parts", 1)
    resumed = train(tmp_path / "parts", 3)
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)
    for one, other in zip(weights(tmp_path / "whole"), weights(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_chosen_mask_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    none = np.zeros((0, 32, 24), np.uint8)
    settings = SETTINGS | {"folder": tmp_path, "checkpoints": tmp_path, "epochs": 1}
    with pytest.raises(UserError, match="no chosen mask among the validation patients"):
        train_unet(*toy_radiographs(4, 1), none, none, **settings)


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
