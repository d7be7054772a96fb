"""Losses of Bo et al. (2.3), and an ordinal one, by name."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch.nn import functional

from sharpflow.joints.scoring.ordinal import encode
from sharpflow.whole_image.experiment_types import Loss

# Outputs (n, 1) and z-scored targets (n,), or outputs (n, classes) and class numbers (n,).
LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def mse(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error of outputs (n, 1) against targets (n,)."""
    return functional.mse_loss(outputs[:, 0], targets)


def smooth_loss(
    outputs: torch.Tensor, targets: torch.Tensor, a: float = 0.6, b: float = 0.0, c: float = 1.0
) -> torch.Tensor:
    """Root of the mean of a x^2 where |x| < c, else |x| - b; x = target - output.

    Bo et al., equations 1 and 2, after Wang et al. (Complexity 2022). The root has no slope at
    exactly 0; there the gradient is 0 (ours).
    """
    size = (targets - outputs[:, 0]).abs()
    mean = torch.where(size < c, a * size.square(), size - b).mean()
    return mean.clamp_min(torch.finfo(mean.dtype).tiny).sqrt()


def cross_entropy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of class scores (n, classes) before softmax and class numbers (n,)."""
    return functional.cross_entropy(outputs, targets)


def ordinal(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of cumulative bits, outputs (n, classes) before the sigmoid.

    The code is that of the joint models: class k is k + 1 ones, then zeros. It answers the wish
    of Bo et al.'s discussion for a loss that knows the order of the classes (ours).
    """
    classes = outputs.shape[1]
    bits = torch.from_numpy(encode(np.arange(classes), classes)).to(outputs.device)[targets]
    return functional.binary_cross_entropy_with_logits(outputs, bits)


LOSSES: Mapping[Loss, LossFunction] = {
    "mse": mse,
    "smooth": smooth_loss,
    "cross_entropy": cross_entropy,
    "ordinal": ordinal,
}
