"""Which GPUs a job sees, that two jobs share none while others are free, and which GPUs will do."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from sharpflow import gpus
from sharpflow.errors import UserError
from sharpflow.gpus import show_gpus, visible_gpus
from sharpflow.hardware import choose_keras_backend, has_kernels, refuse_unusable_gpus
from tests.fake_driver import fake_gpus

SOURCE = Path(__file__).parents[2] / "src"
UUIDS = ["uuid-a", "uuid-b", "uuid-c"]
# A job that keeps its GPUs until its input ends.
JOB = f"""
import logging, os, sys
from sharpflow import gpus
logging.basicConfig(level=logging.WARNING)
gpus._ask_driver = lambda: {UUIDS[:2]}
gpus.show_gpus(int(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""
# As torch 2.15 for CUDA 13.2 lists them.
KERNELS = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


@pytest.fixture(autouse=True)
def no_other_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three GPUs, and a temporary folder of the test's own, where jobs mark what they use."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(gpus, "_in_use", [])
    monkeypatch.setattr(gpus, "_ask_driver", lambda: UUIDS)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("asked", "before", "after", "seen"),
    [
        (0, None, "", 0),
        (0, "0,1", "", 0),
        (1, None, "0", 1),
        (2, None, "0,1", 2),
        (9, None, "0,1,2", 3),
        (1, "3", "3", 1),
        (1, "GPU-1f2e, GPU-77ab", "GPU-1f2e", 1),
        (2, "MIG-5,MIG-1,MIG-2,MIG-3", "MIG-5,MIG-1", 2),
        (1, "", "", 0),
    ],
)
def test_a_job_sees_the_gpus_that_it_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: int, before: str | None, after: str, seen: int
) -> None:
    if before is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before)
    assert show_gpus(asked) == seen
    assert os.environ["CUDA_VISIBLE_DEVICES"] == after


@pytest.mark.parametrize(("before", "seen"), [(None, 3), ("2", 1)])
def test_gpus_asked_for_under_another_name_are_the_schedulers(
    monkeypatch: pytest.MonkeyPatch, before: str | None, seen: int
) -> None:
    if before is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before)
    assert show_gpus(0, named_otherwise=True) == seen
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == before


