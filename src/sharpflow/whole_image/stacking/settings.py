"""The settings of one stack; standard library only, so that the Snakefile can read them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StackSettings:
    """How a stack's members are chosen and its linear layer is fitted; the paper says neither.

    Attributes:
        members: "paper": the paper's. "validation": of each network the one that does best on
            validation images.
        fitted_on: the split whose images fit the layer. "validation", since the members have
            memorised what they trained on, and there the best memory would get the largest weight.
        epochs: 100, as for the networks.
        learning_rate: as for the networks.
        momentum: as for the networks.
        weight_decay: as for the networks.
    """

    members: Literal["paper", "validation"] = "paper"
    fitted_on: Literal["train", "validation"] = "validation"
    epochs: int = 100
    learning_rate: float = 0.001
    momentum: float = 0.9
    weight_decay: float = 0.001
