"""A GPU that a scheduler was asked for and that is not seen ends the job, and says what is seen."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sharpflow.errors import UserError
from sharpflow.workflow import missing_gpus
from sharpflow.workflow.missing_gpus import (
    missed_its_gpu,
    refuse_missing_gpus,
    torch_in_words,
)
from tests.fake_driver import fake_gpus

SOURCE = Path(__file__).parents[2] / "src"
JOB = """
import sys
from sharpflow.workflow.job import job
with job(sys.argv[1], 1, {sys.argv[2]: sys.argv[3] if sys.argv[2] == "gres" else int(sys.argv[3])}):
    print("computes")
"""
# What a job of the profile finds on a Slurm node.
SUBMITTED = {"SLURM_JOB_ID": "17", "SLURMD_NODENAME": "g1", missing_gpus.SUBMITTED: "1"}
NAMES = (*SUBMITTED, *missing_gpus.GRANTED, missing_gpus.GPU_OPTIONAL, "KERAS_BACKEND")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scheduler's job, whatever runs the tests."""
    for name in (*NAMES, "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def run(folder: Path, asked: tuple[str, str], **environment: str) -> tuple[int, str]:
    """A script's exit status and log, where no GPU is seen."""
    log, driver = folder / "job.log", fake_gpus(folder, 0)
    ended = subprocess.run(
        [sys.executable, "-c", JOB, str(log), *asked],
        env=os.environ | {"PYTHONPATH": str(SOURCE)} | driver | environment,
        capture_output=True,
        check=False,
    )
    return ended.returncode, log.read_text()


@pytest.mark.parametrize("asked", [("gpu", "1"), ("gres", "gpu:a100:1")])
def test_a_submitted_job_that_sees_none_ends_with_what_it_sees(
    tmp_path: Path, asked: tuple[str, str]
) -> None:
    status, log = run(tmp_path, asked, **SUBMITTED, CUDA_VISIBLE_DEVICES="0")
    assert status == 1
    for fact in (
        "job 17 sees none on node g1",
        "CUDA_VISIBLE_DEVICES is '0'",
        "NVIDIA's driver loads: for CUDA 12.4 and older; CUDA_ERROR_NO_DEVICE (error 100)",
        f"torch {torch.__version__} is built for ",
        "torch.cuda.is_available() is False",
        "Keras runs on torch",
        "A retry helps on another node only",
        "`gpu: 0`",
    ):
        assert fact in log
    assert "computes" not in log
    assert "Traceback" not in log
    assert missed_its_gpu(tmp_path / "job.log")
    assert not missed_its_gpu(tmp_path / "none.log")


@pytest.mark.parametrize(
    ("asked", "environment"),
    [
        (("gpu", "0"), SUBMITTED),  # on processors by the profile
        (("gres", "nvme:1"), SUBMITTED),
        (("gpu", "1"), {**SUBMITTED, missing_gpus.GPU_OPTIONAL: "1"}),
        (("gpu", "1"), {"SLURM_JOB_ID": "17"}),  # Snakemake on one node, which has no GPUs
        (("gpu", "1"), {}),
    ],
)
def test_elsewhere_the_processor_computes(
    tmp_path: Path, asked: tuple[str, str], environment: dict[str, str]
) -> None:
    status, log = run(tmp_path, asked, **environment)
    assert status == 0
    assert "computes" in log


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("SLURM_GPUS_ON_NODE", "1", True),
        ("SLURM_GPUS_ON_NODE", "0", False),
        ("SLURM_JOB_GPUS", "0", True),  # the number of the GPU
        ("SLURM_STEP_GPUS", "0", True),
    ],
)
def test_what_slurm_granted_is_missed_however_snakemake_was_started(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
    refused: bool,
) -> None:
    monkeypatch.setattr(missing_gpus, "_frameworks", list)
    monkeypatch.setenv(name, value)
    if refused:
        with pytest.raises(UserError, match="NVIDIA's driver"):
            refuse_missing_gpus()
    else:
        with caplog.at_level(logging.INFO):
            refuse_missing_gpus()
        assert "the processor computes" in caplog.text


def test_what_torch_was_built_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    words = f"torch {torch.__version__} is built for processors only; "
    assert torch_in_words() == words + "torch.cuda.is_available() is False"


def test_tensorflow_is_asked_where_keras_runs_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_gpus, "_ask", lambda words: words.__name__)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert missing_gpus._frameworks() == ["torch_in_words", "tensorflow_in_words"]
