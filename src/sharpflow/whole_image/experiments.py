"""The experiments of Bo et al.'s Tables 1 and 2, their pretrainings, and some beyond the paper.

An experiment's name is its folder; one that is added here needs no new rule. Only the standard
library is imported: the workflow reads this list while it is parsed.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sharpflow.errors import UserError
from sharpflow.whole_image.experiment_types import (
    NETWORKS,
    PRINTED_LOSSES,
    PRINTED_NETWORKS,
    PRINTED_PRINCIPLES,
    PRINTED_SCHEMES,
    BinnedExperiment,
    Experiment,
    Label,
    Loss,
    Members,
    Network,
    NetworkExperiment,
    Principle,
    Scheme,
    StackExperiment,
    Task,
)

# The two schemes that the paper tries for each network; None tunes all layers.
_SCHEMES: Mapping[Network, tuple[Scheme | None, ...]] = {
    "resnet50": (None, "rbs1", "rbs2"),
    "resnet34": (None, "rbs1", "rbs2"),
    "mobilenetv2": (None, "irbs2", "irbs3"),
}
_REGRESSION_BASELINES: tuple[tuple[Loss, int], ...] = (("smooth", 4), ("mse", 4), ("mse", 16))
_BATCHES = (4, 16)
# A stack's members, and how the paper prints them.
_TOTAL_MEMBERS = ("total-resnet50-rbs1", "total-resnet34-finetuned", "total-mobilenetv2-irbs3")
_TOTAL_COMBINATION = "ResNet-50:RBs-1 & ResNet-34:finetuned & MobileNetV2:IRBs-3"
_SEVERITY_MEMBERS = (
    "severity-resnet50-finetuned",
    "severity-resnet34-rbs2",
    "severity-mobilenetv2-irbs3",
)
_SEVERITY_COMBINATION = "ResNet-50:finetuned & ResNet-34:RBs-2 & MobileNetV2:IRBs-3"


def _pretraining(network: Network) -> NetworkExperiment:
    name = f"bone-age-{network}"
    label = Label(PRINTED_NETWORKS[network], loss="MSE", batch="4")
    return NetworkExperiment(name, "pretraining", "bone_age", network, "mse", 4, label)


def _total_baseline(network: Network, loss: Loss, batch: int) -> NetworkExperiment:
    name = f"total-{network}-{loss}-batch{batch}"
    label = Label(PRINTED_NETWORKS[network], loss=PRINTED_LOSSES[loss], batch=str(batch))
    return NetworkExperiment(name, "baseline", "total", network, loss, batch, label)


def _severity_baseline(network: Network, batch: int) -> NetworkExperiment:
    name = f"severity-{network}-batch{batch}"
    label = Label(PRINTED_NETWORKS[network], batch=str(batch))
    return NetworkExperiment(name, "baseline", "severity", network, "cross_entropy", batch, label)


def _transfer(task: Task, network: Network, freeze: Scheme | None) -> NetworkExperiment:
    """A network that is tuned from bone age, in batches of 4."""
    name, start = f"{task}-{network}-{freeze or 'finetuned'}", f"bone-age-{network}"
    loss: Loss = "mse" if task == "total" else "cross_entropy"
    printed = PRINTED_LOSSES[loss] if task == "total" else ""
    label = Label(PRINTED_NETWORKS[network], printed, PRINTED_SCHEMES[freeze], batch="4")
    return NetworkExperiment(
        name, "transfer", task, network, loss, 4, label, start=start, freeze=freeze
    )


def _total_stack(batch: int) -> StackExperiment:
    name = f"total-stack-batch{batch}"
    label = Label(_TOTAL_COMBINATION, loss="MSE", batch=str(batch))
    return StackExperiment(name, "stack", "total", "total", batch, _TOTAL_MEMBERS, label)


def _severity_stack(principle: Principle, batch: int) -> StackExperiment:
    name = f"severity-stack-{principle}-batch{batch}"
    printed = PRINTED_PRINCIPLES[principle]
    label = Label(_SEVERITY_COMBINATION, principle=printed, batch=str(batch))
    return StackExperiment(name, "stack", "severity", principle, batch, _SEVERITY_MEMBERS, label)


def _experiments() -> Iterable[Experiment]:
    """All of them, in the order of the paper's tables."""
    yield from (_pretraining(network) for network in NETWORKS)
    for network in NETWORKS:
        yield from (_total_baseline(network, *how) for how in _REGRESSION_BASELINES)
    for network in NETWORKS:
        yield from (_transfer("total", network, scheme) for scheme in _SCHEMES[network])
    yield from (_total_stack(batch) for batch in _BATCHES)
    for network in NETWORKS:
        yield from (_severity_baseline(network, batch) for batch in _BATCHES)
    for network in NETWORKS:
        yield from (_transfer("severity", network, scheme) for scheme in _SCHEMES[network])
    for principle in ("all", "single"):
        yield from (_severity_stack(principle, batch) for batch in _BATCHES)
    binned = Label("Ensemble regression model", batch="16")
    yield BinnedExperiment(
        "severity-binned-stack", "binned", "severity", "total-stack-batch16", binned
    )
    yield from (replace(experiment, group="further") for experiment in _further_experiments())


