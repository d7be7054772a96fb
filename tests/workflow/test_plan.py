"""The papers' study as a plan for a cluster; neither cohorts nor Slurm are needed to make it."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workflow.projects import ROOT

RULES = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").rglob("*.smk"))
RULE = re.compile(r"^( *)rule (\w+):\n(.*?)(?=^\1\S|\Z)", re.MULTILINE | re.DOTALL)
BODIES = {rule: body for _, rule, body in RULE.findall(RULES)}
LOCAL = {rule for rule, body in BODIES.items() if "localrule: True" in body}
ASKING = {rule for rule, body in BODIES.items() if "**ask(" in body}
TARGETS = {"all", "tables", "figures", "joints", "whole_image", "rehearse", "score"}
MOST = 250
JOB = re.compile(r"^( *)rule (\w+):.*?^ *resources: (.*?)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Job:
    """A job of a plan: a group's, or by itself."""

    rule: str
    grouped: bool
    resources: dict[str, str]


def plan(folder: Path, *arguments: str) -> str:
    """What `snakemake --profile slurm -n` says, for a study in an empty folder."""
    programs = folder / "programs"  # without Slurm's; the executor looks for them by `which`
    programs.mkdir(exist_ok=True)
    if not (programs / "which").exists():
        (programs / "which").symlink_to(shutil.which("which") or "/usr/bin/which")
    environment = dict(os.environ, PATH=str(programs))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "-n", "--directory"]
    ended = subprocess.run(
        [*command, str(folder), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    output = ended.stdout + ended.stderr
    assert ended.returncode == 0, output[-3000:]
    return output


def jobs_of(output: str) -> list[Job]:
    return [
        Job(rule, bool(indent), dict(part.split("=", 1) for part in resources.split(", ")))
        for indent, rule, resources in JOB.findall(output)
    ]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plan of the whole study at the papers' sizes, on synthetic radiographs."""
    return plan(tmp_path_factory.mktemp("paper"), "--config", "cohorts=phantom")


def test_few_jobs_are_submitted(paper: str) -> None:
    single = [job for job in jobs_of(paper) if not job.grouped]
    submitted = [job for job in single if job.rule not in LOCAL | TARGETS]
    groups = re.findall(r"Group job (\w+)", paper)
    assert len(submitted) + len(groups) <= MOST
    assert len(groups) >= 1


def test_the_plan_lists_the_jobs_of_each_rule(paper: str) -> None:
    stats = paper.partition("Job stats:")[2].partition("\n\n")[0]
    listed = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", stats, re.M)}
    assert listed.pop("total") == sum(listed.values())
    assert listed == Counter(job.rule for job in jobs_of(paper))
    # 33 networks and three pretrainings; 3,818 and 14,036 images in shards of 256.
    assert (listed["train_network"], listed["pack_images"]) == (36, 15 + 55)


def test_a_second_seed_trains_and_stacks_again_and_no_more(paper: str, tmp_path: Path) -> None:
    twice = tmp_path / "twice.yaml"
    twice.write_text("whole_image: {seeds: 2}\n")
    both = plan(tmp_path, "--configfile", str(twice), "--config", "cohorts=phantom")
    first, counted = (Counter(job.rule for job in jobs_of(output)) for output in (paper, both))
    again = dict.fromkeys(("train_network", "stack_networks", "bin_stack"), 2)
    assert counted == {rule: count * again.get(rule, 1) for rule, count in first.items()}
    folder = "results/paper/whole_image/seed-2"
    starts = re.findall(
        rf"/statistics.json, ([^,\n]*).*\n.*{folder}/total-resnet50-rbs1/model.pt", both
    )
    assert starts == [f"{folder}/bone-age-resnet50/model.pt"]
    assert "seed-2" not in paper


def test_an_experiment_without_stack_or_grad_cam_is_planned_quietly(tmp_path: Path) -> None:
    chosen, own = "total-mobilenetv2-mse-batch4", tmp_path / "own.yaml"
    own.write_text(f"whole_image: {{experiments: [{chosen}]}}\n")
    output = plan(tmp_path, "--configfile", str(own), "--config", "cohorts=phantom")
    assert f"whole_image/{chosen}/model.pt" in output
    assert "Exception" not in output
    assert "Error" not in output


def test_what_computes_on_gpus_goes_where_gpus_are(paper: str) -> None:
    gpus = {job.rule for job in jobs_of(paper) if "gpu" in job.resources}
    there = {job.rule for job in jobs_of(paper) if job.resources["slurm_partition"] == "gpu"}
    assert gpus == there
    assert {"train_unet", "train_detector", "extract_features", "train_network"} <= gpus
    assert {job.resources["gpu"] for job in jobs_of(paper) if job.rule in gpus} == {"1"}


def test_a_rehearsal_asks_for_what_its_rule_asks_for(paper: str, tmp_path: Path) -> None:
    names = ("slurm_partition", "mem_mb", "gpu")
    asked = {(job.rule, *map(job.resources.get, names)) for job in jobs_of(paper)}
    jobs = jobs_of(plan(tmp_path, "rehearse", "--config", "cohorts=phantom"))
    rehearsed = Counter(job.rule for job in jobs if job.rule.startswith("rehearse_"))
    assert rehearsed == {
        **{f"rehearse_{rule}": 1 for rule in ("standardize", "make_entropy_masks", "segment")},
        **{f"rehearse_{rule}": 1 for rule in ("train_unet", "train_detector", "detect_joints")},
        "rehearse_explain_network": 2,
        "rehearse_extract_features": 1,
        "rehearse_train_head": 4,
        "rehearse_train_network": 12,
    }
    for job in jobs:
        if job.rule in rehearsed:
            rule = job.rule.removeprefix("rehearse_")
            assert (rule, *map(job.resources.get, names)) in asked, job
            assert int(job.resources["runtime"]) == 60
            assert not job.grouped
    assert {job.rule for job in jobs} - set(rehearsed) == {
        "make_rehearsal_images",
        "table_rehearsal",
        "rehearse",
    }
    assert not [job for job in jobs_of(paper) if "rehears" in job.rule]


def test_the_demo_can_be_rehearsed(tmp_path: Path) -> None:
    demo = str(ROOT / "profiles" / "demo" / "study.yaml")
    jobs = Counter(job.rule for job in jobs_of(plan(tmp_path, "rehearse", "--configfile", demo)))
    assert jobs["rehearse_train_base"] == jobs["rehearse_make_synthetic_joints"] == 1
    assert jobs["rehearse_train_network"] == 2  # a network each, since none has frozen stages


def test_every_rule_is_short_or_says_what_it_needs() -> None:
    assert set(BODIES) == LOCAL | ASKING
    assert not LOCAL & ASKING


def test_a_further_attempt_asks_for_more(tmp_path: Path) -> None:
    goals = (
        "results/paper/whole_image/bone-age-resnet50/model_card.json",
        "results/paper/unet/hand/model_card.json",
    )
    first, second = (
        {
            job.rule: [int(job.resources[name]) for name in ("mem_mb", "runtime")]
            for job in jobs_of(
                plan(tmp_path, *goals, "--attempt", attempt, "--config", "cohorts=phantom")
            )
            if job.rule not in LOCAL
        }
        for attempt in ("1", "2")
    )
    for rule, (memory, minutes) in first.items():
        assert second[rule][0] == 2 * memory, rule
        assert second[rule][1] == pytest.approx(min(2 * minutes, 24 * 60), abs=1), rule


def test_a_training_asks_for_the_time_of_its_study(tmp_path: Path) -> None:
    def minutes(*settings: str) -> int:
        goal = "results/paper/whole_image/bone-age-resnet34/model_card.json"
        output = plan(tmp_path, goal, "--config", "cohorts=phantom", *settings)
        (job,) = [job for job in jobs_of(output) if job.rule == "train_network"]
        return int(job.resources["runtime"])

    smaller = "whole_image={size: 256, pretraining: {epochs: 25, learning_rate: 0.001}}"
    assert minutes(smaller) - 10 == pytest.approx((minutes() - 10) / 32, abs=1)


def test_the_documented_requests_are_those_of_the_plan(paper: str) -> None:
    planned: dict[str, set[tuple[int, int]]] = {}
    for job in jobs_of(paper):
        request = round(int(job.resources["mem_mb"]) / 1000), int(job.resources["runtime"])
        planned.setdefault(job.rule, set()).add(request)
    documented: dict[tuple[str, ...], list[set[int]]] = {}
    for line in (ROOT / "docs" / "how-to" / "cluster.md").read_text().splitlines():
        cells = line.split("|")
        rules = (
            tuple(re.findall(r"[a-z]+_[a-z_]+|segment|standardize", cells[1])) if cells[1:] else ()
        )
        if len(cells) == 9 and rules and set(rules) <= ASKING:
            rows = documented.setdefault(rules, [set(), set()])
            for row, cell in zip(rows, cells[4:6], strict=True):
                row |= {int(number) for number in re.findall(r"\d+", cell)}
    assert {rule for rules in documented for rule in rules} == ASKING
    for rules, numbers in documented.items():
        requests = {request for rule in rules for request in planned.get(rule, ())}
        for found, said in zip(zip(*requests, strict=True), numbers, strict=bool(requests)):
            assert (min(found), max(found)) == (min(said), max(said)), rules
