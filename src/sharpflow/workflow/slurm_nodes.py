"""What a plan asks Slurm's nodes for, and what no node of a partition has, by what sinfo says.

What an account or a QOS may have, sinfo does not know.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sharpflow.workflow.slurm_commands import ask_slurm

FIELDS = ("PartitionName", "CPUs", "MaxCPUsPerNode", "Memory", "Gres", "Time", "Features")
# A line for each kind of node of each partition; without a width, old ones cut words off.
SINFO = ("sinfo", "--noheader", "--all", "--exact", "--Format")
SECONDS = 5  # for Slurm to answer
# `gpu:a100:4(S:0-1)`, `gpu:2`, `shard:8`, `bandwidth:lustre:no_consume:4G`
GRES = re.compile(r"([^,:()]+)((?::[^,:()]+)*)(?:\([^)]*\))?")
GRES_REMEDY = "Set `slurm_partition`, `gpu_model`, `gpu` or `gres` under `set-resources`"
ABSENT = "does not exist"
MANY = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Gres:
    """A generic resource: GPUs of a model, or others."""

    name: str  # gpu, shard, mps, ...
    model: str  # empty: any
    count: int

    def __str__(self) -> str:
        """As Slurm writes it."""
        return ":".join(word for word in (self.name, self.model, str(self.count)) if word)


@dataclass(frozen=True)
class Nodes:
    """Nodes of a partition that are alike."""

    partition: str
    cpus: int  # that one job may have
    memory: int  # MB
    minutes: float  # of the longest job; infinite without a limit
    gres: tuple[Gres, ...] = ()
    features: frozenset[str] = frozenset()

    def count(self, wanted: Gres) -> int:
        """How many of a resource such a node has."""
        same = (own for own in self.gres if own.name == wanted.name)
        return sum(own.count for own in same if wanted.model in ("", own.model))


@dataclass(frozen=True)
class Request:
    """What a job, or a group of jobs, asks one node for."""

    rules: tuple[str, ...]
    partition: str  # or several, with commas: any of them will do
    cpus: int
    memory: int  # MB
    minutes: float
    gres: tuple[Gres, ...] = ()
    constraint: str = ""


@dataclass(frozen=True)
class Kind:
    """One way in which a request can be too large for all nodes."""

    unit: str
    asked: Callable[[Request], float]
    there: Callable[[Nodes], float]
    remedy: str
    of_node: bool = True  # else of the partition


KINDS = (
    Kind(
        "CPUs",
        lambda request: request.cpus,
        lambda nodes: nodes.cpus,
        "Lower `cores`, or the rules' `set-threads`",
    ),
    Kind(
        "MB of memory",
        lambda request: request.memory,
        lambda nodes: nodes.memory,
        "Set a `slurm_partition` with larger nodes, or, if less is enough, `mem_mb`",
    ),
    Kind(
        "minutes",
        lambda request: request.minutes,
        lambda nodes: nodes.minutes,
        "Set the rules' `runtime`; trainings go on where they were, so give them more `retries`",
        of_node=False,
    ),
)


def warn_of_excess(first: Iterable[Request], later: Iterable[Request] = ()) -> list[str]:
    """What no node has, a line for each partition and kind; asks sinfo.

    Args:
        first: what the jobs ask for when they are first tried.
        later: the same when they are tried for the last time; they get one line together.

    Returns:
        The lines; none where sinfo is missing, slow, or writes something else.
    """
    requests = set(first)
    if not requests:
        return []
    answer = ask_slurm(*SINFO, ",".join(f"{field}:500|" for field in FIELDS), seconds=SECONDS)
    nodes = parse_sinfo(answer or "")
    if not nodes:
        return []
    lines = find_excess(requests, nodes)
    return lines or find_later_excess(set(later), nodes)


def parse_sinfo(answer: str) -> list[Nodes]:
    """The nodes, from sinfo's lines of `FIELDS`; lines of another form are left out."""
    found = []
    for line in answer.splitlines():
        words = [word.strip() for word in line.split("|")]
        try:
            name, cpus, most, memory, gres, limit, features = words[: len(FIELDS)]
            found.append(
                Nodes(
                    name.rstrip("*"),
                    min(_number(cpus), _number(most)),
                    _number(memory),
                    parse_minutes(limit),
                    parse_gres(gres),
                    frozenset() if features == "(null)" else frozenset(features.split(",")),
                )
            )
        except ValueError:
            continue
    return found


