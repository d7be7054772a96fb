"""The plan of a study: what it has, what waits for which check, what its rules ask for."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sharpflow.errors import UserError
from sharpflow.workflow.plan.checks import Checks
from sharpflow.workflow.plan.paths import folder_name, one_of, shard_names
from sharpflow.workflow.plan.running_times import A_DAY, JointWork, WholeImageWork, ask
from sharpflow.workflow.plan.study import StudyPlan, plan_study

ROOT = Path(__file__).parents[2]


def plan(**changes: Any) -> StudyPlan:
    """The plan of config.yaml with other sections laid over it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for section, value in changes.items():
        config[section] = config[section] | value if isinstance(value, dict) else value
    return plan_study(config)


def test_a_wildcard_of_no_names_matches_nothing() -> None:
    assert not re.fullmatch(one_of([]), "total-stack-batch4")
    assert not re.fullmatch(one_of([]), "")
    assert re.fullmatch(f"{one_of(['', 'seed-2/'])}a", "seed-2/a")
    assert re.fullmatch(f"{one_of(['', 'seed-2/'])}a", "a")
    assert not re.fullmatch(one_of(["hand", "foot"]), "hands")


def wildcards(**values: str) -> Any:
    return SimpleNamespace(**values)


@pytest.fixture
def hands(tmp_path: Path) -> dict[str, str | None]:
    """A cohort of two patients' hands."""
    for name in ("UAB001-LH", "UAB001-RH", "UAB002-LH"):
        (tmp_path / f"{name}.jpg").touch()
    return {"radiographs": str(tmp_path), "scores": None, "boxes": "phantom"}


def only(joints: dict[str, str | None]) -> dict[str, Any]:
    return {"joints": joints}


def test_the_phantom_has_both_pipelines_and_compares_them() -> None:
    study = plan(cohorts="phantom")
    assert study.joints and study.whole_image
    assert study.shares_patients and study.compares
    assert "<results>/tables/pipelines.csv" in study.tables()
    assert "<results>/figures/bo_fig5_grad_cam_severity.pdf" in study.figures()
    assert study.joints.truth() == "results/paper/phantom/joints"


def test_a_cohort_of_hands_without_scores_has_what_needs_neither(hands: dict[str, Any]) -> None:
    study = plan(cohorts=only(hands))
    joints = study.joints
    assert joints and study.whole_image is None and not study.compares
    assert joints.body_parts == ["hand"]
    assert sorted(joints.models) == ["erosion-hand", "narrowing-hand"]
    assert joints.tables == ["detection", "mask_yield", "little_found"]
    made = [path for path in study.joint_results() if "scores" in path]
    assert made == ["<results>/scores/overlays"]
    assert "<results>/masks/sheets/hand-00-unet.png" in study.joint_results()
    with pytest.raises(UserError, match=r"no whole-image pipeline.*cohorts: whole_image"):
        study.whole_image_results()
    assert (joints.cohorts, joints.boxed) == (["boxed", "joints"], "boxed")
    assert joints.data_name() == Path(hands["radiographs"]).name
    assert joints.data_name("boxed") == "phantom"


def test_a_cohort_is_called_by_its_name_and_a_new_name_trains_nothing_again(
    hands: dict[str, Any],
) -> None:
    joints = plan(cohorts=only(hands | {"name": "Bonn 2023"})).joints
    assert joints
    assert joints.data_name() == joints.notes()["data"] == "Bonn 2023"
    assert joints.data_name("boxed") == "phantom"
    assert joints.folder() == Path(hands["radiographs"]).name  # what the models' cards say
    with pytest.raises(UserError, match=r"phantom means synthetic"):
        plan(cohorts=only(hands | {"name": "phantom"}))


@pytest.mark.parametrize(
    ("radiographs", "name"),
    [
        ("data/bonn", "bonn"),
        ("data/bonn/radiographs", "bonn"),
        ("data/bonn/Images", "bonn"),
        ("data/bonn/list.csv", "bonn"),
        ("data/bonn/radiographs/list.csv", "bonn"),
        (None, ""),
    ],
)
def test_without_a_name_a_cohort_is_called_as_its_folder(
    radiographs: str | None, name: str
) -> None:
    assert folder_name(radiographs) == name


def test_other_networks_are_explained_where_the_papers_are_not_run() -> None:
    experiments = ["total-resnet34-mse-batch4", "severity-resnet34-batch4"]
    images = plan(cohorts="phantom", whole_image={"experiments": experiments}).whole_image
    assert images
    assert images.explained == dict(zip(("total", "severity"), experiments, strict=True))
    assert images.trained == experiments


