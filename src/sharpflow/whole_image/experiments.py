"""The rows of Bo et al.'s Tables 1 and 2, their pretrainings, and rows for the paper's wishes.

One typed list. An experiment's name is its folder; an experiment that is added here needs no new
rule. Only the
standard library is imported: the workflow reads them while it is parsed.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sharpflow.errors import UserError

Network = Literal["resnet50", "resnet34", "mobilenetv2", "resnetdwise50"]
Task = Literal["bone_age", "total", "severity"]
Loss = Literal["mse", "smooth", "cross_entropy", "ordinal"]
Scheme = Literal["rbs1", "rbs2", "irbs2", "irbs3"]
Group = Literal["pretraining", "baseline", "transfer", "stack", "binned", "further"]
Principle = Literal["total", "all", "single"]

NETWORKS: tuple[Network, ...] = ("resnet50", "resnet34", "mobilenetv2")
PRINTED_NETWORKS: Mapping[Network, str] = {
    "resnet50": "ResNet-50",
    "resnet34": "ResNet-34",
    "mobilenetv2": "MobileNetV2",
    "resnetdwise50": "ResNet-Dwise50",
}
SEVERITY_OUTPUTS = 10


@dataclass(frozen=True)
class Label:
    """What the paper's table prints in a row's first columns; empty where it has no such column."""

    model: str
    loss: str = ""
    freezing: str = ""
    principle: str = ""
    batch: str = ""


@dataclass(frozen=True)
class PaperValues:
    """The paper's test results; None where its table has no such column or experiment."""

    pcc: float | None = None
    mae: float | None = None  # score points, or classes
    rmse: float | None = None
    accuracy: float | None = None  # fraction
    balanced_accuracy: float | None = None


@dataclass(frozen=True)
class NetworkExperiment:
    """A network that is trained: on what, from which weights, with which loss."""

    name: str
    group: Group
    task: Task
    network: Network
    loss: Loss
    batch: int
    label: Label
    paper: PaperValues = PaperValues()
    start: str | None = (
        None  # the pretraining experiment whose weights it begins with; None: random
    )
    freeze: Scheme | None = None
    sampling: Literal["shuffled", "balanced"] = "shuffled"

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
    """A linear layer over the outputs of three trained networks."""

    name: str
    group: Group
    task: Task
    principle: Principle
    batch: int
    members: tuple[str, ...]  # the paper's, one of each network, in the order of NETWORKS
    label: Label
    paper: PaperValues = PaperValues()

    @property
    def cohort(self) -> str:
        """The cohort it is fitted on."""
        return "whole_image"


@dataclass(frozen=True)
class BinnedExperiment:
    """A stack's predicted totals, put into severity classes."""

    name: str
    group: Group
    task: Task
    stack: str
    label: Label
    paper: PaperValues = PaperValues()

    @property
    def cohort(self) -> str:
        """The cohort its predictions are of."""
        return "whole_image"


Experiment = NetworkExperiment | StackExperiment | BinnedExperiment