def _number(word: str) -> int:
    """A number; `4+` is at least four, and what is not limited is very large."""
    return (
        2**62
        if word.upper() in ("UNLIMITED", "INFINITE", "N/A") or word.endswith("+")
        else int(word)
    )


def parse_minutes(limit: str) -> float:
    """A time limit: `1-00:00:00`, `12:00:00`, `30:00`, `infinite`."""
    if not limit[:1].isdigit():
        return math.inf
    days, _, clock = limit.rpartition("-")
    hours, minutes, seconds = [0, 0, *(int(part) for part in clock.split(":"))][-3:]
    return 24 * 60 * int(days or 0) + 60 * hours + minutes + seconds / 60


def parse_gres(text: str) -> tuple[Gres, ...]:
    """Generic resources, as sinfo writes those of a node or as a job asks for them."""
    if text in ("", "(null)"):
        return ()
    return tuple(_gres(name, rest.split(":")[1:]) for name, rest in GRES.findall(text))


def _gres(name: str, words: list[str]) -> Gres:
    count, model = 1, ""
    for word in words:
        number = re.fullmatch(r"(\d+)([KMGT]?)", word)
        if number and word is words[-1]:
            count = int(number[1]) * MANY.get(number[2], 1)
        elif word != "no_consume":
            model = word
    return Gres(name, model, count)


def read_request(
    rules: Iterable[str], threads: int, resources: Mapping[str, Any]
) -> Request | None:
    """What a job asks for, as the executor plugin for Slurm puts it to `sbatch`.

    Args:
        rules: of the job, or of a group's jobs.
        threads: Snakemake's CPUs.
        resources: the job's, or the group's together.

    Returns:
        None without a partition, or if another cluster is to run it.
    """
    partition = resources.get("slurm_partition")
    elsewhere = any(resources.get(key) for key in ("cluster", "clusters", "slurm_cluster"))
    if not partition or elsewhere:
        return None
    gres = _asked_gres(resources)
    cpus = _asked_cpus(threads, resources, sum(one.count for one in gres if one.name == "gpu"))
    per_cpu = _whole(resources.get("mem_mb_per_cpu"))
    return Request(
        tuple(sorted(set(rules))),
        str(partition),
        cpus,
        per_cpu * cpus if per_cpu else _whole(resources.get("mem_mb")),
        _whole(resources.get("runtime")),
        gres,
        str(resources.get("constraint") or ""),
    )


def _asked_gres(resources: Mapping[str, Any]) -> tuple[Gres, ...]:
    named = parse_gres(str(resources.get("gres") or ""))
    model, gpus = resources.get("gpu_model"), resources.get("gpu")
    if model or gpus:
        return (*named, Gres("gpu", str(model or ""), 1 if gpus is None else _whole(gpus)))
    return named


def _asked_cpus(threads: int, resources: Mapping[str, Any], gpus: int) -> int:
    """CPUs; 0 where the profile leaves them to the cluster (a negative number)."""
    by_task, by_gpu = resources.get("cpus_per_task"), resources.get("cpus_per_gpu")
    if by_task:
        return max(0, _whole(by_task))
    if gpus and by_gpu:
        return max(0, _whole(by_gpu) * gpus)
    return threads


def _whole(value: Any) -> int:
    """A number that is known; others ("<TBD>") ask for nothing."""
    return int(value) if isinstance(value, int | float) else 0


