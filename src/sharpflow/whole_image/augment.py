"""Augmentation of batches in torch, on the device (Bo et al., 2.2)."""

import torch


def normalise(batch: torch.Tensor, pixel_mean: float, pixel_sd: float) -> torch.Tensor:
    """Bytes (n, height, width) to float32 (n, 1, height, width) of mean 0 and SD 1.

    `pixel_mean` and `pixel_sd` are of pixels in [0, 1], over the training images.
    """
    return batch.to(torch.float32).mul_(1 / (255 * pixel_sd)).sub_(pixel_mean / pixel_sd)[:, None]


def augment(
    batch: torch.Tensor,
    generator: torch.Generator,
    *,
    pixel_mean: float,
    pixel_sd: float,
    flip: float = 0.5,
    dimmest: float = 0.9,
    brightest: float = 1.1,
) -> torch.Tensor:
    """Turn, flip, brighten and normalise square images, uint8 (n, size, size), on their device.

    Each image is turned by 0, 90, 180 or 270 degrees, all as likely; flipped left to right with
    probability `flip` (paper silent: 0.5); multiplied by a factor drawn evenly from `dimmest` to
    `brightest`, without clipping (paper silent), then normalised. Draws come from `generator` on
    the CPU, so that they are the same on every device. Gives float32 (n, 1, size, size).
    """
    n = len(batch)
    turns = torch.randint(4, (n,), generator=generator).tolist()
    flips = (torch.rand(n, generator=generator) < flip).tolist()
    factors = torch.empty(n).uniform_(dimmest, brightest, generator=generator)
    moved = torch.stack(
        [  # bytes are moved, a quarter of what floats would be
            torch.rot90(image.flip(1) if flipped else image, turn)
            for image, turn, flipped in zip(batch, turns, flips, strict=True)
        ]
    )
    scale = (factors / (255 * pixel_sd)).to(batch.device, non_blocking=True)
    values = moved.to(torch.float32).mul_(scale[:, None, None])
    return values.sub_(pixel_mean / pixel_sd)[:, None]