# Table 1: (pcc, mae, rmse). Table 2: (accuracy, balanced accuracy, pcc, mae, rmse).
_REGRESSION_BASELINES: Mapping[tuple[Network, Loss, int], tuple[float, float, float]] = {
    ("resnet50", "smooth", 4): (0.838, 16.87, 26.02),
    ("resnet50", "mse", 4): (0.885, 15.33, 22.72),
    ("resnet50", "mse", 16): (0.895, 17.65, 23.26),
    ("resnet34", "smooth", 4): (0.828, 16.9, 27.14),
    ("resnet34", "mse", 4): (0.876, 15.11, 22.7),
    ("resnet34", "mse", 16): (0.885, 17.1, 22.89),
    ("mobilenetv2", "smooth", 4): (0.877, 14.96, 23.11),
    ("mobilenetv2", "mse", 4): (0.877, 14.84, 22.72),
    ("mobilenetv2", "mse", 16): (0.903, 14.99, 20.48),
}
_REGRESSION_TRANSFERS: Mapping[tuple[Network, Scheme | None], tuple[float, float, float]] = {
    ("resnet50", None): (0.907, 12.97, 20.14),
    ("resnet50", "rbs1"): (0.918, 13.58, 18.88),
    ("resnet50", "rbs2"): (0.908, 13.53, 19.86),
    ("resnet34", None): (0.912, 13.84, 19.78),
    ("resnet34", "rbs1"): (0.902, 14.74, 20.57),
    ("resnet34", "rbs2"): (0.9, 13.68, 20.72),
    ("mobilenetv2", None): (0.898, 14.02, 20.95),
    ("mobilenetv2", "irbs2"): (0.898, 13.97, 20.81),
    ("mobilenetv2", "irbs3"): (0.907, 13.59, 19.93),
}
_REGRESSION_STACKS: Mapping[int, tuple[float, float, float]] = {
    4: (0.925, 12.63, 18.17),
    16: (0.925, 12.57, 18.02),
}
_Five = tuple[float, float, float, float, float]
_SEVERITY_BASELINES: Mapping[tuple[Network, int], _Five] = {
    ("resnet50", 4): (0.341, 0.327, 0.809, 1.42, 2.09),
    ("resnet50", 16): (0.249, 0.242, 0.75, 1.65, 2.31),
    ("resnet34", 4): (0.321, 0.312, 0.829, 1.24, 1.76),
    ("resnet34", 16): (0.296, 0.289, 0.784, 1.36, 1.92),
    ("mobilenetv2", 4): (0.316, 0.31, 0.822, 1.33, 1.86),
    ("mobilenetv2", 16): (0.313, 0.301, 0.833, 1.24, 1.77),
}
_SEVERITY_TRANSFERS: Mapping[tuple[Network, Scheme | None], _Five] = {
    ("resnet50", None): (0.352, 0.344, 0.842, 1.18, 1.72),
    ("resnet50", "rbs1"): (0.335, 0.326, 0.833, 1.23, 1.75),
    ("resnet50", "rbs2"): (0.316, 0.302, 0.82, 1.29, 1.84),
    ("resnet34", None): (0.318, 0.307, 0.844, 1.2, 1.67),
    ("resnet34", "rbs1"): (0.296, 0.288, 0.828, 1.27, 1.81),
    ("resnet34", "rbs2"): (0.358, 0.351, 0.834, 1.22, 1.8),
    ("mobilenetv2", None): (0.349, 0.337, 0.834, 1.23, 1.73),
    ("mobilenetv2", "irbs2"): (0.341, 0.327, 0.819, 1.24, 1.79),
    ("mobilenetv2", "irbs3"): (0.349, 0.339, 0.832, 1.17, 1.67),
}
_SEVERITY_STACKS: Mapping[tuple[Literal["all", "single"], int], _Five] = {
    ("all", 4): (0.355, 0.348, 0.854, 1.13, 1.64),
    ("all", 16): (0.355, 0.342, 0.851, 1.19, 1.71),
    ("single", 4): (0.352, 0.344, 0.853, 1.13, 1.63),
    ("single", 16): (0.358, 0.349, 0.859, 1.12, 1.62),
}
_SEVERITY_BINNED: _Five = (0.288, 0.29, 0.861, 1.14, 1.54)

_PRINTED_LOSSES: Mapping[Loss, str] = {
    "mse": "MSE",
    "smooth": "Smooth",
    "cross_entropy": "Cross-entropy",
    "ordinal": "Ordinal",
}
_PRINTED_SCHEMES: Mapping[Scheme | None, str] = {
    None: "No",
    "rbs1": "RBs-1",
    "rbs2": "RBs-2",
    "irbs2": "IRBs-2",
    "irbs3": "IRBs-3",
}
_PRINTED_PRINCIPLES: Mapping[Principle, str] = {
    "total": "",
    "all": "All classes",
    "single": "Single class",
}
_TOTAL_MEMBERS = ("total-resnet50-rbs1", "total-resnet34-finetuned", "total-mobilenetv2-irbs3")
_SEVERITY_MEMBERS = (
    "severity-resnet50-finetuned",
    "severity-resnet34-rbs2",
    "severity-mobilenetv2-irbs3",
)
_TOTAL_COMBINATION = "ResNet-50:RBs-1 & ResNet-34:finetuned & MobileNetV2:IRBs-3"
_SEVERITY_COMBINATION = "ResNet-50:finetuned & ResNet-34:RBs-2 & MobileNetV2:IRBs-3"


