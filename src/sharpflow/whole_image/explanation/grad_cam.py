"""Where a whole-image network looks: Grad-CAM before the fully connected layer.

Bo et al., section 2.6; Selvaraju et al., Grad-CAM, ICCV 2017. For totals it is the gradient of the
output, that is of a higher total; for classes that of the predicted class's output (the paper does
not say which class).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def last_activation(network: "torch.nn.Module") -> "torch.nn.Module":
    """The module whose output is the last activation map: ResNet's layer4, MobileNetV2's features.

    The network may hold the torchvision one inside it.

    Raises:
        ValueError: the network has neither.
    """
    import torch

    for module in network.modules():
        if isinstance(found := getattr(module, "layer4", None), torch.nn.Module):
            return found
        if isinstance(found := getattr(module, "features", None), torch.nn.Sequential):
            return found[-1]
    raise ValueError(
        f"{type(network).__name__} has neither layer4 (ResNet) nor features (MobileNetV2): "
        "say in last_activation which of its modules gives the last activation map"
    )


def coarse_heat(
    network: "torch.nn.Module",
    images: NDArray[np.uint8],
    *,
    pixel_mean: float,
    pixel_sd: float,
    outputs: Sequence[int],
    batch: int = 8,
) -> NDArray[np.float32]:
    """Grad-CAM at the size of the last activation map, negative parts set to 0.

    Args:
        network: takes float images (n, 1, size, size), normalised; gives (n, outputs). It is put
            back into the mode that it had, and runs in float32 on the device on which it is.
        images: (n, size, size) grey; may be memory-mapped.
        pixel_mean: of the training images, of pixels in [0, 1].
        pixel_sd: likewise.
        outputs: for each image which output is explained: 0, the only one, of a regression; the
            predicted class, which with the ordinal loss is not the highest output.
        batch: images at once.

    Returns:
        (n, rows, columns), 0 and more; an image is all 0 where nothing speaks for the output.
    """
    import torch
    from captum.attr import LayerGradCam

    from sharpflow.whole_image.networks.layout import full_float32

    device = next(network.parameters()).device
    explain = LayerGradCam(network, last_activation(network)).attribute
    was_training = network.training
    weights = list(network.parameters())
    learned = [weight.requires_grad for weight in weights]
    network.eval()
    # Else the outputs of all layers are kept, to go back to their weights; the map is enough.
    network.requires_grad_(False)
    heat = []
    try:
        for first in range(0, len(images), batch):
            pixels = torch.from_numpy(np.array(images[first : first + batch], np.float32))
            normalised = ((pixels / 255 - pixel_mean) / pixel_sd)[:, None].to(device)
            target = torch.as_tensor(list(outputs[first : first + batch]), device=device)
            with full_float32(device.type):
                maps = explain(normalised, target, relu_attributions=True)
            heat.append(maps[:, 0].detach().cpu())
    finally:
        network.train(was_training)
        for weight, learns in zip(weights, learned, strict=True):
            weight.requires_grad_(learns)
    return np.concatenate([part.numpy() for part in heat]) if heat else np.zeros((0, 1, 1), "f4")


def enlarge(heat: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Coarse maps (n, rows, columns) to (n, size, size), bilinear, each scaled to 0 to 1.

    Scaled by its top: 0 stays 0, so an image without heat is all 0.
    """
    import torch
    from torch.nn.functional import interpolate

    if not len(heat):
        return np.zeros((0, size, size), np.float32)
    maps = torch.from_numpy(np.ascontiguousarray(heat))[:, None]
    large: NDArray[np.float32] = interpolate(
        maps, (size, size), mode="bilinear", align_corners=False
    )[:, 0].numpy()
    top = large.max(axis=(1, 2), keepdims=True)
    return (large / np.where(top > 0, top, 1)).astype(np.float32)
