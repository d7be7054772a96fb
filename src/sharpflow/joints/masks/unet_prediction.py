"""Masks from a trained U-Net, and masking of radiographs (Tan et al., 2.3.2)."""

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.joints.masks.regions import fill_contours, keep_largest

Image = npt.NDArray[np.uint8]


def resize_for_unet(images: Iterable[Image], height: int, width: int) -> Image:
    """Shrink radiographs to the network's size: uint8 (n, height, width)."""
    shrunk = [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in images]
    return np.stack(shrunk) if shrunk else np.zeros((0, height, width), np.uint8)


def resize_masks_for_unet(masks: Iterable[Image], height: int, width: int) -> Image:
    """Shrink 0/255 masks to the network's size: white where at least half of a pixel is limb."""
    shrunk = resize_for_unet(masks, height, width)
    return np.where(shrunk >= 128, 255, 0).astype(np.uint8)


def as_input(images: Image) -> npt.NDArray[np.float32]:
    """The network's input, float32 (n, height, width, 1) in [0, 1], of uint8 (n, height, width)."""
    return (images.astype(np.float32) / np.float32(255.0))[..., np.newaxis]


def predict_masks(model: Any, images: Sequence[Image] | Image, *, batch: int) -> Image:
    """Segment radiographs of full size.

    `images` are uint8 (height, width) radiographs of one size, any sequence of them. They are
    shrunk to the network's size, and `mask_of` makes masks of what it gives. Returns 0/255 masks,
    uint8 (n, height, width).
    """
    _, height, width, _ = model.input_shape
    masks = []
    for start in range(0, len(images), batch):
        radiographs = [images[index] for index in range(start, min(start + batch, len(images)))]
        inputs = as_input(resize_for_unet(radiographs, height, width))
        probabilities = predict_probabilities(model, inputs, batch)[..., 0]
        for radiograph, probability in zip(radiographs, probabilities, strict=True):
            masks.append(mask_of(probability, *radiograph.shape))
    return np.stack(masks)


def mask_of(probability: npt.NDArray[np.float32], height: int, width: int) -> Image:
    """The mask of a radiograph, uint8 0 or 255 (height, width), from the network's output.

    `probability` is of limb, at the network's size. It is enlarged bilinearly before it is cut at
    0.5, so the outline is smooth. The largest region is kept and its holes are filled (ours), since
    a radiograph of this pipeline shows one limb.
    """
    full = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
    return fill_contours(keep_largest(np.where(full >= 0.5, 255, 0).astype(np.uint8)))


def predict_probabilities(
    model: Any, inputs: npt.NDArray[np.float32], batch: int
) -> npt.NDArray[np.float32]:
    """The network's output for (n, height, width, 1), in batches that all have one shape.

    A last batch of another size would make the backend compile the network again.
    """
    blank = np.zeros((-len(inputs) % batch, *inputs.shape[1:]), np.float32)
    filled = np.concatenate([inputs, blank])
    parts = [
        np.asarray(model.predict_on_batch(filled[start : start + batch]))
        for start in range(0, len(filled), batch)
    ]
    return np.concatenate(parts)[: len(inputs)]


def apply_mask(image: Image, mask: Image) -> Image:
    """The radiograph with everything outside the 0/255 mask black; both uint8 of one shape."""
    masked: Image = cv2.bitwise_and(image, mask)
    return masked
