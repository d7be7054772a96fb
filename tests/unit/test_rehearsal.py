"""Rehearsals: what the plan counts, and each rule's own code in a process of its own."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sharpflow.errors import UserError
from sharpflow.rehearsal import alone
from sharpflow.rehearsal.alone import Rehearsed, rehearse_alone
from sharpflow.rehearsal.images import Radiographs, radiographs
from sharpflow.rehearsal.phantom import make_radiographs, make_whole_images
from sharpflow.rehearsal.rehearsals import REHEARSALS
from sharpflow.workflow.plan.rehearsal import HeavyRule, RehearsalPlan
from sharpflow.workflow.plan.study import plan_study

ROOT = Path(__file__).parents[2]
SMALL = (
    ROOT / "tests/workflow/study.yaml",
    ROOT / "tests/workflow/whole_image_study.yaml",
)


def plan(*files: Path, **changes: Any) -> RehearsalPlan:
    """The rehearsals of config.yaml with files and other sections laid over it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for over in ({"cohorts": "phantom"}, *(yaml.safe_load(path.read_text()) for path in files)):
        config = laid_over(config, over)
    study = plan_study(laid_over(config, changes))
    return RehearsalPlan(study.study, study.joints, study.whole_image)


def laid_over(config: Any, over: Any) -> Any:
    """As Snakemake lays one file over another."""
    if not (isinstance(config, dict) and isinstance(over, dict)):
        return over
    return config | {key: laid_over(config.get(key), value) for key, value in over.items()}


def rule_of(rehearsals: RehearsalPlan, name: str) -> HeavyRule:
    return next(rule for rule in rehearsals.rules if rule.name == name)


@pytest.fixture(scope="module")
def papers() -> RehearsalPlan:
    return plan()


def test_amounts_are_those_of_the_papers_study(papers: RehearsalPlan) -> None:
    amounts = {
        rule.name: [(part.of, part.jobs, part.amount) for part in rule.parts]
        for rule in papers.rules
    }
    both, radiographs = "hand and foot", 4 * 367
    assert amounts["standardize"] == [(both, 2, radiographs)]
    assert amounts["train_unet"] == [(both, 2, 200 * radiographs)]
    assert amounts["train_detector"] == [(both, 2, 2 * 4000 * 64)]
    assert amounts["extract_features"] == [(both, 2, 2 * 367 * (10 + 6))]
    assert amounts["train_head"][0] == ("narrowing-hand", 1, 5 * 250)
    networks = {of: (jobs, amount) for of, jobs, amount in amounts["train_network"]}
    assert len(networks) == 12
    assert networks["ResNet-50, batch 4"] == (6, 50 * 14036 + 5 * 100 * 3818)
    assert networks["MobileNetV2, batch 4, irbs3 frozen"] == (2, 2 * 100 * 3818)
    assert sum(jobs for jobs, _ in networks.values()) == 36
    assert amounts["explain_network"][0] == ("total-resnet50-rbs1", 1, 358)
    # ImageNet's weights need no training.
    assert "train_base" not in amounts


def test_seeds_multiply_the_trainings_of_networks(papers: RehearsalPlan) -> None:
    both = plan(whole_image={"seeds": 2})
    once, twice = (rule_of(each, "train_network").parts[0] for each in (papers, both))
    assert (twice.jobs, twice.amount) == (2 * once.jobs, 2 * once.amount)


def test_the_base_is_rehearsed_where_it_is_trained() -> None:
    rehearsals = plan(vgg16={"weights": "none", "synthetic_joints": {"joints": 96, "epochs": 2}})
    (base,) = rule_of(rehearsals, "train_base").parts
    (joints,) = rule_of(rehearsals, "make_synthetic_joints").parts
    assert (base.amount, joints.amount) == (2 * 96 * 2, 96 * 2)


def test_a_study_without_scores_rehearses_what_it_runs(tmp_path: Path) -> None:
    for patient in ("a", "b", "c"):
        (tmp_path / f"{patient}-LF.jpg").touch()
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    own = {"joints": {"radiographs": str(tmp_path), "boxes": "phantom"}}
    study = plan_study(laid_over(config, {"cohorts": own}))
    rehearsals = RehearsalPlan(study.study, study.joints, study.whole_image)
    names = [rule.name for rule in rehearsals.rules]
    assert names[0] == "standardize" and names[-1] == "detect_joints"
    assert (rehearsals.body_parts, rehearsals.whole_images) == (["foot"], {})
    (unet,) = rule_of(rehearsals, "train_unet").parts
    assert (unet.value, unet.jobs, unet.amount) == ("foot", 1, 200 * 3)


def test_a_job_finds_what_it_is_given(papers: RehearsalPlan) -> None:
    rule = rule_of(papers, "train_network")
    assert rule.record == "<results>/rehearsal/records/train_network/{network}.json"
    given = rule.arguments(SimpleNamespace(network="total-resnet34-rbs2"))
    assert (given["experiment"]["freeze"], given["steps"]) == ("rbs2", 3)
    assert len(papers.records()) == len(papers.parts()) == len(set(papers.records()))
    assert {rule.name for rule in plan(*SMALL).rules} == set(REHEARSALS)


