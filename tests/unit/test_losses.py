"""Losses, severity classes and augmentation against values worked out by hand."""

import math

import numpy as np
import pytest
import torch

from sharpflow.joints.scoring.ordinal import decode, encode
from sharpflow.whole_image.data.augmentation import _turned, augment, jittered, normalise
from sharpflow.whole_image.severity_classes import LOWER_BOUNDS, class_of
from sharpflow.whole_image.training.lightning_module import rate_factor
from sharpflow.whole_image.training.losses import cross_entropy, mse, ordinal, smooth_loss


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)[:, None]


def test_smooth_loss_below_one_is_quadratic():
    # x = 0.5 and -0.2: 0.6 * 0.25 = 0.15, 0.6 * 0.04 = 0.024; mean 0.087
    assert smooth_loss(column(0.0, 1.0), torch.tensor([0.5, 0.8])).item() == pytest.approx(
        math.sqrt(0.087)
    )


def test_smooth_loss_mixes_both_pieces_under_one_root():
    # x = 3, -2, 0.5: 3 + 2 + 0.15 = 5.15; mean 1.71667
    loss = smooth_loss(column(0.0, 0.0, 0.0), torch.tensor([3.0, -2.0, 0.5]))
    assert loss.item() == pytest.approx(math.sqrt(5.15 / 3))


def test_smooth_loss_at_one_is_linear():
    assert smooth_loss(column(0.0), torch.tensor([1.0])).item() == 1.0
    assert smooth_loss(column(0.0), torch.tensor([0.999999])).item() < 0.78  # sqrt(0.6)


def test_smooth_loss_of_a_perfect_output_has_no_gradient():
    outputs = torch.tensor([[0.3]], requires_grad=True)
    loss = smooth_loss(outputs, torch.tensor([0.3]))
    loss.backward()
    assert loss.item() < 1e-18
    assert outputs.grad is not None
    assert outputs.grad.item() == 0.0


def test_mse_and_cross_entropy():
    assert mse(column(1.0, 2.0), torch.tensor([0.0, 4.0])).item() == 2.5
    even = cross_entropy(torch.zeros(3, 10), torch.tensor([0, 5, 9]))
    assert even.item() == pytest.approx(math.log(10))


def test_ordinal_loss_asks_for_the_cumulative_bits():
    classes = torch.arange(10)
    bits = torch.from_numpy(encode(np.arange(10), 10))
    right = 20 * bits - 10  # before the sigmoid
    assert ordinal(right, classes).item() == pytest.approx(math.log(1 + math.exp(-10)), abs=1e-6)
    assert (decode(torch.sigmoid(right).numpy()) == classes.numpy()).all()
    # A neighbour's bits are wrong in one of ten, those of class 9 for class 0 in nine.
    near, far = ordinal(right[[1]], classes[[0]]), ordinal(right[[9]], classes[[0]])
    assert far.item() == pytest.approx(9 * near.item(), rel=1e-3)


@pytest.mark.parametrize("number", range(10))
def test_class_bounds(number: int):
    lower = LOWER_BOUNDS[number]
    upper = (*LOWER_BOUNDS[1:], 281)[number]
    assert class_of([lower, lower + 0.5, upper - 0.5, upper - 1e-6]).tolist() == [number] * 4
    assert class_of(lower - 1e-6) == max(number - 1, 0)


def test_classes_of_unusual_totals():
    assert class_of([-3.2, 280, 500]).tolist() == [0, 9, 9]
    with pytest.raises(ValueError, match="not a number"):
        class_of([1.0, math.nan])


def image() -> torch.Tensor:
    return torch.randint(256, (6, 6), generator=torch.Generator().manual_seed(1)).to(torch.uint8)


def test_normalised_pixels():
    batch = torch.tensor([[[0, 255], [51, 102]]], dtype=torch.uint8)
    # (0, 1, 0.2, 0.4), less 0.4, over 0.2
    expected = torch.tensor([[[[-2.0, 3.0], [-1.0, 0.0]]]])
    assert torch.allclose(normalise(batch, 0.4, 0.2), expected, atol=1e-5)


def test_augmented_images_are_the_eight_poses_about_as_often():
    batch = image().repeat(800, 1, 1)
    moved = augment(
        batch,
        torch.Generator().manual_seed(3),
        pixel_mean=0.0,
        pixel_sd=1 / 255,
        dimmest=1.0,
        brightest=1.0,
    )
    poses = [torch.rot90(side, turn) for side in (image(), image().fliplr()) for turn in range(4)]
    same = torch.stack([(moved[:, 0].round() == pose).all((1, 2)) for pose in poses])
    assert (same.sum(0) == 1).all()
    assert (same.sum(1) > 60).all()
    assert (same.sum(1) < 140).all()  # 100 each; SD 9.4


