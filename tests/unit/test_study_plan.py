"""The plan of a study: what it has, what waits for which check, what its rules ask for."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sharpflow.errors import UserError
from sharpflow.workflow.plan.checks import Checks
from sharpflow.workflow.plan.paths import cohort_name, one_of, shard_names
from sharpflow.workflow.plan.published import published_of_joints
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
    """A cohort of three patients' hands."""
    for name in ("UAB001-LH", "UAB001-RH", "UAB002-LH", "UAB003-RH"):
        (tmp_path / f"{name}.jpg").touch()
    return {"radiographs": str(tmp_path), "scores": None, "boxes": "phantom"}


def only(joints: dict[str, str | None]) -> dict[str, Any]:
    return {"joints": joints}


def test_a_check_makes_no_phantom_beside_what_the_user_brought(hands: dict[str, Any]) -> None:
    checked = plan(cohorts=only(hands)).check_results()
    assert "<results>/cohort/checks/own/passed.csv" in checked
    assert not [path for path in checked if "boxed" in path]
    both = plan(cohorts="phantom").check_results()
    assert {Path(path).parts[2] for path in both} >= {"joints", "whole_image", "bone_age"}


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
    assert published_of_joints(joints).tables == [
        "mask_yield",
        "little_found",
    ]  # nothing to measure detection on
    made = [path for path in study.joint_results() if "scores" in path]
    assert made == ["<results>/scores/overlays"]
    assert "<results>/masks/sheets/hand-00-unet.png" in study.joint_results()
    with pytest.raises(UserError, match=r"no whole-image pipeline.*cohorts: whole_image"):
        study.whole_image_results()
    assert (joints.cohorts, joints.boxed) == (["boxed", "joints"], "boxed")
    assert joints.data_name() == Path(hands["radiographs"]).name
    assert joints.data_name("boxed") == "phantom"


def test_radiographs_without_scores_have_shards_of_their_own(
    tmp_path: Path, hands: dict[str, Any]
) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text("Patient_ID,LH_pip_E__2\nUAB001,1\nUAB002,\n")
    cohorts = only(hands | {"scores": str(scores)})
    with pytest.raises(UserError, match=r"of 1 patient,.*those without scores do not count"):
        plan(cohorts=cohorts)
    study = plan(cohorts=cohorts, split={"table": "mine.csv"})
    joints = study.joints
    assert joints
    assert study.own_patients()["joints"].keys() == {"UAB001", "UAB002", "UAB003"}
    assert [r.image_id for r in joints.radiographs] == ["UAB001-LH", "UAB001-RH"]
    assert [r.image_id for r in joints.unscored.radiographs] == ["UAB002-LH", "UAB003-RH"]
    pattern = "standardized/unscored/{body_part}/{shard}.npy"
    (path,) = joints.unscored.every_shard(pattern)
    shard = wildcards(cohort="unscored", body_part="hand", shard=Path(path).stem)
    assert [row[0] for row in joints.sources.shard_rows(shard)] == ["UAB002-LH", "UAB003-RH"]
    assert "<results>/scores/unscored/totals.csv" in published_of_joints(joints).further
    checked = joints.checked("radiographs")(wildcards(cohort="joints"))
    assert sum("cohort/unscored/" in path for path in checked) == 1
    # All that trains or measures knows the scored ones alone.
    assert not any("unscored" in path for path in joints.radiograph_tables("joints"))
    # A row of scores without a radiograph: ids that do not match, for the check to say.
    scores.write_text("Patient_ID,LH_pip_E__2\nUAB001,1\nUAB02,1\n")
    unsure = plan(cohorts=cohorts, split={"table": "mine.csv"}).joints
    assert unsure and not unsure.unscored and len(unsure.radiographs) == 4