@dataclass(frozen=True, order=True)
class Excess:
    """What a rule asks for and no node of a partition has."""

    partition: str
    there: str  # what there is
    remedy: str
    rule: str
    amount: float
    what: str

    @property
    def wish(self) -> str:
        """What is asked for, in words."""
        return f"{self.amount:.0f} {self.what}" if self.amount else self.what


def find_excess(requests: Iterable[Request], nodes: Sequence[Nodes]) -> list[str]:
    """A line for each partition and kind of what no node has, with the rules and a remedy."""
    lines = []
    for (partition, there, remedy), same in groupby(
        _all_excess(requests, nodes), key=lambda one: (one.partition, one.there, one.remedy)
    ):
        asked: dict[str, list[str]] = {}
        for one in {one.rule: one for one in same}.values():  # the largest of each rule
            asked.setdefault(one.wish, []).append(one.rule)
        if there == ABSENT:
            wishes = f"by {', '.join(rule for rules in asked.values() for rule in rules)}"
        else:
            wishes = "; ".join(f"{', '.join(rules)}: {wish}" for wish, rules in asked.items())
        lines.append(f"partition {partition} {there}, asked for {wishes}. {remedy}.")
    return lines


def find_later_excess(requests: Iterable[Request], nodes: Sequence[Nodes]) -> list[str]:
    """One line at most, for the last attempts."""
    found = _all_excess(requests, nodes)
    largest = {(one.partition, one.there, one.rule): one for one in found}.values()
    if not largest:
        return []
    wishes = "; ".join(
        f"{one.rule}: {one.wish}, where partition {one.partition} {one.there}" for one in largest
    )
    return [
        f"jobs that fail ask for more, and at last for more than any node has ({wishes}). "
        "`mem_mb` in `resources`, and `runtime` in `set-resources`, bound that."
    ]


def _all_excess(requests: Iterable[Request], nodes: Sequence[Nodes]) -> list[Excess]:
    return sorted(excess for request in requests for excess in _excess(request, nodes))


def _excess(request: Request, nodes: Sequence[Nodes]) -> Iterator[Excess]:
    def report(there: str, remedy: str, what: str, amount: float = 0) -> Iterator[Excess]:
        for rule in request.rules:
            yield Excess(request.partition, there, remedy, rule, amount, what)

    here = [one for one in nodes if one.partition in request.partition.split(",")]
    if not here:
        known = ", ".join(sorted({one.partition for one in nodes}))
        yield from report(ABSENT, f"Set `slurm_partition`: there are {known}", "a node")
        return
    for wanted in request.gres:
        fit = [one for one in here if one.count(wanted) >= wanted.count]
        if not fit:
            have = " or ".join(sorted({str(own) for one in here for own in one.gres}))
            there = f"has nodes with {have}" if have else "has no node with a GPU"
            yield from report(there, GRES_REMEDY, str(wanted))
            return
        here = fit
    fit = [one for one in here if _allows(request.constraint, one.features)]
    if not fit:
        have = ", ".join(sorted({feature for one in here for feature in one.features}))
        there = f"has nodes with {have}" if have else "has no node with a feature"
        yield from report(there, "Set `constraint`", request.constraint)
        return
    too_much = False
    for kind in KINDS:
        asked, most = kind.asked(request), max(kind.there(one) for one in fit)
        if asked > most:
            too_much = True
            there = f"gives one job no more than {most:.0f} {kind.unit}"
            there += " on a node with such GPUs" if request.gres and kind.of_node else ""
            yield from report(there, kind.remedy, kind.unit, asked)
    if not too_much and not any(
        all(kind.asked(request) <= kind.there(one) for kind in KINDS) for one in fit
    ):
        together = ", ".join(f"{kind.asked(request):.0f} {kind.unit}" for kind in KINDS)
        yield from report("has no node with all at once", "Lower one of them", together)


def _allows(constraint: str, features: frozenset[str]) -> bool:
    """Whether a node's features meet a constraint; one with brackets or counts is believed."""
    if not constraint or re.search(r"[^\w.&|+-]", constraint):
        return True
    return any(set(one.split("&")) <= features for one in constraint.split("|"))
