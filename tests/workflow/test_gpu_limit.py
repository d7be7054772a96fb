"""On one machine, no more jobs compute on GPUs at a time than it has, each on one of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_driver import fake_gpus
from tests.workflow.projects import ROOT

# Three jobs that each want a GPU.
SNAKEFILE = f"""
import sys
sys.path.insert(0, "{ROOT}/src")
include: "{ROOT}/workflow/rules/gpus.smk"
rule all:
    input: expand("{{job}}.txt", job=range(3))
rule compute:
    output: "{{job}}.txt"
    resources: gpu=1
    shell: "{sys.executable} compute.py {{resources.gpu}} {{output}}"
"""
# Each runs until so many have begun, and a second longer.
COMPUTE = f"""
import os, sys, time
from pathlib import Path
sys.path.insert(0, "{ROOT}/src")
from sharpflow.gpus import show_gpus
asked, output = int(sys.argv[1]), Path(sys.argv[2])
show_gpus(asked)
began = time.time()
output.with_suffix(".began").touch()
while len(list(Path().glob("*.began"))) < int(os.environ["TOGETHER"]):
    assert time.time() < began + 120, "the others do not begin"
    time.sleep(0.1)
time.sleep(1)
output.write_text(f"{{os.environ.get('CUDA_VISIBLE_DEVICES', 'none')}} {{began}} {{time.time()}}")
"""


@dataclass(frozen=True)
class Ran:
    """What one job saw, and when it ran."""

    gpus: str
    began: float
    ended: float


def run(folder: Path, together: int, environment: dict[str, str], *arguments: str) -> list[Ran]:
    """Run the three jobs, of which `together` can only end if as many run at a time."""
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "compute.py").write_text(COMPUTE)
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "4", "--quiet", "all", *arguments],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder), "TOGETHER": str(together)} | environment,
        check=True,
        timeout=600,
    )
    lines = [(folder / f"{job}.txt").read_text().split() for job in range(3)]
    return [Ran(gpus, float(began), float(ended)) for gpus, began, ended in lines]


def at_the_same_time(jobs: list[Ran]) -> list[list[str]]:
    """GPUs of the jobs that run when another one begins."""
    return [[j.gpus for j in jobs if j.began <= one.began < j.ended] for one in jobs]


@pytest.fixture(autouse=True)
def no_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_two_gpus_take_two_jobs_at_a_time(tmp_path: Path) -> None:
    jobs = run(tmp_path, 2, fake_gpus(tmp_path, 2))
    assert {job.gpus for job in jobs} == {"0", "1"}
    for gpus in at_the_same_time(jobs):
        assert len(gpus) == len(set(gpus))


def test_the_users_bounds_hold(tmp_path: Path) -> None:
    jobs = run(tmp_path, 1, {**fake_gpus(tmp_path, 4), "CUDA_VISIBLE_DEVICES": "3"})
    assert at_the_same_time(jobs) == [["3"]] * 3


def test_the_users_limit_wins(tmp_path: Path) -> None:
    jobs = run(tmp_path, 3, fake_gpus(tmp_path, 1), "--resources", "gpu=3")
    assert [job.gpus for job in jobs] == ["0"] * 3


def test_without_gpus_there_is_no_limit(tmp_path: Path) -> None:
    jobs = run(tmp_path, 3, fake_gpus(tmp_path, 0))
    assert [job.gpus for job in jobs] == ["none"] * 3