def test_unscored_radiographs_of_a_body_part_without_scores_are_left_out_with_a_warning(
    tmp_path: Path, hands: dict[str, Any]
) -> None:
    (tmp_path / "UAB003-LF.jpg").touch()
    scores = tmp_path / "scores.csv"
    # As a spreadsheet may write it: semicolons, and capitals that differ.
    scores.write_text("patient_id;lh_PIP_e__2\nUAB001;1\nUAB002;1\n")
    study = plan(cohorts=only(hands | {"scores": str(scores)}), split={"table": "mine.csv"})
    joints = study.joints
    assert joints and joints.body_parts == joints.unscored.body_parts == ["hand"]
    assert [r.image_id for r in joints.unscored.radiographs] == ["UAB003-RH"]
    (warning,) = study.warnings
    assert "1 without scores are of a body part of which none has scores" in warning
    assert "UAB003-LF" in warning


def test_what_is_wrong_with_an_own_split_is_told_with_the_plan(
    hands: dict[str, Any], tmp_path: Path
) -> None:
    own = tmp_path / "split.csv"
    own.write_text("patient,split\nUAB001,train\nUAB002,Test\nUAB003,validation\n")
    assert plan(cohorts=only(hands), split={"table": str(own)}).warnings == []
    own.write_text("patient,split\nUAB001,train\nUAB002,tst\nUAB003,validation\n")
    (warning,) = plan(cohorts=only(hands), split={"table": str(own)}).warnings
    assert "split.csv, row 3: found split 'tst'" in warning
    assert "And 1 more" in warning


def test_what_needs_no_decoding_is_told_with_the_plan(
    hands: dict[str, Any], tmp_path: Path
) -> None:
    """Tables swapped, verdicts and comments that name no image, a table without its columns."""
    scores, table, said = (tmp_path / name for name in ("scores.csv", "totals.csv", "said.csv"))
    scores.write_text("image,total\na,1\n")
    table.write_text("image,number,patient\na,1,P1\n")
    said.write_text("image_id,good,comment\nX-LH,true,Sound.\n")
    columns = {"image": "image", "total": "total", "patient": "patient"}
    columns |= dict.fromkeys(("id", "age", "sex", "visit"))
    whole = {"table": str(table), "images": str(tmp_path), "columns": columns}
    joints = hands | {"scores": str(scores)}
    config = yaml.safe_load((ROOT / "config.yaml").read_text())["whole_image"]
    warnings = plan(
        cohorts={"joints": joints, "whole_image": whole, "bone_age": "phantom"},
        masks={"overrides": str(said)},
        whole_image={"grad_cam": config["grad_cam"] | {"comments": str(said)}},
        split={"table": "mine.csv"},
    ).warnings
    told = {warning.split(":")[0]: warning for warning in warnings}
    assert told.keys() == {
        *("cohorts.joints.scores", "masks.overrides"),
        *("cohorts.whole_image", "whole_image.grad_cam.comments"),
    }
    assert "looks like the totals of whole radiographs" in told["cohorts.joints.scores"]
    assert "no such column" in told["cohorts.whole_image"]
    for key in ("masks.overrides", "whole_image.grad_cam.comments"):
        assert "row 2, column image_id: found image X-LH; expected an image" in told[key]
    assert all(warning.endswith("The check lists all.") for warning in warnings)