def test_a_radiograph_is_in_one_shard_and_files_that_are_gone_are_left_to_the_check(
    hands: dict[str, Any],
) -> None:
    joints = plan(cohorts=only(hands)).joints
    assert joints
    shards = [
        wildcards(cohort="joints", body_part="hand", shard=shard)
        for shard in shard_names(joints.study.standardize.shards["hand"])
    ]
    listed = [row[0] for shard in shards for row in joints.shard_rows(shard)]
    assert sorted(listed) == ["UAB001-LH", "UAB001-RH", "UAB002-LH"]
    Path(hands["radiographs"], "UAB002-LH.jpg").unlink()
    files = [file for shard in shards for file in joints.shard_radiograph_files(shard)]
    assert sorted(Path(file).stem for file in files) == ["UAB001-LH", "UAB001-RH"]


def test_sums_are_refused_where_a_patient_is_trained_on_and_tested() -> None:
    joints = plan(cohorts="phantom", split={"unit": "joint"}).joints
    assert joints and not joints.has_totals
    with pytest.raises(UserError, match="unit: patient"):
        joints.summed_scores(wildcards())


def test_what_is_set_aside_is_read_from_what_was_kept() -> None:
    for on_problem, folder in (("stop", "radiographs/hand/00.csv"), ("set_aside", "kept/")):
        joints = plan(cohorts="phantom", checks={"on_problem": on_problem}).joints
        assert joints
        assert joints.radiograph_tables("joints")[0].startswith(f"<results>/cohort/joints/{folder}")


def test_unknown_experiments_are_named() -> None:
    with pytest.raises(UserError, match=r"experiment_epochs\): unknown experiment 'total-resnet'"):
        plan(cohorts="phantom", whole_image={"experiment_epochs": {"total-resnet": 3}})


def test_a_network_starts_from_the_pretraining_of_its_own_seed() -> None:
    images = plan(cohorts="phantom", whole_image={"seeds": 2}).whole_image
    assert images
    job = wildcards(network="total-resnet50-rbs1", replicate="seed-2/")
    inputs = images.network_inputs(job)
    assert inputs["start"] == ["<results>/whole_image/seed-2/bone-age-resnet50/model.pt"]
    assert inputs["split"] == "<results>/cohort/whole_image/split.csv"
    assert len(inputs["images"]) == 15
    assert images.seed(job) != images.study.seed == images.seed(wildcards(replicate=""))
    pretraining = wildcards(network="bone-age-resnet50", replicate="")
    assert images.network_inputs(pretraining)["start"] == []
    assert images.training_settings(pretraining)["epochs"] == 50
    assert images.training_settings(job)["epochs"] == 100


def test_the_users_own_cohorts_are_checked_before_any_is_made() -> None:
    checks = Checks(
        {"joints": ["boxed", "joints"], "whole_image": ["bone_age", "whole_image"]},
        {"boxed", "bone_age"},
    )
    assert checks.before("joints") == ["joints", "whole_image", "boxed"]
    assert checks.passed() == ["<results>/cohort/checks/own/passed.csv"]
    assert checks.passed("whole_image") == [
        "<results>/cohort/checks/own/passed.csv",
        "<results>/cohort/checks/whole_image/passed.csv",
    ]
    alone = Checks({"joints": ["joints"]}, {"joints"})
    assert alone.passed("joints", "whole_image") == ["<results>/cohort/checks/joints/passed.csv"]


def test_a_rule_asks_for_twice_its_work_and_more_with_each_attempt() -> None:
    asked = ask(gigabytes=lambda job: float(job.size), seconds=600)
    job = wildcards(size="3")
    assert [asked["mem_mb"](job, attempt) for attempt in (1, 2)] == [3000, 6000]
    assert [asked["runtime"](job, attempt, threads=4) for attempt in (1, 2)] == [15, 30]
    assert "gpu" not in asked
    on_gpu = ask(gigabytes=1, seconds=60 * A_DAY, gpus=2)
    assert on_gpu["gpu"] == 2
    assert on_gpu["runtime"](job, 1, threads=8) == A_DAY


def test_work_follows_the_studys_sizes() -> None:
    paper = plan(cohorts="phantom")
    small = plan(cohorts="phantom", whole_image={"size": 512, "devices": 2})
    hand = wildcards(body_part="hand", cohort="joints", shard="00")
    assert paper.joints and paper.whole_image and small.whole_image
    assert JointWork(paper.joints).detect_joints(hand) == pytest.approx(0.1 * 734)
    network = wildcards(network="total-resnet34-mse-batch4", replicate="")
    whole, quarter = (WholeImageWork(images) for images in (paper.whole_image, small.whole_image))
    assert whole.train_network(network) == pytest.approx(8 * quarter.train_network(network))
    assert whole.packed_gigabytes("whole_image") == pytest.approx(3818 * 1024**2 / 1e9)