def test_without_a_driver_a_job_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_ask_driver", list)
    assert show_gpus(1) == visible_gpus() == 0
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize(
    ("shown", "found"), [(None, ["0", "1", "2"]), ("2,0", ["2", "0"]), ("1,7,2", ["1"]), ("", [])]
)
def test_the_driver_is_asked_for_what_is_shown(
    tmp_path: Path, shown: str | None, found: list[str]
) -> None:
    environment = {"PYTHONPATH": str(SOURCE), **fake_gpus(tmp_path, 3)}
    if shown is not None:
        environment["CUDA_VISIBLE_DEVICES"] = shown
    code = "from sharpflow.gpus import list_gpus; print(*list_gpus().items())"
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    pairs = [(name, f"00000000-0000-0000-0000-{int(name):012}") for name in found]
    assert said.strip() == " ".join(map(str, pairs))


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a job that asks for so many GPUs of two, and waits until it has them."""
    jobs = []

    def begin(asked: int = 1, **environment: str) -> subprocess.Popen[str]:
        job = subprocess.Popen(
            [sys.executable, "-c", JOB, str(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(SOURCE)} | environment,
        )
        jobs.append(job)
        return job

    yield begin
    for job in jobs:
        job.kill()
        job.communicate()


def given(job: subprocess.Popen[str]) -> str:
    assert job.stdout is not None
    return job.stdout.readline().strip()


def test_jobs_that_begin_together_have_gpus_of_their_own(start: Start) -> None:
    jobs = [start(), start()]
    assert {given(job) for job in jobs} == {"0", "1"}


def test_a_killed_job_leaves_its_gpu(start: Start) -> None:
    first, second = start(), start()
    free = given(first)
    assert given(second) != free
    first.send_signal(signal.SIGKILL)
    first.wait()
    third = start()
    assert given(third) == free
    assert "no GPU is free" not in third.communicate()[1]


def test_one_gpu_is_known_by_all_its_names(start: Start) -> None:
    assert given(start(CUDA_VISIBLE_DEVICES="GPU-of-uuid-a")) == "GPU-of-uuid-a"
    assert given(start()) == "1"


def test_where_none_is_free_the_least_used_is_shared(start: Start) -> None:
    assert given(start(2)) == "0,1"
    third, fourth = start(), start()
    assert {given(third), given(fourth)} == {"0", "1"}
    assert "shares GPU" in third.communicate()[1]
    fifth = start()
    assert given(fifth) in "01"
    assert "with 1 other(s)" in fifth.communicate()[1]


@pytest.mark.parametrize(
    ("capability", "runs"),
    [
        ((7, 0), False),  # V100
        ((6, 0), False),  # P100
        ((7, 5), True),  # T4
        ((8, 0), True),  # A100
        ((8, 9), True),  # L40S
        ((9, 0), True),  # H100
        ((10, 3), True),  # B300
        ((11, 0), False),
        ((12, 1), True),
    ],
)
def test_which_gpus_the_locked_torch_has_kernels_for(
    capability: tuple[int, int], runs: bool
) -> None:
    assert has_kernels(KERNELS, capability) is runs


def test_portable_and_bound_kernels() -> None:
    assert has_kernels(["sm_80", "compute_90"], (12, 0))
    assert not has_kernels(["compute_90"], (8, 9))
    assert has_kernels(["sm_90a"], (9, 0))
    assert not has_kernels(["sm_100a"], (10, 3))


def fake_card(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.version, "cuda", "13.2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: KERNELS)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla V100-SXM2-32GB")


def test_a_gpu_without_kernels_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_card(monkeypatch, (7, 0))
    with pytest.raises(UserError, match=r"V100-SXM2-32GB has compute capability 7\.0.*no kernels"):
        refuse_unusable_gpus()
    fake_card(monkeypatch, (8, 9))
    refuse_unusable_gpus()


def test_a_driver_that_torch_cannot_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.2")
    with pytest.raises(UserError, match=r"driver shows a GPU that torch .* cannot use"):
        refuse_unusable_gpus()


def test_a_job_on_an_unusable_gpu_ends_with_the_reason(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    code = (
        "from sharpflow.workflow.job import job\n"
        f"with job({str(log)!r}, 1, {{'gpu': 1}}):\n    print('computes')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(SOURCE)} | fake_gpus(tmp_path, 1)
    ended = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert ended.returncode == 1
    assert "CUDA_VISIBLE_DEVICES=0" in log.read_text()
    assert "NVIDIA's driver shows a GPU" in log.read_text()
    assert "computes" not in log.read_text()


def test_a_torch_without_cuda_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(UserError, match=r"torch .* is built for processors only"):
        refuse_unusable_gpus()


@pytest.mark.parametrize(("found", "refused"), [([], True), (["GPU:0"], False)])
def test_where_only_tensorflow_is_installed_it_must_see_the_gpu(
    monkeypatch: pytest.MonkeyPatch, found: list[str], refused: bool
) -> None:
    config = SimpleNamespace(list_physical_devices=lambda _: found)
    test = SimpleNamespace(is_built_with_cuda=lambda: False)
    tensorflow = SimpleNamespace(__version__="2.21.0", config=config, test=test)
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with (
        pytest.raises(UserError, match=r"tensorflow 2\.21\.0, built for processors only")
        if refused
        else nullcontext()
    ):
        refuse_unusable_gpus()


@pytest.mark.parametrize(
    ("told", "seen", "backend"),
    [(None, 0, "tensorflow"), (None, 1, "torch"), ("torch", 0, "torch"), ("jax", 1, "torch")],
)
def test_the_backend_of_keras(
    monkeypatch: pytest.MonkeyPatch, told: str | None, seen: int, backend: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", told or "")
    if told is None:
        monkeypatch.delenv("KERAS_BACKEND")
    choose_keras_backend(seen)
    assert os.environ["KERAS_BACKEND"] == backend
