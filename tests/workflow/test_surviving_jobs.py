"""Jobs of a killed Snakemake still write: no run of the same study begins."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from sharpflow.workflow.runs import RECORDS, note_run
from tests.workflow.projects import ROOT, copy_workflow

NAME = "sharpflow_6241ee3f-a6f2-4f97-ac37-31e9a362a956"


def make_slurm(folder: Path) -> Path:
    """Programs in the place of squeue and scancel: one job, until it is cancelled."""
    cancelled = shlex.quote(str(folder / "cancelled"))
    programs = {
        "squeue": f"[ -e {cancelled} ] || echo '7|7|RUNNING|bob|0|{NAME}|rule_train_unet|/7.log|'",
        "scancel": f'echo "$@" > {cancelled}',
    }
    folder.mkdir()
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return folder


def note_killed_run(folder: Path, results: str) -> None:
    run = note_run(folder, results, jobs=NAME)
    path = folder / RECORDS / run.record
    said = json.loads(path.read_text())
    said["process"]["started"] = 1  # this process's number was another's then
    path.write_text(json.dumps(said))


def test_nothing_begins_beside_jobs_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    project = copy_workflow(tmp_path / "study", "small")
    slurm = make_slurm(tmp_path / "slurm")
    note_killed_run(project.folder, "results/small")
    environment = {**os.environ, "PATH": f"{slurm}:{os.environ['PATH']}"}
    study = ["--cores", "2", "--configfile", "study.yaml", "--config", "cohorts=phantom"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command, *study],
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )

    refused = run("-m", "snakemake")
    assert refused.returncode != 0
    assert "7 RUNNING rule_train_unet" in refused.stdout + refused.stderr
    assert not project.results.exists() or not list(project.results.rglob("*.csv"))

    went_on = run(str(ROOT / "profiles" / "slurm" / "after_crash.py"), "cancel", "-n")
    output = went_on.stdout + went_on.stderr
    assert went_on.returncode == 0, output
    assert (slurm / "cancelled").read_text() == "7\n"
    assert "This was a dry-run" in output
    assert not list((project.folder / RECORDS).iterdir())
