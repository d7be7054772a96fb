"""Small studies on the tests' cluster, and what Slurm says of their jobs."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.workflow.projects import ROOT, Project

OVERLAY = Path(__file__).with_name("overlay") / "config.yaml"
LIMIT = 600  # seconds; a fault that is not got over by then fails


@dataclass(frozen=True)
class Job:
    """A job of a run, as Slurm remembers it."""

    number: int
    name: str  # rule_<rule>_wildcards_<values>, or group_...
    state: str
    partition: str
    node: str
    gpus: bool
    memory: str
    began: str  # local time, sortable
    ended: str
    output: Path
    folder: Path  # from which it was sent


def for_cluster(project: Project, resources: Mapping[str, Mapping[str, Any]] = {}) -> Project:
    """Have a project run by `--profile slurm`, with the tests' settings laid over it.

    `resources` of rules go over the profile's; Snakemake would take them in place of all of these.
    """
    shutil.copytree(ROOT / "profiles", project.folder / "profiles")
    (project.folder / "slurm").symlink_to("profiles/slurm")
    overlay = yaml.safe_load(OVERLAY.read_text())
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    of_rules = profile["set-resources"]
    changed = {rule: {**of_rules.get(rule, {}), **own} for rule, own in resources.items()}
    overlay["set-resources"] = of_rules | changed
    (project.folder / "overlay").mkdir()
    (project.folder / "overlay" / "config.yaml").write_text(yaml.safe_dump(overlay))
    return replace(project, how=("--profile", "slurm", "--workflow-profile", "overlay"))


def jobs_of(project: Project, name: str = "") -> list[Job]:
    """Jobs that a project has sent to Slurm, in order; of a rule, if its name is given."""
    return [job for job in jobs_in(project.folder) if name in job.name]


def jobs_in(folder: Path) -> list[Job]:
    """Jobs that were sent to Slurm from a folder, in order."""
    return [job for job in all_jobs() if job.folder == folder]


def all_jobs() -> list[Job]:
    """All jobs that Slurm remembers, in order."""
    shown = subprocess.run(
        ["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True, check=True
    )
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown.stdout.splitlines()]
    return [_job(fields) for fields in found if "WorkDir" in fields]


def _job(fields: Mapping[str, str]) -> Job:
    return Job(
        number=int(fields["JobId"]),
        name=fields.get("Comment", ""),
        state=fields["JobState"],
        partition=fields["Partition"],
        node=fields.get("NodeList", ""),
        gpus="gpu" in fields.get("TresPerJob", ""),
        memory=fields.get("MinMemoryNode", ""),
        began=fields["StartTime"],
        ended=fields["EndTime"],
        output=Path(fields["StdOut"]),
        folder=Path(fields["WorkDir"]),
    )


def states(project: Project, name: str) -> list[str]:
    """How the jobs of a rule ended, in order."""
    return [job.state for job in jobs_of(project, name)]


def most_at_once(jobs: list[Job]) -> int:
    """How many of some jobs ran at the same time, at most."""
    events = sorted([(job.began, 1) for job in jobs] + [(job.ended, -1) for job in jobs])
    running = [sum(step for _, step in events[: place + 1]) for place in range(len(events))]
    return max(running, default=0)


def wait_until(ready: Callable[[], Any], what: str, process: subprocess.Popen[bytes]) -> Any:
    """Wait for something true while Snakemake runs, and give it."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if found := ready():
            return found
        assert process.poll() is None, f"Snakemake ended before {what}"
        time.sleep(0.2)
    raise AssertionError(f"waited {LIMIT} s for {what}")
