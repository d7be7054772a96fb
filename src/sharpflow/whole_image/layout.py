"""How a network is laid out for the hardware: precision and memory format."""

from typing import Literal

import torch
from torch import nn

from sharpflow.hardware import Precision, uses_bfloat16
from sharpflow.whole_image.grid import NetworkRow

Choice = bool | Literal["auto"]


def wants_bfloat16(row: NetworkRow, precision: Precision, device: str) -> bool:
    """Whether a row's network multiplies in bfloat16 on a device."""
    del row
    return uses_bfloat16(precision, device)


def ready_network(row: NetworkRow, network: nn.Module, channels_last: Choice) -> nn.Module:
    """The network with its weights in the wanted memory format; "auto": channels last."""
    del row
    if channels_last is False:
        return network
    return network.to(memory_format=torch.channels_last)
