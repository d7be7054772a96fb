"""What makes training views differ from each other: grey values and rough masks."""

import cv2
import numpy as np
import pytest
import torch

from sharpflow.joints.detection.grey_changes import change_grey
from sharpflow.joints.detection.rough_masks import RoughMasks, roughened


@pytest.fixture
def views() -> torch.Tensor:
    grey = torch.linspace(0.2, 1, 32 * 24).reshape(1, 1, 32, 24).repeat(6, 3, 1, 1)
    grey[:, :, :, :8] = 0
    return grey


def test_grey_changes_leave_the_ground_black_and_channels_alike(views: torch.Tensor) -> None:
    torch.manual_seed(1)
    changed = change_grey(views, 1.0)
    assert changed.shape == views.shape
    assert (changed[:, :, :, :8] == 0).all()
    assert float(changed.min()) >= 0 and float(changed.max()) <= 1
    assert torch.equal(changed[:, 0], changed[:, 2])
    assert all(not torch.equal(a, b) for a, b in zip(changed, views, strict=True))


def test_no_share_changes_no_view_and_one_seed_changes_all_alike(views: torch.Tensor) -> None:
    assert torch.equal(change_grey(views, 0.0), views)
    torch.manual_seed(1)
    first = change_grey(views, 0.5)
    torch.manual_seed(1)
    assert torch.equal(change_grey(views, 0.5), first)
    changed = sum(not torch.equal(a, b) for a, b in zip(first, views, strict=True))
    assert 0 < changed < len(views)


@pytest.fixture
def mask() -> np.ndarray:
    hand = np.zeros((240, 192), np.uint8)
    cv2.rectangle(hand, (60, 100), (130, 220), 255, -1)
    for finger in range(4):
        cv2.line(hand, (68 + 18 * finger, 110), (68 + 18 * finger, 40), 255, 9)
    return hand


def test_a_rough_mask_is_still_one_of_the_limb(mask: np.ndarray) -> None:
    for seed in range(30):
        rough = roughened(mask, np.random.default_rng(seed))
        assert rough.dtype == np.uint8 and set(np.unique(rough)) <= {0, 255}
        assert ((rough & mask) > 0).sum() > 0.6 * (mask > 0).sum()
        assert (rough[130:190, 70:120] == 255).all()  # the palm is never lost


def test_a_share_of_the_masks_is_rough_always_the_same_ones(mask: np.ndarray) -> None:
    rough = RoughMasks([mask] * 40, share=0.5, seed=1)
    again = RoughMasks([mask] * 40, share=0.5, seed=1)
    untouched = [np.array_equal(rough[number], mask) for number in range(40)]
    assert 10 < sum(untouched) < 30
    assert all(np.array_equal(rough[number], again[number]) for number in range(40))
    assert all(np.array_equal(m, mask) for m in RoughMasks([mask] * 5, share=0.0, seed=1))


def test_an_empty_mask_stays_empty() -> None:
    assert not RoughMasks([np.zeros((24, 20), np.uint8)], share=1.0, seed=1)[0].any()