def test_ids_that_may_mean_one_person_are_listed_with_one_cohort(
    hands: dict[str, Any], tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("image,total,patient\na,1,uab1\nb,2,X-1\nc,3,x1\n")
    absent = dict.fromkeys(("id", "age", "sex", "visit"))
    columns = {"image": "image", "total": "total", "patient": "patient", **absent}
    whole = {"table": str(table), "images": str(tmp_path), "columns": columns}
    cohorts = {"joints": hands, "whole_image": whole, "bone_age": "phantom"}
    split = yaml.safe_load((ROOT / "config.yaml").read_text())["whole_image"]["split"]
    split |= {"train": 0.4, "validation": 0.3, "test": 0.3}
    study = plan(cohorts=cohorts, whole_image={"split": split})
    assert study.near_ids(wildcards(cohort="joints")) == [
        {
            "UAB001": [hands["radiographs"], "UAB001-LH.jpg, UAB001-RH.jpg"],
            "uab1": [str(table), "row 2"],
        }
    ]
    of_images = {"X-1": [str(table), "row 3"], "x1": [str(table), "row 4"]}
    assert study.near_ids(wildcards(images="whole_image")) == [of_images]
    assert study.near_ids(wildcards(images="bone_age")) == []
    accepted = plan(cohorts=cohorts, whole_image={"split": split}, checks={"near_ids": "accept"})
    assert accepted.near_ids(wildcards(cohort="joints")) == []


def test_an_own_split_is_of_the_users_own_patients(hands: dict[str, Any]) -> None:
    joints = plan(cohorts=only(hands), split={"table": "mine.csv"}).joints
    assert joints
    assert joints.split_table(wildcards(cohort="joints")) == ["mine.csv"]
    assert joints.split_table(wildcards(cohort="boxed")) == []


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
        ("bonn/data", "mine"),
        ("bonn/Data/list.csv", "mine"),
        ("data/radiographs", "mine"),
        ("phantom/images", "mine"),
        ("/", "mine"),
    ],
)
def test_without_a_name_a_cohort_is_called_as_its_folder_or_the_study(
    radiographs: str, name: str
) -> None:
    assert cohort_name(radiographs, "mine") == name
    assert cohort_name(radiographs, "phantom") != "phantom"  # which says that it is synthetic


