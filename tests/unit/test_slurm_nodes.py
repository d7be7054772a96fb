"""What no node of a cluster has is told before anything is submitted, by what sinfo says."""

import math
from pathlib import Path

import pytest

from sharpflow.workflow.slurm_nodes import (
    Gres,
    Nodes,
    find_excess,
    find_later_excess,
    parse_gres,
    parse_minutes,
    parse_sinfo,
    read_request,
    warn_of_excess,
)

SINFO = """\
cpu*   |32|UNLIMITED|500000|(null)|7-00:00:00|(null)|
mixed  |64|UNLIMITED|64000|(null)|infinite|avx512,ib|
mixed  |16|UNLIMITED|500000|(null)|infinite|ib|
gpu    |128|4|16000|gpu:a100:4(S:0-1),gpu:v100:2|12:00:00|(null)|
gpu    |128|64|8000+|gpu:2,shard:8|12:00:00|(null)|
CLUSTER: other
"""
NODES = parse_sinfo(SINFO)


def excess(threads: int = 1, rule: str = "train", **resources: object) -> list[str]:
    """The warnings of a plan of one job."""
    request = read_request([rule], threads, {"mem_mb": 1000, "runtime": 30, **resources})
    assert request is not None
    return find_excess([request], NODES)


def test_sinfo_is_read() -> None:
    cpu, _, _, gpu, other = NODES
    assert cpu == Nodes("cpu", 32, 500000, 7 * 24 * 60)
    assert (gpu.cpus, gpu.memory, gpu.minutes) == (4, 16000, 720)
    assert gpu.gres == (Gres("gpu", "a100", 4), Gres("gpu", "v100", 2))
    assert gpu.count(Gres("gpu", "", 1)) == 6
    assert other.memory > 10**6  # at least 8000: not known, so nothing is too much


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("(null)", ()),
        ("gpu", (Gres("gpu", "", 1),)),
        ("gpu:8(S:0,1)", (Gres("gpu", "", 8),)),
        ("gpu:a100_3g.20gb:2(S:0-1)", (Gres("gpu", "a100_3g.20gb", 2),)),
        ("gpu:tesla:no_consume:4,mps:1K", (Gres("gpu", "tesla", 4), Gres("mps", "", 1024))),
    ],
)
def test_gres_are_read(text: str, meant: tuple[Gres, ...]) -> None:
    assert parse_gres(text) == meant


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("1-00:00:00", 1440), ("1-12:30:00", 2190), ("12:00:00", 720), ("30:00", 30)],
)
def test_limits_are_read(text: str, minutes: float) -> None:
    assert parse_minutes(text) == minutes
    assert parse_minutes("infinite") == parse_minutes("n/a") == math.inf


@pytest.mark.parametrize(
    ("threads", "resources"),
    [
        (32, {"slurm_partition": "cpu"}),
        (4, {"slurm_partition": "gpu", "gpu": 1}),
        (64, {"slurm_partition": "gpu"}),
        (4, {"slurm_partition": "gpu", "gpu": 4, "gpu_model": "a100"}),
        (4, {"slurm_partition": "gpu", "gpu": 0, "gres": "gpu:v100:2"}),
        (8, {"slurm_partition": "gpu", "gres": "shard:4"}),
        (8, {"slurm_partition": "gpu", "gpu": 1, "gpu_model": "a100", "cpus_per_gpu": 4}),
        (64, {"slurm_partition": "cpu,mixed", "mem_mb": 60000}),
        (64, {"slurm_partition": "mixed", "constraint": "avx512&ib", "runtime": 10**6}),
        (1, {"slurm_partition": "mixed", "constraint": "[rack1*2|rack2]"}),  # not understood
        (1, {"slurm_partition": "cpu", "mem_mb": "<TBD>"}),
    ],
)
def test_what_a_node_has_is_not_warned_of(threads: int, resources: dict[str, object]) -> None:
    assert excess(threads, **resources) == []


@pytest.mark.parametrize(
    ("threads", "resources", "said"),
    [
        (1, {"slurm_partition": "gpus"}, "partition gpus does not exist, asked for by train. Set"),
        (33, {"slurm_partition": "cpu"}, "no more than 32 CPUs, asked for train: 33 CPUs"),
        (
            8,
            {"slurm_partition": "gpu", "gpu": 1, "gpu_model": "a100"},
            "no more than 4 CPUs on a node with such GPUs, asked for train: 8 CPUs",
        ),
        (1, {"slurm_partition": "cpu", "mem_mb": 600000}, "no more than 500000 MB of memory"),
        (4, {"slurm_partition": "cpu", "mem_mb_per_cpu": 200000}, "800000 MB of memory"),
        (1, {"slurm_partition": "cpu", "gpu": 1}, "no node with a GPU, asked for train: gpu:1"),
        (1, {"slurm_partition": "gpu", "gpu": 7}, "asked for train: gpu:7"),
        (1, {"slurm_partition": "gpu", "gpu": 1, "gpu_model": "h100"}, "nodes with gpu:2 or gpu:a"),
        (1, {"slurm_partition": "gpu", "gpu": 1, "gpu_model": "A100"}, "train: gpu:A100:1"),
        (1, {"slurm_partition": "gpu", "gpu": 0, "gres": "tmpfs:1"}, "train: tmpfs:1"),
        (1, {"slurm_partition": "gpu", "runtime": 721}, "no more than 720 minutes, asked for"),
        (1, {"slurm_partition": "mixed", "constraint": "avx2"}, "nodes with avx512, ib, asked for"),
        (64, {"slurm_partition": "mixed", "mem_mb": 400000}, "no node with all at once"),
    ],
)
def test_what_no_node_has_is_warned_of(
    threads: int, resources: dict[str, object], said: str
) -> None:
    (line,) = excess(threads, **resources)
    assert said in line


def test_a_partition_and_kind_has_one_line_with_the_largest_of_each_rule() -> None:
    asked = [("train", 800), ("train", 900), ("segment", 800), ("explain", 800), ("short", 1)]
    requests = [
        read_request([rule], 1, {"slurm_partition": "gpu", "runtime": minutes})
        for rule, minutes in asked
    ]
    (line,) = find_excess([request for request in requests if request], NODES)
    assert "asked for explain, segment: 800 minutes; train: 900 minutes." in line
    (later,) = find_later_excess([request for request in requests if request], NODES)
    assert "train: 900 minutes" in later


def test_jobs_for_another_cluster_and_without_a_partition_are_left_out() -> None:
    assert read_request(["train"], 1, {"slurm_partition": "gpu", "clusters": "other"}) is None
    assert read_request(["train"], 1, {"mem_mb": 10**9}) is None


@pytest.mark.parametrize("does", ["exit 1", "echo something else", "kill -9 $$"])
def test_a_sinfo_that_does_not_tell_is_believed_to_have_all(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = read_request(["train"], 1, {"slurm_partition": "no such"})
    assert request is not None
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    program = tmp_path / "sinfo"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    assert warn_of_excess([request]) == []
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{SINFO}END\n")
    (line,) = warn_of_excess([request])
    assert "there are cpu, gpu, mixed" in line
