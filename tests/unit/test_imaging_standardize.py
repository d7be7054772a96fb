"""Geometry and CLAHE of standardized radiographs."""

import cv2
import numpy as np
import pytest

from sharpflow.imaging.standardize import Placement, crop_resize_pad, standardize, standardize_mask

NOISE = np.random.default_rng(0).integers(0, 256, (160, 125), dtype=np.uint8)


def test_same_size_and_no_crop_change_nothing() -> None:
    image, placement = crop_resize_pad(NOISE, 160, 125, 0.0)
    np.testing.assert_array_equal(image, NOISE)
    assert placement == Placement(1.0, 0.0, 0.0)


def test_the_bottom_is_cropped() -> None:
    image, placement = crop_resize_pad(NOISE, 120, 125, 0.25)
    np.testing.assert_array_equal(image, NOISE[:120])
    assert placement == Placement(1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("shape", "size", "crop"),
    [
        ((160, 125), (75, 60), 0.1),
        ((1609, 1253), (1500, 1200), 0.1),
        ((90, 200), (150, 120), 0.25),
        ((300, 50), (150, 120), 0.0),
    ],
)
def test_a_point_of_the_radiograph_is_where_the_placement_says(
    shape: tuple[int, int], size: tuple[int, int], crop: float
) -> None:
    """A bright square's centre, found again to half a pixel; and back."""
    radiograph = np.zeros(shape, np.uint8)
    half = max(3, shape[0] // 20)
    cx, cy = int(shape[1] * 0.6), int(shape[0] * 0.55)
    radiograph[cy - half : cy + half, cx - half : cx + half] = 255
    image, placement = crop_resize_pad(radiograph, *size, crop)
    assert image.shape == size
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    weight = image.astype(float) / image.sum()
    found = (float((x * weight).sum()), float((y * weight).sum()))
    assert found == pytest.approx(placement.to_standard(float(cx), float(cy)), abs=0.75)
    assert placement.to_radiograph(*placement.to_standard(12.5, 30.0)) == pytest.approx(
        (12.5, 30.0)
    )


def test_the_radiograph_is_centred_and_padding_is_black() -> None:
    radiograph = np.full((100, 50), 200, np.uint8)
    for make in (crop_resize_pad, standardize):
        image, placement = make(radiograph, 100, 80, 0.0)
        assert placement == Placement(1.0, 15.0, 0.0)
        assert not image[:, :15].any()
        assert not image[:, 65:].any()
        assert image[:, 15:65].all()


def test_clahe_is_the_last_step_and_opencvs() -> None:
    expected = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(NOISE)
    image, _ = standardize(NOISE, 160, 125, 0.0)
    np.testing.assert_array_equal(image, expected)
    stronger, _ = standardize(NOISE, 160, 125, 0.0, clahe_clip=10.0, clahe_grid=4)
    assert (stronger != image).any()


def test_masks_take_the_same_road() -> None:
    radiograph = np.zeros((160, 125), np.uint8)
    radiograph[40:100, 30:90] = 1
    mask = standardize_mask(radiograph, 75, 60, 0.1)
    image, _ = crop_resize_pad(radiograph * 255, 75, 60, 0.1)
    assert set(np.unique(mask)) == {0, 255}
    assert np.mean((mask > 0) != (image > 127)) < 0.01


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8)])
def test_refuses_what_is_not_8_bit_grey(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        standardize(image, 10, 10, 0.0)


@pytest.mark.parametrize("crop", [-0.1, 1.0])
def test_refuses_a_crop_that_leaves_nothing(crop: float) -> None:
    with pytest.raises(ValueError, match="crop_bottom"):
        crop_resize_pad(NOISE, 10, 10, crop)
