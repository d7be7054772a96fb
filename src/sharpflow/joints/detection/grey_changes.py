"""Grey values of training views changed at random, as hospitals' exposures and processing differ.

All ranges are ours. What lies outside the limb stays black.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

GAMMA = 0.6  # greatest logarithm of the exponent, either way
LIFTED = 0.35  # greatest share of the range by which dark tissue is lifted
SHADED = 0.3  # greatest deviation of the light across the view, relative
SHADES = 5  # points along each side between which it varies
NOISE = 0.07  # greatest standard deviation of noise, of the range
GRAIN = 2  # pixels of the coarse part of the noise
BLURRED, SHARPENED = 1.0, 1.5  # of the fine detail, taken away or added


def change_grey(views: "torch.Tensor", share: float) -> "torch.Tensor":
    """Change a share of views: gamma, contrast, shading, sharpness, noise.

    Args:
        views: (views, channels, height, width), 0 to 1, all channels alike, 0 outside the limb.
        share: of the views that are changed.

    Returns:
        Views of the same shape. What is random comes from torch's generator.
    """
    import torch
    from torch.nn import functional

    grey = views[:, :1]
    count, _, height, width = grey.shape

    def each(low: float, high: float) -> "torch.Tensor":
        return low + (high - low) * torch.rand(count, 1, 1, 1, device=grey.device)

    limb = grey > 0
    changed = grey ** torch.exp(each(-GAMMA, GAMMA))
    lift = each(0, LIFTED)
    changed = lift + (1 - lift) * changed
    shades = torch.randn(count, 1, SHADES, SHADES, device=grey.device)
    light = functional.interpolate(shades, (height, width), mode="bicubic", align_corners=True)
    changed = changed * (1 + each(0, SHADED) * light)
    smooth = functional.avg_pool2d(changed, 3, stride=1, padding=1)
    changed = changed + each(-BLURRED, SHARPENED) * (changed - smooth)
    fine = torch.randn_like(changed)
    coarse = torch.randn(count, 1, height // GRAIN, width // GRAIN, device=grey.device)
    coarse = functional.interpolate(coarse, (height, width), mode="bilinear")
    changed = changed + each(0, NOISE) * fine + each(0, NOISE) * coarse
    changed = changed.clamp(0, 1) * limb
    taken = torch.rand(count, 1, 1, 1, device=grey.device) < share
    return torch.where(taken, changed, grey).expand_as(views)