def test_images_are_turned_as_asked():
    moved = augment(
        image().repeat(100, 1, 1),
        torch.Generator().manual_seed(3),
        pixel_mean=0.0,
        pixel_sd=1 / 255,
        rotations=[180],
        dimmest=1.0,
        brightest=1.0,
    )
    poses = [torch.rot90(side, 2) for side in (image(), image().fliplr())]
    same = torch.stack([(moved[:, 0].round() == pose).all((1, 2)) for pose in poses])
    assert same.any(0).all()
    assert same.any(1).all()


def test_intensity_is_one_factor_an_image_within_its_bounds():
    batch = torch.full((500, 2, 2), 200, dtype=torch.uint8)
    values = augment(batch, torch.Generator().manual_seed(3), pixel_mean=0.0, pixel_sd=1 / 255)
    factors = values[:, 0] / 200
    assert torch.equal(factors.amin((1, 2)), factors.amax((1, 2)))
    assert 0.9 <= factors.min() < 0.91
    assert 1.09 < factors.max() <= 1.1 + 1e-6


def dot() -> torch.Tensor:
    """Images with one bright blob a quarter of the side right of and below the middle."""
    values = torch.zeros(64, 64)
    values[44:52, 44:52] = 1.0
    return values.repeat(400, 1, 1)[:, None]


def test_jitter_moves_each_image_within_its_bounds():
    moved = jittered(dot(), torch.Generator().manual_seed(3), 0.1)
    assert moved.shape == dot().shape
    place = torch.linspace(-1, 1, 64)
    weight = moved.sum((1, 2, 3))
    right = (moved.sum((1, 2)) * place).sum(1) / weight
    down = (moved.sum((1, 3)) * place).sum(1) / weight
    # From 0.5: shifted by 0.1, 0.1 larger or smaller, turned by 0.1 radians about the middle.
    for coordinate in (right, down):
        assert (coordinate - 0.5).abs().max() < 0.1 / 0.9 + 0.05 / 0.9 + 0.06
        assert 0.05 < coordinate.std() < 0.1
        assert coordinate.mean().item() == pytest.approx(0.5, abs=0.02)
    size = weight / dot().sum((1, 2, 3))
    assert 1 / 1.1**2 - 0.03 < size.min() < 0.87
    assert 1.18 < size.max() < 1 / 0.9**2 + 0.03


def test_no_jitter_leaves_images_as_they_are():
    still = jittered(dot(), torch.Generator().manual_seed(3), 0.0)
    assert torch.allclose(still, dot(), atol=1e-4)
    one, same = (
        augment(
            image().repeat(9, 1, 1),
            torch.Generator().manual_seed(1),
            pixel_mean=0.3,
            pixel_sd=0.2,
            **settings,
        )
        for settings in ({}, {"jitter": 0.0})
    )
    assert torch.equal(one, same)


def test_augmentation_comes_from_the_generator_alone():
    batch = image().repeat(9, 1, 1)
    one, same, other = (
        augment(batch, torch.Generator().manual_seed(seed), pixel_mean=0.3, pixel_sd=0.2)
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(batch[0], image())


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("flipped", [False, True])
def test_a_processor_turns_images_as_torch_does(turn, flipped):
    image = torch.arange(36, dtype=torch.uint8).reshape(6, 6)
    expected = torch.rot90(image.flip(1) if flipped else image, turn)
    found = _turned(image.numpy(), turn, flipped=flipped)
    assert (torch.from_numpy(np.ascontiguousarray(found)) == expected).all()


def test_the_cosine_rises_over_a_tenth_and_falls_towards_zero():
    rates = [rate_factor("cosine", step, 40) for step in range(40)]
    assert np.allclose(rates[:4], [0.25, 0.5, 0.75, 1])
    assert rates[3 + 37 // 2] > 0.5 > rates[3 + 37 // 2 + 1]  # halfway down
    assert (np.diff(rates[3:]) < 0).all()
    assert 0 < rates[-1] < 0.01


def test_a_short_cosine_begins_at_the_first_rate():
    rates = [rate_factor("cosine", step, 4) for step in range(4)]
    falling = [0.5 * (1 + np.cos(np.pi * step / 4)) for step in range(4)]
    assert np.allclose(rates, falling)
    assert rate_factor("constant", 4, 4) == 1