def _further_experiments() -> Iterable[Experiment]:
    """What the paper's discussion wishes for, Wang et al.'s network, and a stack for processors."""
    plain = _transfer("severity", "resnet34", None)
    label = replace(plain.label, loss=PRINTED_LOSSES["ordinal"])
    yield replace(plain, name=f"{plain.name}-ordinal", loss="ordinal", label=label)
    yield replace(plain, name=f"{plain.name}-balanced", sampling="balanced")
    yield _pretraining("resnetdwise50")
    yield _total_baseline("resnetdwise50", "mse", 4)
    yield _transfer("total", "resnetdwise50", None)
    # For processors: a ResNet-50 takes them half of the time of all three networks, and MobileNetV2
    # hardly learns in a few epochs.
    two = ("total-resnet34-finetuned", "total-resnet34-rbs1")
    label = Label("ResNet-34:finetuned & ResNet-34:RBs-1", loss="MSE", batch="16")
    yield replace(_total_stack(16), name="total-stack-two", members=two, label=label)
    binned = Label("Ensemble regression model of two networks", batch="16")
    yield BinnedExperiment("severity-binned-two", "binned", "severity", "total-stack-two", binned)


EXPERIMENTS: Mapping[str, Experiment] = {
    experiment.name: experiment for experiment in _experiments()
}


def choose_experiments(
    choice: str | Sequence[str], core: Sequence[str], members: Members = "paper"
) -> tuple[Experiment, ...]:
    """The experiments of a run, in the order of EXPERIMENTS, with all that they need.

    A network brings its pretraining, a stack its members, a binned stack its stack.

    Args:
        choice: "all" (the paper's experiments; the further ones are asked for by name), "core", a
            name, or several of these.
        core: the names that "core" stands for.
        members: how a stack's members are chosen, as in `candidates`.

    Raises:
        UserError: an unknown name; it tells the nearest known one.
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
    # A binned experiment needs a stack, that its members, and those their pretraining.
    for _ in range(3):
        for name in list(wanted):
            wanted |= set(_needs(EXPERIMENTS[name], wanted, members))
    return tuple(experiment for experiment in EXPERIMENTS.values() if experiment.name in wanted)


def candidates(
    stack: StackExperiment, chosen: Iterable[str], members: Members
) -> tuple[tuple[str, ...], ...]:
    """For each network, the experiments of a run among which a stack's member is chosen.

    Args:
        stack: whose members.
        chosen: names of the experiments that are run.
        members: "paper", the stack's own member alone, as always of stacks that are not the
            paper's; "validation", the transfer experiments of the stack's task that are run, since
            the paper stacks its best pretrained models; where a network has none, the paper's
            member.

    Returns:
        Names for each network, in the order of NETWORKS.
    """
    if members == "paper" or stack.group == "further":
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


def _needs(experiment: Experiment, chosen: Iterable[str], members: Members) -> Iterable[str]:
    if isinstance(experiment, NetworkExperiment):
        return [experiment.start] if experiment.start else []
    if isinstance(experiment, BinnedExperiment):
        return [experiment.stack]
    return [name for names in candidates(experiment, chosen, members) for name in names]


def _known(name: str) -> str:
    if name in EXPERIMENTS:
        return name
    near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(
        f"unknown experiment {name!r}; {hint}docs/reference/experiments.md lists their names."
    )
