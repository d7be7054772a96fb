"""Nothing trains before every cohort has passed its check, whatever is asked for."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from .projects import OWN_JOINTS, Project, make_joint_and_whole_image_project
from .test_small_study import IMAGING

JOINT_TRAINING = {"train_unet", "train_detector", "train_base", "train_head"}
WHOLE_IMAGE_TRAINING = {"train_network", "stack_networks"}
TRAINING = JOINT_TRAINING | WHOLE_IMAGE_TRAINING
# What the checks read, and what needs no cohort.
BEFORE = {
    *("check_radiographs", "read_scores", "read_boxes", "pack_images"),
    *("check_cohort", "check_images", "stop_at_problems", "pass_checks"),
    *("list_warnings", "list_image_warnings", "draw_warnings"),
    *("fetch_vgg16", "fetch_yolov3"),
}
SUMS = {"sum_scores", "compare_pipelines"}
PHANTOM_IMAGES = "  whole_image: phantom\n  bone_age: phantom\n"
TARGETS = {"all", "joints", "whole_image", "tables", "figures"}
# What the trainings of each pipeline made, and what was made with it.
MADE = {
    "finished": "unet masks/unet detector detection vgg16/synthetic_joints.keras crops features "
    "heads",
    "finished_whole_image": "whole_image",
}


def copy(project: Project, folder: Path) -> Project:
    """A study of its own, with all that was made, as old as it was."""
    shutil.copytree(project.folder, folder)
    return Project(folder, project.study)


def edit(path: Path, column: str, value: str) -> None:
    """Change a column of the first row."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, column] = value
    table.to_csv(path, index=False)


def spoil_score(folder: Path) -> None:
    edit(folder / "cohort" / "scores.csv", "LH_mcp_E__2", "77")


def spoil_joints(folder: Path) -> list[str]:
    """A score out of range, a patient given twice, a box beyond its image; what is said of them."""
    spoil_score(folder)
    scores = folder / "cohort" / "scores.csv"
    scores.write_text(scores.read_text() + scores.read_text().splitlines()[-1] + "\n")
    boxes = folder / "cohort" / "boxes" / "UAB003-RF.xml"
    boxes.write_text(re.sub(r"<xmin>\d+", "<xmin>99999", boxes.read_text(), count=1))
    return ["3 problem(s)", "LH_mcp_E__2: found 77", "patient UAB014", boxes.name]


def spoil_total(folder: Path) -> list[str]:
    edit(folder / "wang" / "labels.csv", "total", "281")
    return ["1 problem(s)", "labels.csv, row 2", "found '281'"]


def spoil_age(folder: Path) -> list[str]:
    edit(folder / "rsna" / "boneage-training-dataset.csv", "boneage", "-3")
    return ["1 problem(s)", "boneage-training-dataset.csv, row 2", "found '-3'"]


