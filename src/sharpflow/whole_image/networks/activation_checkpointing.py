"""Activation checkpointing: a training that keeps less and computes more, and learns the same.

Chen et al., Training Deep Nets with Sublinear Memory Cost, arXiv 1604.06174. What the layers of a
block give is needed twice, in the forward pass and for the gradient. Kept in between, it fills a
GPU (ResNet-50 at 1024 pixels and a batch of 16: about 28 GB in float32). Here only what goes into a
block is kept, and the block runs again when its gradient is due.

Smaller batches whose gradients are added up would fit too, but are not the same: batch norms would
then see the small batches.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

STAGES = ("layer1", "layer2", "layer3", "layer4", "features")  # ResNet's; MobileNetV2's


def recompute_blocks(network: nn.Module) -> None:
    """Let each block of a network forget its activations until its gradient is due, in place.

    Blocks are ResNet's residual and MobileNetV2's inverted ones, with the convolutions around the
    latter. A step gives the same gradients, to the byte on a processor, and the same running
    statistics: a block's second run normalises by the batch like the first, but counts for
    nothing. It takes about a third more time. Frozen blocks keep nothing and stay as they are, and
    so does a network that only predicts. Names of weights do not change.
    """
    for name in STAGES:
        for block in getattr(network, name, ()):
            if any(weight.requires_grad for weight in block.parameters()):
                block.forward = partial(_run, block)


def _run(block: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Stand in for `block.forward`."""
    forward = partial(type(block).forward, block)  # a method would name its stand-in when pickled
    if not torch.is_grad_enabled():
        return forward(x)
    contexts = partial(_contexts, block)
    output: torch.Tensor = checkpoint(forward, x, use_reentrant=False, context_fn=contexts)
    return output


def _contexts(
    block: nn.Module,
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """What the first run of a block and its second are made in."""
    norms = [module for module in block.modules() if isinstance(module, _BatchNorm)]
    return nullcontext(), _without_counting(norms)


@contextmanager
def _without_counting(norms: Iterable[nn.Module]) -> Iterator[None]:
    """Let batch norms count a batch on copies of their running statistics, which are thrown away.

    Without any to count on they would give the same, but keep fewer tensors than in the first run,
    which torch takes for a fault.
    """
    kept = [(norm, dict(norm._buffers)) for norm in norms]
    for norm, buffers in kept:
        norm._buffers.update(
            {name: value.clone() for name, value in buffers.items() if value is not None}
        )
    try:
        yield
    finally:
        for norm, buffers in kept:
            norm._buffers.update(buffers)
