"""How a network is laid out for the hardware: precision and memory format."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

from sharpflow.hardware import Precision, uses_bfloat16
from sharpflow.whole_image.experiment_types import NetworkExperiment

Choice = bool | Literal["auto"]
DEPTHWISE = ("mobilenetv2", "resnetdwise50")


def wants_bfloat16(experiment: NetworkExperiment, precision: Precision, device: str) -> bool:
    """Whether an experiment's network multiplies in bfloat16 on a device while it is trained.

    "auto" asks the hardware, but leaves networks of depthwise convolutions in float32 on
    processors: bfloat16 there is a tenth slower, while it makes ResNets 1.5 to 1.9 times as fast.
    """
    if precision == "auto" and device == "cpu" and experiment.network in DEPTHWISE:
        return False
    return uses_bfloat16(precision, device)


def device_here() -> str:
    """The device on which this process trains, as torch names it."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def full_float32(device: str) -> Iterator[None]:
    """Compute in float32 with all its bits, whatever the precision of training.

    No autocast on `device` (as torch names it), and no TF32 on GPUs, which by torch's default
    rounds the factors of convolutions to 10 bits of mantissa. Every prediction is made in here:
    what tables, scores, stacks and the choice of an epoch read does not depend on how fast a
    machine multiplies.
    """
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    allowed = convolutions.allow_tf32, products.allow_tf32
    convolutions.allow_tf32 = products.allow_tf32 = False
    try:
        with torch.autocast(device, enabled=False):
            yield
    finally:
        convolutions.allow_tf32, products.allow_tf32 = allowed


def ready_network(network: nn.Module, channels_last: Choice) -> nn.Module:
    """The network with its weights in the wanted memory format; "auto": channels last.

    It is faster on GPUs and, by up to a fifth, on processors.
    """
    if channels_last is False:
        return network
    return network.to(memory_format=torch.channels_last)