@pytest.mark.parametrize(
    ("study", "spoil"),
    [
        ("finished", spoil_joints),
        ("finished_whole_image", spoil_total),
        ("finished_whole_image", spoil_age),
    ],
)
def test_nothing_trains_beside_a_bad_cohort(
    study: str, spoil: Callable[[Path], list[str]], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    project = copy(request.getfixturevalue(study), tmp_path / "bad")
    for name in MADE[study].split():
        made = project.results / name
        shutil.rmtree(made) if made.is_dir() else made.unlink()
    said = spoil(project.folder)
    ended = project.attempt("--keep-going")
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert [words for words in said if words not in output] == []
    assert re.search(r"problems? with the input stopped this run; .*problems.csv", output)
    assert "Traceback" not in output
    planned = set(re.findall(r"^([a-z]\w+) +\d+$", output, re.M))
    assert planned & TRAINING == (JOINT_TRAINING if study == "finished" else WHOLE_IMAGE_TRAINING)
    executed = set(re.findall(r"^(?:local)?rule (\w+):", output, re.M))
    assert "stop_at_problems" in executed
    assert executed <= BEFORE
    assert not [path for end in ("*.pt", "*.keras") for path in project.results.rglob(end)]


def test_a_score_refused_and_corrected_makes_no_images_again(
    finished: Project, tmp_path: Path
) -> None:
    project = copy(finished, tmp_path / "study")
    scores, head = (
        project.folder / "cohort/scores.csv",
        "results/small/heads/erosion-hand/model_card.json",
    )
    good, card = scores.read_text(), (project.folder / head).read_text()
    spoil_score(project.folder)
    for target in ("all", head):  # refused again, and for a single file as well
        assert project.attempt(target).returncode != 0
        assert (project.folder / head).read_text() == card
    scores.write_text(good)
    planned = project.planned()
    assert {"check_cohort", "stop_at_problems", "pass_checks"} <= planned.keys()
    assert not planned.keys() & {*IMAGING, *TRAINING, "check_radiographs", "crop_joints"}


def test_what_changed_beside_a_score_is_planned_too(finished: Project, tmp_path: Path) -> None:
    project = copy(finished, tmp_path / "study")
    edit(project.folder / "cohort" / "scores.csv", "LH_mcp_E__2", "3")
    planned = project.planned("--config", "unet={epochs: 13}")
    assert {"check_cohort", "train_unet", "segment", "train_head"} <= planned.keys()
    assert not planned.keys() & IMAGING


def test_a_changed_threshold_makes_the_warnings_alone_again(finished: Project) -> None:
    warnings = pd.read_csv(finished.results / "cohort/joints/warnings.csv")
    assert "measured" in warnings
    planned = finished.planned("--config", "checks={warnings: {thumb_side: 7}}")
    pages = {"show_cohorts": 1, "show_cost": 1}  # which show the warnings, and what all took
    assert planned == {"list_warnings": 1, "draw_warnings": 1} | pages


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Project:
    """A study of both pipelines, with cohorts of the user's own; nothing is run."""
    return make_joint_and_whole_image_project(tmp_path_factory.mktemp("both"), cohort)


@pytest.mark.parametrize(
    ("target", "trained"),
    [
        ("all", TRAINING),
        ("results/small/tables/joint_scoring.csv", JOINT_TRAINING),
        # Made before the heads, which fail where too little was found.
        ("results/small/tables/little_found.csv", {"train_unet", "train_detector"}),
    ],
)
def test_all_but_what_the_checks_read_waits_for_them(
    both: Project, target: str, trained: set[str]
) -> None:
    rules, needs = graph(both, target)
    assert TRAINING & set(rules.values()) == trained
    assert (target == "all") == (set(rules.values()) >= SUMS)
    for job, rule in rules.items():
        if rule in TRAINING:  # itself, since a run may begin with it, all before it being made
            assert "pass_checks" in {rules[other] for other in needs[job]}, rule
        if needs[job] and rule not in BEFORE | TARGETS:
            before = [rules[other] for other in upstream(needs, job)]
            assert before.count("check_cohort") == 1, rule
            assert before.count("check_images") == 2, rule
            assert "pass_checks" in before, rule


def test_names_that_look_like_patterns_are_names(both: Project, tmp_path: Path) -> None:
    """Snakemake's wildcards and variables, in braces and angle brackets, are none in names."""
    project = copy(both, tmp_path / "named")
    odd = project.folder / "my {x} <y> [1]$ cohort"
    (project.folder / "cohort").rename(odd)
    (odd / "boxes" / "notes {draft}.docx").touch()
    (project.folder / "over {rides}.csv").write_text("image_id,good\n")
    cohorts = {name: f"{odd.name}/{name}" for name in ("radiographs", "boxes")}
    own = {
        "cohorts": {"joints": cohorts | {"scores": f"{odd.name}/scores.csv"}},
        "masks": {"overrides": "over {rides}.csv"},
        "checks": {"ignored_classes": ["{dip}"]},
    }
    (project.folder / "own.yaml").write_text(yaml.safe_dump(own))
    planned = project.planned("joints")
    assert {"check_cohort", "choose_masks", "train_detector", "table_detection"} <= planned.keys()


def test_a_pipeline_on_the_phantom_waits_for_its_own_cohorts_alone(both: Project) -> None:
    planned = both.planned("joints", "--config", "cohorts=phantom")
    assert planned["check_cohort"] == 1
    assert not planned.keys() & {"make_whole_image_phantom", "pack_images", "check_images"}


def test_both_cohorts_may_have_radiographs_without_scores(both: Project, tmp_path: Path) -> None:
    project = copy(both, tmp_path / "unscored")
    scores = project.folder / "cohort" / "scores.csv"
    scores.write_text("\n".join(scores.read_text().splitlines()[:-1]) + "\n")
    edit(project.folder / "wang" / "labels.csv", "total", "")
    assert {"list_unscored_radiographs", "list_unscored_images"} <= project.planned().keys()


def test_nothing_is_made_beside_a_bad_cohort(both: Project, tmp_path: Path) -> None:
    project = copy(both, tmp_path / "bad")
    spoil_score(project.folder)
    (project.folder / "own.yaml").write_text("cohorts:\n" + OWN_JOINTS + PHANTOM_IMAGES)
    assert project.planned().keys() >= {"make_whole_image_phantom", "make_bone_age_phantom"}
    ended = project.attempt("--keep-going")
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert output.count("LH_mcp_E__2: found 77") == 1
    executed = set(re.findall(r"^(?:local)?rule (\w+):", output, re.M))
    assert executed <= BEFORE


def test_a_split_by_joint_sums_no_patients_joints(both: Project) -> None:
    by_joint = ("--config", "split={unit: joint}")
    planned = both.planned("all", *by_joint)
    assert "score_radiographs" in planned
    assert not planned.keys() & SUMS
    for path in ("scores/totals.csv", "figures/pipelines.pdf"):
        ended = both.attempt("-n", f"results/small/{path}", *by_joint)
        assert ended.returncode != 0
        assert "Set unit: patient for them" in ended.stdout + ended.stderr


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
