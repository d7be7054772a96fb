"""What an experiment on whole images is: a trained network, a stack of some, or a binned stack.

Only the standard library is imported: the workflow reads the experiments while it is parsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

Network = Literal["resnet50", "resnet34", "mobilenetv2", "resnetdwise50"]
Task = Literal["bone_age", "total", "severity"]
Loss = Literal["mse", "smooth", "cross_entropy", "ordinal"]
Scheme = Literal["rbs1", "rbs2", "irbs2", "irbs3"]
Sampling = Literal["shuffled", "balanced"]
Group = Literal["pretraining", "baseline", "transfer", "stack", "binned", "further"]
Principle = Literal["total", "all", "single"]
Members = Literal["paper", "validation"]

NETWORKS: tuple[Network, ...] = ("resnet50", "resnet34", "mobilenetv2")
SEVERITY_OUTPUTS = 10

# As the paper's tables print them.
PRINTED_NETWORKS: Mapping[Network, str] = {
    "resnet50": "ResNet-50",
    "resnet34": "ResNet-34",
    "mobilenetv2": "MobileNetV2",
    "resnetdwise50": "ResNet-Dwise50",
}
PRINTED_LOSSES: Mapping[Loss, str] = {"mse": "MSE", "smooth": "Smooth", "ordinal": "Ordinal"}
PRINTED_SCHEMES: Mapping[Scheme | None, str] = {
    None: "No",
    "rbs1": "RBs-1",
    "rbs2": "RBs-2",
    "irbs2": "IRBs-2",
    "irbs3": "IRBs-3",
}
PRINTED_PRINCIPLES: Mapping[Principle, str] = {
    "total": "",
    "all": "All classes",
    "single": "Single class",
}


@dataclass(frozen=True)
class Label:
    """The first columns of the paper's table; empty where it has no such column."""

    model: str
    loss: str = ""
    freezing: str = ""
    principle: str = ""
    batch: str = ""


@dataclass(frozen=True)
class NetworkExperiment:
    """A network that is trained: on what, from which weights, with which loss."""

    name: str
    group: Group
    task: Task
    network: Network
    loss: Loss
    batch: int
    label: Label = Label("")
    start: str | None = None  # the pretraining whose weights it begins with; None: random ones
    freeze: Scheme | None = None
    sampling: Sampling = "shuffled"

    @property
    def outputs(self) -> int:
        """Size of the last layer."""
        return SEVERITY_OUTPUTS if self.task == "severity" else 1

    @property
    def cohort(self) -> str:
        """The cohort it is trained on: "bone_age" or "whole_image"."""
        return "bone_age" if self.task == "bone_age" else "whole_image"


@dataclass(frozen=True)
class StackExperiment:
    """A linear layer over the outputs of trained networks: the paper's three, or two."""

    name: str
    group: Group
    task: Task
    principle: Principle
    batch: int
    members: tuple[str, ...]  # the paper's: one of each network, in the order of NETWORKS
    label: Label
    cohort: ClassVar[str] = "whole_image"


@dataclass(frozen=True)
class BinnedExperiment:
    """A stack's predicted totals, put into severity classes."""

    name: str
    group: Group
    task: Task
    stack: str
    label: Label
    cohort: ClassVar[str] = "whole_image"


Experiment = NetworkExperiment | StackExperiment | BinnedExperiment