@pytest.fixture(scope="module")
def small() -> RehearsalPlan:
    sizes = {"patients": 14, "radiograph_height": 300, "children": 20}
    heights = {"whole_image_height": 100, "child_radiograph_height": 100}
    return plan(
        *SMALL,
        phantom=sizes | heights | {"whole_image_patients": 24},
        whole_image={"experiments": ["severity-mobilenetv2-irbs3"]},
        vgg16={"synthetic_joints": {"batch": 8}},
        rehearsal={"steps": 2, "images": 2},
    )


@pytest.fixture(scope="module")
def images(small: RehearsalPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal") / "images"
    folder.mkdir()
    make_radiographs(folder, small.radiographs, body_parts=small.body_parts, n=2, seed=1)
    make_whole_images(folder, small.whole_images, n=2, seed=1)
    return folder


@pytest.fixture
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield


def rehearsed(
    small: RehearsalPlan, name: str, images: Path, folder: Path, **limits: float | None
) -> Rehearsed:
    arguments = rule_of(small, name).parts[0].arguments
    limits = {"limit": None} | limits
    return rehearse_alone(name, arguments, phantom=images, folder=folder, **limits)  # type: ignore[arg-type]


UNITS = {
    "standardize": ("image", 1, 2),
    "make_entropy_masks": ("image", 1, 2),
    "train_unet": ("step", 8, 2),
    "segment": ("image", 1, 8),
    "train_detector": ("step", 8, 2),
    "detect_joints": ("image", 1, 16),
    "make_synthetic_joints": ("joint", 1, 2),
    "train_base": ("step", 8, 2),
    "extract_features": ("crop", 1, 128),
    "train_head": ("epoch", 1, 10),
    "train_network": ("step", 4, 2),
    "explain_network": ("image", 1, 8),
}


@pytest.mark.usefixtures("on_the_processor")
@pytest.mark.parametrize("name", REHEARSALS)
def test_each_rule_is_rehearsed(
    name: str, small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    found = rehearsed(small, name, images, tmp_path / "work")
    measured = found.measured
    assert (found.too_large, found.gpu) == ("", "")
    assert tuple(measured[key] for key in ("unit", "items", "done")) == UNITS[name]
    assert measured["seconds"] > 0
    # Python with numpy and pandas at least; for trainings, with TensorFlow or torch.
    least = 300e6 if name.startswith("train") else 80e6
    assert least < measured["host_bytes"] < 8e9
    assert measured["gpu_bytes"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_takes_too_much_is_ended(
    small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    found = rehearsed(small, "standardize", images, tmp_path / "work", limit=30e6)
    assert found == Rehearsed({}, "needs more than the 0.0 GB of memory that it may take")
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_takes_too_long_is_ended(
    small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    found = rehearsed(small, "standardize", images, tmp_path / "work", seconds=0.1)
    assert found.too_large == "was not done in 0 minutes"


def test_a_rehearsal_that_the_kernel_kills_does_not_fit(
    small: RehearsalPlan, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr(alone.sys, "executable", str(killed))
    found = rehearsed(small, "standardize", images, tmp_path / "work")
    assert found.too_large.startswith("was killed")


def test_a_rehearsal_that_fails_says_why(
    small: RehearsalPlan, images: Path, tmp_path: Path
) -> None:
    arguments = rule_of(small, "train_detector").parts[0].arguments
    wrong = arguments | {"settings": arguments["settings"] | {"model": "yolov9000"}}
    with pytest.raises(UserError, match="train_detector failed: detector model is 'yolov9000'"):
        rehearse_alone(
            "train_detector", wrong, phantom=images, folder=tmp_path / "work", limit=None
        )
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_is_stopped_leaves_nothing(
    small: RehearsalPlan, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[str]] = []

    def stopped(process: subprocess.Popen[str], *_: Any) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(alone, "_watched", stopped)
    with pytest.raises(KeyboardInterrupt):
        rehearsed(small, "standardize", images, tmp_path / "work")
    assert started[0].returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_copies_fill_a_batch_and_keep_their_boxes(images: Path) -> None:
    two = radiographs(images, "hand")
    copies = two.copies(5)
    assert len(two.rows) == 2
    assert copies.rows["image_id"].is_unique
    assert len(copies.boxes) == 5 * 10
    for number in range(5):
        first = number % 2
        assert (copies.images[number] == two.images[first]).all()
        assert (copies.masks[number] == two.masks[first]).all()
        assert lefts(copies, number) == lefts(two, first)
    assert lefts(two, 0) != lefts(two, 1)


def lefts(of: Radiographs, number: int) -> list[float]:
    """The left sides of a radiograph's boxes."""
    return of.boxes.loc[of.boxes["image_id"] == of.rows["image_id"][number], "x_min"].tolist()


def test_a_batch_more_validates(images: Path) -> None:
    split = radiographs(images, "foot").for_training(batch=3, steps=2).rows["split"]
    assert split.tolist() == ["train"] * 6 + ["validation"] * 3
