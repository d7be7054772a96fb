"""The networks of Bo et al. (2.3), from torchvision, with random weights."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torchvision import models

from sharpflow.errors import UserError
from sharpflow.whole_image.experiment_types import Network
from sharpflow.whole_image.networks.dwise import resnet_dwise50

BUILDERS: Mapping[Network, Callable[..., Any]] = {
    "resnet50": models.resnet50,
    "resnet34": models.resnet34,
    "mobilenetv2": models.mobilenet_v2,
    "resnetdwise50": resnet_dwise50,
}


def build_network(name: Network, outputs: int, seed: int) -> nn.Module:
    """A network with random weights for grey images, (n, 1, size, size) -> (n, outputs).

    Layers and initial weights are torchvision's; only the last layer's size differs. The network
    takes 3 channels, as the paper's did: a grey image is repeated at its input. The paper starts
    its baselines from random weights, not from ImageNet's. The last layer begins at 0 (ours): the
    first outputs are then the training mean, or all classes alike, and the first steps don't shake
    what lies below, which few radiographs have no time to mend. The last layer multiplies in
    float32
    whatever the precision: bfloat16 would round a total of 100 to half a point. The global
    generator is left as it was.
    """
    if name not in BUILDERS:
        raise UserError(f"network is {name!r}; expected one of {', '.join(BUILDERS)}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = BUILDERS[name](num_classes=outputs)
    last = last_layer(network)
    network.set_submodule(last, _Float32Linear.of(network.get_submodule(last)))
    network.register_forward_pre_hook(_repeat_grey)
    return network


class _Float32Linear(nn.Linear):  # type: ignore[misc]
    @classmethod
    def of(cls, layer: nn.Linear) -> "_Float32Linear":
        with torch.random.fork_rng(devices=[]):
            own = cls(layer.in_features, layer.out_features)
        nn.init.zeros_(own.weight)
        nn.init.zeros_(own.bias)
        return own

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.float())


def _repeat_grey(_network: nn.Module, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
    images = inputs[0]
    return (images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images,)


def last_layer(network: nn.Module) -> str:
    """Name of the last layer, as its weights begin: "fc" of a ResNet, "classifier.1"."""
    linear = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    return str(linear[-1])


def transfer_weights(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Take all weights and batch-norm statistics from `state`, but not the last layer's.

    The last layer answers another question (months) and keeps its own weights (ours; the
    paper only says that weights were transferred). UserError when `state` is of another network.
    """
    last = last_layer(network) + "."
    own = network.state_dict()
    kept = {name for name in own if name.startswith(last)}
    shapes = {name: tuple(own[name].shape) for name in own if name not in kept}
    given = {name: tuple(state[name].shape) for name in state if name not in kept}
    if shapes != given:
        odd = sorted(name for name in shapes | given if shapes.get(name) != given.get(name))
        raise UserError(
            f"the weights to start from are of another network: {len(odd)} layers differ, the "
            f"first is {odd[0]!r}. Give the pretraining of this network."
        )
    network.load_state_dict({name: state[name] for name in shapes} | {n: own[n] for n in kept})