def _three(values: tuple[float, float, float]) -> PaperValues:
    pcc, mae, rmse = values
    return PaperValues(pcc=pcc, mae=mae, rmse=rmse)


def _five(values: _Five) -> PaperValues:
    accuracy, balanced_accuracy, pcc, mae, rmse = values
    return PaperValues(pcc, mae, rmse, accuracy, balanced_accuracy)


def _pretraining(network: Network, group: Group = "pretraining") -> NetworkExperiment:
    label = Label(PRINTED_NETWORKS[network], loss="MSE", batch="4")
    return NetworkExperiment(f"bone-age-{network}", group, "bone_age", network, "mse", 4, label)


def _total_baseline(
    network: Network, loss: Loss, batch: int, paper: PaperValues, group: Group = "baseline"
) -> NetworkExperiment:
    label = Label(PRINTED_NETWORKS[network], loss=_PRINTED_LOSSES[loss], batch=str(batch))
    name = f"total-{network}-{loss}-batch{batch}"
    return NetworkExperiment(name, group, "total", network, loss, batch, label, paper)


def _severity_baseline(network: Network, batch: int, paper: PaperValues) -> NetworkExperiment:
    label = Label(PRINTED_NETWORKS[network], batch=str(batch))
    name = f"severity-{network}-batch{batch}"
    return NetworkExperiment(
        name, "baseline", "severity", network, "cross_entropy", batch, label, paper
    )


def _transfer(
    task: Task,
    network: Network,
    freeze: Scheme | None,
    paper: PaperValues = PaperValues(),
    *,
    loss: Loss | None = None,
    sampling: Literal["shuffled", "balanced"] = "shuffled",
    suffix: str = "",
    group: Group = "transfer",
) -> NetworkExperiment:
    """A experiment tuned from bone age, in batches of 4."""
    usual: Loss = "cross_entropy" if task == "severity" else "mse"
    printed_loss = _PRINTED_LOSSES[loss] if loss else ("MSE" if task == "total" else "")
    return NetworkExperiment(
        f"{task}-{network}-{freeze or 'finetuned'}{suffix}",
        group,
        task,
        network,
        loss or usual,
        4,
        Label(
            PRINTED_NETWORKS[network],
            loss=printed_loss,
            freezing=_PRINTED_SCHEMES[freeze],
            batch="4",
        ),
        paper,
        start=f"bone-age-{network}",
        freeze=freeze,
        sampling=sampling,
    )


def _stack(task: Task, principle: Principle, batch: int, paper: PaperValues) -> StackExperiment:
    total = task == "total"
    name = f"total-stack-batch{batch}" if total else f"severity-stack-{principle}-batch{batch}"
    label = Label(
        _TOTAL_COMBINATION if total else _SEVERITY_COMBINATION,
        loss="MSE" if total else "",
        principle=_PRINTED_PRINCIPLES[principle],
        batch=str(batch),
    )
    members = _TOTAL_MEMBERS if total else _SEVERITY_MEMBERS
    return StackExperiment(name, "stack", task, principle, batch, members, label, paper)


def _experiments() -> Iterable[Experiment]:
    yield from (_pretraining(network) for network in NETWORKS)
    for (network, loss, batch), three in _REGRESSION_BASELINES.items():
        yield _total_baseline(network, loss, batch, _three(three))
    for (network, freeze), three in _REGRESSION_TRANSFERS.items():
        yield _transfer("total", network, freeze, _three(three))
    for batch, three in _REGRESSION_STACKS.items():
        yield _stack("total", "total", batch, _three(three))
    for (network, batch), five in _SEVERITY_BASELINES.items():
        yield _severity_baseline(network, batch, _five(five))
    for (network, freeze), five in _SEVERITY_TRANSFERS.items():
        yield _transfer("severity", network, freeze, _five(five))
    for (principle, batch), five in _SEVERITY_STACKS.items():
        yield _stack("severity", principle, batch, _five(five))
    yield BinnedExperiment(
        "severity-binned-stack",
        "binned",
        "severity",
        "total-stack-batch16",
        Label("Ensemble regression model", batch="16"),
        _five(_SEVERITY_BINNED),
    )
    yield from _further_experiments()


