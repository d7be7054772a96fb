"""Nothing trains before every cohort has passed its check, whatever is asked for."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sharpflow.anatomy import MODELS

from .projects import Project, make_joint_and_whole_project
from .test_small_study import IMAGING

COHORTS = ("joints", "whole", "bone_age")
TRAINING = {
    *("train_unet", "train_detector", "train_base", "train_head"),
    *("train_network", "stack_networks"),
}
# What the checks read, and what needs no cohort.
BEFORE = {
    *("draw_phantom", "draw_whole_phantom", "draw_childrens_phantom"),
    *("check_films", "read_scores", "read_boxes", "pack_images"),
    *("check_cohort", "check_images", "stop_at_problems", "pass_checks"),
    *("draw_joints", "fetch_vgg16", "fetch_yolov3"),
}
TARGETS = {"all", "joints", "whole", "tables", "figures"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Project:
    """A study of both pipelines, all its cohorts checked, nothing else done."""
    project = make_joint_and_whole_project(tmp_path_factory.mktemp("both"), cohort)
    project.run(*(f"results/small/cohort/{name}/problems.csv" for name in COHORTS))
    return project


def edit(path: Path, column: str, value: object) -> None:
    table = pd.read_csv(path, dtype=str)
    table.loc[0, column] = value
    table.to_csv(path, index=False)


def bad_score(folder: Path) -> str:
    edit(folder / "cohort" / "scores.csv", "LH_mcp_E__2", 77)
    return "LH_mcp_E__2"


def patient_twice(folder: Path) -> str:
    scores = folder / "cohort" / "scores.csv"
    scores.write_text(scores.read_text() + scores.read_text().splitlines()[-1] + "\n")
    return "UAB014"


def bad_box(folder: Path) -> str:
    boxes = folder / "cohort" / "boxes" / "UAB003-RF.xml"
    boxes.write_text(re.sub("<xmin>\\d+", "<xmin>99999", boxes.read_text(), count=1))
    return boxes.name


def bad_total(folder: Path) -> str:
    edit(folder / "wang" / "labels.csv", "total", 281)
    return "281"


def bad_age(folder: Path) -> str:
    edit(folder / "rsna" / "boneage-training-dataset.csv", "boneage", -3)
    return "-3"


@pytest.mark.parametrize("spoil", [bad_score, patient_twice, bad_box, bad_total, bad_age])
def test_nothing_trains_beside_a_bad_cohort(
    project: Project, tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    bad = Project(tmp_path / "bad", project.study)
    shutil.copytree(project.folder, bad.folder)
    word = spoil(bad.folder)
    ended = bad.attempt("--keep-going")
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "1 problem(s) with the input" in output
    assert word in output
    executed = set(re.findall(r"^(?:local)?rule (\w+):", output, re.M))
    assert {"stop_at_problems"} <= executed <= BEFORE
    models = [path for end in ("pt", "keras") for path in bad.results.rglob(f"*.{end}")]
    assert models == []


@pytest.mark.parametrize("target", ["all", "results/small/tables/joint_scoring.csv"])
def test_all_but_what_the_checks_read_waits_for_them(project: Project, target: str) -> None:
    rules, needs = graph(project, target)
    for job, rule in rules.items():
        before = {rules[other] for other in upstream(needs, job)}
        if rule not in BEFORE | TARGETS:
            assert {"check_cohort", "check_images", "pass_checks"} <= before, rule
        if rule in TRAINING:  # a run may begin with it, all before it being made
            assert "pass_checks" in {rules[other] for other in needs[job]}, rule
    ours = TRAINING if target == "all" else TRAINING - {"train_network", "stack_networks"}
    assert ours == TRAINING & set(rules.values())


def graph(project: Project, target: str) -> tuple[dict[int, str], dict[int, set[int]]]:
    """Each job's rule, and the jobs that it needs."""
    dag = json.loads(project.attempt(target, "--d3dag", "--forceall").stdout)
    rules = {node["id"]: node["value"]["rule"] for node in dag["nodes"]}
    needs: dict[int, set[int]] = {job: set() for job in rules}
    for edge in dag["edges"]:
        needs[edge["v"]].add(edge["u"])
    return rules, needs


def upstream(needs: dict[int, set[int]], job: int) -> set[int]:
    """The jobs that must end before `job` begins."""
    found: set[int] = set()
    queue = list(needs[job])
    while queue:
        other = queue.pop()
        if other not in found:
            found.add(other)
            queue += needs[other]
    return found
