"""Entropy masks on synthetic shapes whose extent is known."""

import cv2
import numpy as np

from sharpflow.joints.masks.entropy_masks import entropy_mask
from sharpflow.joints.masks.regions import (
    drop_small_regions,
    fill_contours,
    fill_from_corners,
    radiograph_content,
)

HEIGHT, WIDTH, WINDOW = 200, 160, 7


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    return (
        2
        * np.count_nonzero((mask > 0) & (truth > 0))
        / (np.count_nonzero(mask) + np.count_nonzero(truth))
    )


def synthetic_limb() -> tuple[np.ndarray, np.ndarray]:
    """A textured paddle that enters from the bottom, on a smooth background; and its truth."""
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(truth, (80, 90), (45, 60), 0, 0, 360, 255, cv2.FILLED)
    cv2.rectangle(truth, (60, 120), (100, HEIGHT - 1), 255, cv2.FILLED)
    random = np.random.default_rng(1)
    texture = random.normal(140, 25, truth.shape).clip(1, 255)
    background = random.integers(10, 12, truth.shape)
    return np.where(truth > 0, texture, background).astype(np.uint8), truth


def test_finds_a_textured_limb_that_is_too_wide_by_half_a_window_at_most() -> None:
    radiograph, truth = synthetic_limb()
    mask = entropy_mask(radiograph, window=WINDOW, shrink=0)
    assert set(np.unique(mask)) == {0, 255}
    assert dice(mask, truth) > 0.93
    assert not (mask[cv2.erode(truth, np.ones((5, 5), np.uint8)) > 0] == 0).any()
    reach = cv2.dilate(truth, np.ones((WINDOW, WINDOW), np.uint8))
    assert not (mask[reach == 0] > 0).any()


def test_shrinking_moves_the_outline_but_not_where_the_limb_leaves_the_radiograph() -> None:
    radiograph, _ = synthetic_limb()
    paper = entropy_mask(radiograph, window=WINDOW, shrink=0)
    shrunk = entropy_mask(radiograph, window=WINDOW, shrink=0.4)
    depth = cv2.distanceTransform(
        cv2.copyMakeBorder(paper, 0, 9, 0, 0, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5
    )
    assert (shrunk[depth[:HEIGHT] > 5] == 255).all()
    assert not shrunk[depth[:HEIGHT] < 2].any()
    assert shrunk[-1, 80] == 255


def test_a_smooth_patch_within_the_limb_is_filled() -> None:
    radiograph, _ = synthetic_limb()
    cv2.circle(radiograph, (80, 90), 25, 140, cv2.FILLED)
    assert entropy_mask(radiograph, window=WINDOW)[90, 80] == 255


def test_small_regions_are_dropped_and_larger_ones_only_when_asked() -> None:
    radiograph, _ = synthetic_limb()
    noise = np.random.default_rng(2)
    radiograph[20:23, 8:11] = noise.integers(0, 255, (3, 3))
    radiograph[60:80, 5:20] = noise.integers(0, 255, (20, 15))
    mask = entropy_mask(radiograph, window=WINDOW, largest_only=False)
    assert mask[21, 9] == 0
    assert mask[70, 12] == 255
    assert entropy_mask(radiograph, window=WINDOW, largest_only=True)[70, 12] == 0


def test_padding_does_not_change_the_mask() -> None:
    radiograph, _ = synthetic_limb()
    padded = cv2.copyMakeBorder(radiograph, 30, 30, 50, 50, cv2.BORDER_CONSTANT, value=0)
    assert radiograph_content(padded) == (30, 30 + HEIGHT, 50, 50 + WIDTH)
    inside = entropy_mask(padded, window=WINDOW)[30:-30, 50:-50]
    np.testing.assert_array_equal(inside, entropy_mask(radiograph, window=WINDOW))


def test_a_radiograph_without_texture_gives_an_empty_mask() -> None:
    assert not entropy_mask(np.full((40, 30), 7, np.uint8), window=5).any()


def test_a_blocked_corner_does_not_stop_the_flood() -> None:
    mask = np.zeros((20, 20), np.uint8)
    cv2.rectangle(mask, (5, 5), (14, 14), 255, 1)
    mask[0, 0] = 255
    filled = fill_from_corners(mask)
    assert filled[10, 10] == 255
    assert filled[2, 2] == 0
    assert filled[0, 0] == 255


def test_contours_are_filled_and_shares_count_the_filled_area() -> None:
    mask = np.zeros((60, 60), np.uint8)
    cv2.rectangle(mask, (10, 10), (49, 49), 255, 1)
    mask[2:5, 2:5] = 255
    filled = fill_contours(mask)
    assert np.count_nonzero(filled) == 40 * 40 + 9
    assert np.count_nonzero(drop_small_regions(filled, 0.01)) == 40 * 40
    assert np.count_nonzero(drop_small_regions(filled, 0.005)) == 40 * 40 + 9