def _further_experiments() -> Iterable[Experiment]:
    """What the paper's discussion wishes for, and Wang et al.'s network with Wang's results."""
    yield _transfer(
        "severity", "resnet34", None, loss="ordinal", suffix="-ordinal", group="further"
    )
    yield _transfer(
        "severity", "resnet34", None, sampling="balanced", suffix="-balanced", group="further"
    )
    yield _pretraining("resnetdwise50", group="further")
    yield _total_baseline(
        "resnetdwise50", "mse", 4, PaperValues(pcc=0.95, mae=17.76, rmse=26.34), group="further"
    )
    # Theirs was pretrained on chest radiographs (CheXpert), ours on bone age.
    pretrained = PaperValues(pcc=0.97, mae=14.9, rmse=22.01)
    yield _transfer("total", "resnetdwise50", None, pretrained, group="further")


EXPERIMENTS: Mapping[str, Experiment] = {
    experiment.name: experiment for experiment in _experiments()
}


def choose_experiments(
    choice: str | Sequence[str],
    core: Sequence[str],
    members: Literal["paper", "validation"] = "paper",
) -> tuple[Experiment, ...]:
    """The experiments of a run, in the order of EXPERIMENTS, with all that they need.

    `choice` is "all" (the paper's experiments; the further ones are asked for by name), "core" (the
    names in `core`), a name, or several of these. A experiment brings its pretraining, a stack its
    members, a binned stack its stack. UserError names an unknown experiment and the nearest known
    one.
    """
    wanted: set[str] = set()
    for word in [choice] if isinstance(choice, str) else choice:
        if word == "all":
            wanted |= {
                experiment.name
                for experiment in EXPERIMENTS.values()
                if experiment.group != "further"
            }
        elif word == "core":
            wanted |= {_known(name) for name in core}
        else:
            wanted.add(_known(word))
    for _ in range(
        3
    ):  # a binned experiment needs a stack, that its members, those their pretraining
        for name in list(wanted):
            wanted |= set(_needs(EXPERIMENTS[name], wanted, members))
    return tuple(experiment for experiment in EXPERIMENTS.values() if experiment.name in wanted)


def candidates(
    stack: StackExperiment, chosen: Iterable[str], members: Literal["paper", "validation"]
) -> tuple[tuple[str, ...], ...]:
    """For each network, the experiments of a run among which a stack's member is chosen.

    "paper": the paper's member alone. "validation": the transfer experiments of the stack's task
    that are run, since the paper stacks its best pretrained models; where a network has none, the
    paper's member.
    """
    if members == "paper":
        return tuple((name,) for name in stack.members)
    run = set(chosen)
    return tuple(
        tuple(
            experiment.name
            for experiment in EXPERIMENTS.values()
            if isinstance(experiment, NetworkExperiment)
            and (experiment.group, experiment.task, experiment.network)
            == ("transfer", stack.task, network)
            and experiment.name in run
        )
        or (paper,)
        for network, paper in zip(NETWORKS, stack.members, strict=True)
    )


def _needs(
    experiment: Experiment, chosen: Iterable[str], members: Literal["paper", "validation"]
) -> Iterable[str]:
    if isinstance(experiment, NetworkExperiment):
        return [experiment.start] if experiment.start else []
    if isinstance(experiment, BinnedExperiment):
        return [experiment.stack]
    return [name for names in candidates(experiment, chosen, members) for name in names]


def _known(name: str) -> str:
    if name in EXPERIMENTS:
        return name
    near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(
        f"unknown experiment {name!r}; expected 'all', 'core' or one of: "
        f"{', '.join(EXPERIMENTS)}.{hint}"
    )
