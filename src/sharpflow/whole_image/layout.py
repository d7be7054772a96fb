"""How a network is laid out for the hardware: precision and memory format."""

from typing import Literal

import torch
from torch import nn

from sharpflow.hardware import Precision, uses_bfloat16
from sharpflow.whole_image.grid import NetworkRow

Choice = bool | Literal["auto"]
DEPTHWISE = ("mobilenetv2", "resnetdwise50")


def wants_bfloat16(row: NetworkRow, precision: Precision, device: str) -> bool:
    """Whether a row's network multiplies in bfloat16 on a device.

    "auto" asks the hardware, but leaves networks of depthwise convolutions in float32 on
    processors: bfloat16 there is a tenth slower, while it makes ResNets 1.5 to 1.9 times as fast.
    """
    if precision == "auto" and device == "cpu" and row.network in DEPTHWISE:
        return False
    return uses_bfloat16(precision, device)


def ready_network(network: nn.Module, channels_last: Choice) -> nn.Module:
    """The network with its weights in the wanted memory format; "auto": channels last.

    It is faster on GPUs and, by up to a fifth, on processors.
    """
    if channels_last is False:
        return network
    return network.to(memory_format=torch.channels_last)
