"""What is warned of before a run is what `sbatch` refuses, and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from sharpflow.workflow.slurm_nodes import read_request, warn_of_excess
from tests.workflow.projects import ROOT


@pytest.mark.parametrize(
    ("options", "threads", "resources"),
    [
        ("-p cpu -c 32", 32, {"slurm_partition": "cpu"}),
        ("-p cpu -c 33", 33, {"slurm_partition": "cpu"}),
        ("-p cpu --mem 500000", 1, {"slurm_partition": "cpu", "mem_mb": 500000}),
        ("-p cpu --mem 500001", 1, {"slurm_partition": "cpu", "mem_mb": 500001}),
        ("-p cpu -t 10080", 1, {"slurm_partition": "cpu", "runtime": 10080}),
        ("-p cpu -t 10081", 1, {"slurm_partition": "cpu", "runtime": 10081}),
        ("-p none", 1, {"slurm_partition": "none"}),
        ("-p cpu --gpus 1", 1, {"slurm_partition": "cpu", "gpu": 1}),
        ("-p cpu,gpu --gpus 1", 1, {"slurm_partition": "cpu,gpu", "gpu": 1}),
        ("-p gpu --gpus fake:1", 1, {"slurm_partition": "gpu", "gpu": 1, "gpu_model": "fake"}),
        ("-p gpu --gpus Fake:1", 1, {"slurm_partition": "gpu", "gpu": 1, "gpu_model": "Fake"}),
        ("-p gpu --gpus 2", 1, {"slurm_partition": "gpu", "gpu": 2}),
        ("-p gpu --gres gpu:fake:1", 1, {"slurm_partition": "gpu", "gres": "gpu:fake:1"}),
        ("-p gpu --gres shard:1", 1, {"slurm_partition": "gpu", "gres": "shard:1"}),
        ("-p gpu -C fast", 1, {"slurm_partition": "gpu", "constraint": "fast"}),
    ],
)
def test_a_request_is_judged_as_slurm_judges_it(
    options: str, threads: int, resources: dict[str, object]
) -> None:
    command = ["sbatch", "--test-only", "--ntasks=1", *options.split(), "--wrap=true"]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    request = read_request(["train"], threads, resources)
    assert request is not None
    warned = warn_of_excess([request])
    assert bool(warned) == (judged.returncode != 0), (warned, judged.stderr)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ((), []),
        # It drops the GPU rules' partition, and names a model that there is not.
        (
            ("train_network:slurm_partition=gpu", "train_network:gpu_model=a100"),
            [
                "partition cpu has no node with a GPU, asked for detect_joints, explain_network",
                "partition gpu has nodes with gpu:fake:1, asked for train_network: gpu:a100:1",
            ],
        ),
    ],
)
def test_a_dry_run_warns_at_its_end(
    changed: tuple[str, ...], said: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "-n"]
    command += ["--directory", str(tmp_path), "--config", "cohorts=phantom"]
    command += ["--set-resources", *changed] if changed else []
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    output = ended.stdout + ended.stderr
    warned = [line for line in output.splitlines() if line.startswith("Slurm's nodes: ")]
    assert len(warned) == len(said)
    for line, part in zip(warned, said, strict=True):
        assert part in line
