"""Augmentation of batches in torch, on the device (Bo et al., 2.2)."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from sharpflow.whole_image.data.packing import scale_and_shift


def normalise(batch: torch.Tensor, pixel_mean: float, pixel_sd: float) -> torch.Tensor:
    """Scale the pixels of images to mean 0 and SD 1.

    Args:
        batch: images, bytes (n, height, width).
        pixel_mean: of pixels in [0, 1], over the training images.
        pixel_sd: likewise.

    Returns:
        float32 (n, 1, height, width).
    """
    scale, shift = scale_and_shift(pixel_mean, pixel_sd)
    return batch.to(torch.float32).mul_(scale).sub_(shift)[:, None]


def augment(
    batch: torch.Tensor,
    generator: torch.Generator,
    *,
    pixel_mean: float,
    pixel_sd: float,
    rotations: Sequence[int] = (0, 90, 180, 270),
    jitter: float = 0.0,
    flip: float = 0.5,
    dimmest: float = 0.9,
    brightest: float = 1.1,
) -> torch.Tensor:
    """Turn, flip, brighten, normalise and jitter square images on their device.

    Args:
        batch: images, bytes (n, size, size).
        generator: on the CPU, so that the random numbers are the same on every device.
        pixel_mean: of pixels in [0, 1], over the training images.
        pixel_sd: likewise.
        rotations: degrees, all as likely; the paper's by default.
        jitter: as for `jittered` (not in the paper).
        flip: probability that an image is flipped left to right (paper silent: 0.5).
        dimmest: each image is multiplied by a factor sampled evenly from here to `brightest`,
            without clipping (paper silent), before it is normalised.
        brightest: likewise.

    Returns:
        float32 (n, 1, size, size).
    """
    n = len(batch)
    chosen = torch.randint(len(rotations), (n,), generator=generator).tolist()
    quarters = [rotations[index] // 90 for index in chosen]
    flips = (torch.rand(n, generator=generator) < flip).tolist()
    factors = torch.empty(n).uniform_(dimmest, brightest, generator=generator)
    scales, shift = factors / (255 * pixel_sd), pixel_mean / pixel_sd
    if batch.device.type == "cpu":
        values = _augment_by_table(batch, quarters, flips, scales, shift)
        return jittered(values, generator, jitter) if jitter else values
    moved = torch.stack(
        [  # bytes are moved, a quarter of what floats would be
            torch.rot90(image.flip(1) if flipped else image, turn)
            for image, turn, flipped in zip(batch, quarters, flips, strict=True)
        ]
    )
    scale = scales.to(batch.device, non_blocking=True)
    values = moved.to(torch.float32).mul_(scale[:, None, None]).sub_(shift)[:, None]
    return jittered(values, generator, jitter) if jitter else values


def jittered(values: torch.Tensor, generator: torch.Generator, jitter: float) -> torch.Tensor:
    """Enlarge or shrink, turn and shift each image at random, as radiographs of hands vary.

    Args:
        values: images, (n, 1, size, size).
        generator: on the CPU.
        jitter: the largest change: of the size as a share (sampled evenly from 1 - jitter to 1 +
            jitter), of the angle in radians (likewise from -jitter), and of the place across and
            down as a share of half the side. Pixels from outside repeat the border.

    Returns:
        (n, 1, size, size), on the same device.
    """
    random = torch.empty(4, len(values)).uniform_(-jitter, jitter, generator=generator)
    scale, angle, across, down = 1 + random[0], random[1], random[2], random[3]
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = [torch.stack([cosine, -sine, across], 1), torch.stack([sine, cosine, down], 1)]
    places = torch.stack(rows, 1).to(values.device)
    grid = functional.affine_grid(places, list(values.shape), align_corners=False)
    return functional.grid_sample(values, grid, padding_mode="border", align_corners=False)


def _augment_by_table(
    batch: torch.Tensor, rotations: list[int], flips: list[bool], scales: torch.Tensor, shift: float
) -> torch.Tensor:
    """The same values on a processor, half as fast again: OpenCV rotates and looks greys up."""
    tables = (torch.arange(256, dtype=torch.float32) * scales[:, None]).sub_(shift).numpy()
    values = torch.empty(batch.shape, dtype=torch.float32)
    for image, turn, flipped, table, out in zip(
        batch.numpy(), rotations, flips, tables, values.numpy(), strict=True
    ):
        cv2.LUT(_turned(image, turn, flipped=flipped), table, dst=out)
    return values[:, None]


def _turned(image: npt.NDArray[np.uint8], turn: int, *, flipped: bool) -> npt.NDArray[np.uint8]:
    """Flip an image left to right if asked, then turn it by so many quarters, as torch.rot90."""
    if turn % 2:  # a flip before a transpose is the other flip after it
        image = np.asarray(cv2.transpose(image), np.uint8)
        upside, sideways = (turn == 1) != flipped, turn == 3
    else:
        upside, sideways = turn == 2, (turn == 2) != flipped
    codes = {(True, True): -1, (True, False): 0, (False, True): 1}
    code = codes.get((upside, sideways))
    return image if code is None else np.asarray(cv2.flip(image, code), np.uint8)
