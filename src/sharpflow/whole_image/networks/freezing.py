"""Frozen stages (Bo et al., 2.4): up to and including a stack of blocks."""

from functools import partial

from torch import nn

from sharpflow.errors import UserError
from sharpflow.whole_image.experiment_types import Scheme

# In torchvision's names. A ResNet's stages are stem and layer1..layer4; MobileNetV2's stacks are
# the rows of its table of inverted residuals: features.0 is the stem, 1 the first stack (one
# block), 2-3 the second (two blocks), 4-6 the third (three blocks).
RESNET_STAGES = {"rbs1": ("conv1", "bn1", "layer1"), "rbs2": ("conv1", "bn1", "layer1", "layer2")}
MOBILENET_STAGES = {
    "irbs2": tuple(f"features.{block}" for block in range(4)),
    "irbs3": tuple(f"features.{block}" for block in range(7)),
}


def freeze(network: nn.Module, scheme: Scheme | None) -> None:
    """Freeze a network's first stages for good, in place; None freezes nothing.

    No gradient is computed for frozen weights, so neither momentum nor weight decay moves them.
    Their batch norms stay in evaluation mode whatever mode the network is put into: they
    normalise by the statistics of the pretraining and do not update them. With statistics of
    each batch, frozen layers would give other features for an image in training than in
    validation, and would not be frozen (the paper does not say; ours).
    UserError when the network has no such stages.
    """
    if scheme is None:
        return
    stages: tuple[str, ...] | None = RESNET_STAGES.get(scheme)
    if not hasattr(network, "layer1"):
        stages = MOBILENET_STAGES.get(scheme)
    if stages is None:
        raise UserError(
            f"{type(network).__name__} has no stages {scheme!r} to freeze; expected "
            f"{' or '.join(RESNET_STAGES)} for ResNets, {' or '.join(MOBILENET_STAGES)} for "
            "MobileNetV2."
        )
    for name in stages:
        stage = network.get_submodule(name)
        stage.requires_grad_(False)
        stage.eval()
        stage.train = partial(_stay_in_evaluation, stage)


def _stay_in_evaluation(stage: nn.Module, mode: bool = True) -> nn.Module:
    """Stand in for `stage.train`, which `network.train()` calls for all its stages."""
    del mode
    return nn.Module.train(stage, False)