def test_a_cohort_in_a_folder_that_says_nothing_is_called_as_the_study(
    hands: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for path in tmp_path.glob("*.jpg"):
        path.rename(folder / path.name)
    joints = plan(study="mine", cohorts=only(hands | {"radiographs": str(folder)})).joints
    assert joints
    assert joints.data_name() == joints.notes()["data"] == joints.folder() == "mine"


def test_other_networks_are_explained_where_the_papers_are_not_run() -> None:
    experiments = ["total-resnet34-mse-batch4", "severity-resnet34-batch4"]
    images = plan(cohorts="phantom", whole_image={"experiments": experiments}).whole_image
    assert images
    assert images.explained == dict(zip(("total", "severity"), experiments, strict=True))
    assert images.trained == experiments


def test_a_radiograph_is_in_one_shard_and_files_that_are_gone_are_left_to_the_check(
    hands: dict[str, Any],
) -> None:
    two = {"shards": {"hand": 2, "foot": 2}}
    joints = plan(cohorts=only(hands), standardize=two).joints
    assert joints
    shards = [wildcards(cohort="joints", body_part="hand", shard=shard) for shard in shard_names(2)]
    listed = [row[0] for shard in shards for row in joints.sources.shard_rows(shard)]
    assert sorted(listed) == ["UAB001-LH", "UAB001-RH", "UAB002-LH", "UAB003-RH"]
    Path(hands["radiographs"], "UAB002-LH.jpg").unlink()
    files = [file for shard in shards for file in joints.sources.shard_radiograph_files(shard)]
    assert sorted(Path(file).stem for file in files) == ["UAB001-LH", "UAB001-RH", "UAB003-RH"]


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
    with pytest.raises(
        UserError, match=r"experiment_epochs: unknown experiment 'total-resnet'; did"
    ):
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
    assert images.experiment(job)["batch"] == 4
    small = plan(cohorts="phantom", whole_image={"batch_factor": 8, "optimizer": "AdamW"})
    assert small.whole_image
    assert small.whole_image.experiment(job)["batch"] == 32
    assert small.whole_image.training_settings(job)["optimizer"] == "AdamW"


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


def test_what_stopped_a_run_is_read_from_tables_alone(hands: dict[str, Any]) -> None:
    study = plan(cohorts=only(hands))
    lists = [f"<results>/cohort/{cohort}/problems.csv" for cohort in ("joints", "boxed")]
    assert study.problem_lists("joints", "whole_image") == lists
    assert study.problems("joints") == [*lists, "<results>/cohort/joints/warnings.png"]


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


def test_synthetic_radiographs_for_a_cohort_of_hands_are_of_hands(hands: dict[str, Any]) -> None:
    joints = plan(cohorts=only(hands)).joints
    assert joints
    checked = {
        cohort: joints.check_settings(wildcards(cohort=cohort))["require_all_limbs"]
        for cohort in joints.cohorts
    }
    assert checked == {"boxed": False, "joints": True}


def test_each_cohort_has_a_shard_for_256_radiographs(hands: dict[str, Any]) -> None:
    pattern = "<results>/cohort/{cohort}/radiographs/{body_part}/{shard}.csv"
    joints = plan(cohorts=only(hands), phantom={"patients": 129}).joints
    assert joints
    own, boxed = (
        joints.cohort_shards(pattern)(wildcards(cohort=cohort)) for cohort in ("joints", "boxed")
    )
    assert own == ["<results>/cohort/joints/radiographs/hand/00.csv"]  # four radiographs
    assert [path.rpartition("/")[2] for path in boxed] == ["00.csv", "01.csv"]  # 258 of hands
    whole = plan(cohorts="phantom").whole_image  # the papers' 3,818 and 14,036 images
    assert whole
    packed = whole.images.packed
    assert [len(packed(".npy", name)) for name in ("whole_image", "bone_age")] == [15, 55]


def test_too_few_patients_are_refused_and_few_are_warned_of(hands: dict[str, Any]) -> None:
    assert "only 1 of 3 patients" in plan(cohorts=only(hands)).warnings[0]
    assert plan(cohorts="phantom").warnings == []
    with pytest.raises(UserError, match=r"joints\.radiographs: split: of 3 patients, test 0\.9"):
        plan(cohorts=only(hands), split={"test": 0.9, "validation": 0.99})
    table = plan(cohorts=only(hands), split={"table": "own.csv", "test": 0.5}).joints
    assert table and table.warnings == []
    assert table.split_table(wildcards(cohort="joints")) == ["own.csv"]
    assert table.split_table(wildcards(cohort="boxed")) == []
    with pytest.raises(UserError, match=r"phantom\.patients: split: of 2 patients"):
        plan(cohorts=only(hands), phantom={"patients": 2})


def test_numbers_of_images_that_do_not_fit_the_cohort_are_refused_at_once(tmp_path: Path) -> None:
    table = tmp_path / "totals.csv"
    table.write_text("image,total\na.png,1\nb.png,2\nc.png,3\nd.png,\n")
    for name in "abcd":
        (tmp_path / f"{name}.png").touch()
    absent = dict.fromkeys(("id", "age", "sex", "patient", "visit"))
    columns = {"image": "image", "total": "total", **absent}
    whole = {"table": str(table), "images": str(tmp_path), "columns": columns}
    cohorts = {"whole_image": whole, "bone_age": "phantom"}
    paper = yaml.safe_load((ROOT / "config.yaml").read_text())["whole_image"]["split"]
    with pytest.raises(
        UserError, match=r"3818 images together, and the cohort has 3 with a total\. Give"
    ):
        plan(cohorts=cohorts)
    for sizes in ((1, 1, 1), (0.4, 0.3, 0.3)):
        split = paper | dict(zip(("train", "validation", "test"), sizes, strict=True))
        study = plan(cohorts=cohorts, whole_image={"split": split})
        assert study.whole_image and study.joints is None


def test_epochs_of_experiments_that_are_not_trained_are_warned_of() -> None:
    epochs = {"bone-age-resnet34": 3, "bone-age-mobilenetv2": 2}
    chosen = {"experiments": ["total-mobilenetv2-irbs3"], "experiment_epochs": epochs}
    (warning,) = plan(cohorts="phantom", whole_image=chosen).warnings
    assert "experiment_epochs: bone-age-resnet34 is no network that" in warning
