"""What a study's bundle is made from, and the manifest that it gets."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from sharpflow.bundle.export.describe import describe
from sharpflow.bundle.manifest_check import Sides, expected_networks, problem
from sharpflow.errors import UserError
from sharpflow.training.torch_files import save_torch
from tests.unit.test_study_plan import hands, only, plan

__all__ = ["hands"]  # a fixture
CODE = {"commit": "0123abc", "uncommitted": None}
JOINTS = {
    *("base", "unet-hand", "unet-foot", "detector-hand", "detector-foot"),
    *("head-erosion-hand", "head-erosion-foot", "head-narrowing-hand", "head-narrowing-foot"),
}


def familiar_files(folder: Path, *parts: str) -> dict[str, tuple[str, str]]:
    """Features and crops of four joints of each of the body parts."""
    rows = [(f"{place}", "train") for place in range(3)] + [("3", "test")]
    pd.DataFrame(rows, columns=["image_id", "split"]).to_csv(folder / "crops.csv", index=False)
    features = np.zeros((4, 512), np.float32)
    features[:, 0] = 0, 2, 4, 100
    np.save(folder / "features.npy", features)
    files = str(folder / "features.npy"), str(folder / "crops.csv")
    return dict.fromkeys(parts, files)


def split_file(folder: Path, **counts: int) -> str:
    path = folder / "split.csv"
    splits = [split for split, count in counts.items() for _ in range(count)]
    table = pd.DataFrame({"patient": range(len(splits)), "split": splits})
    table.to_csv(path, index=False)
    return str(path)


def test_the_papers_study_bundles_both_pipelines() -> None:
    bundle = plan(cohorts="phantom").bundle
    assert set(bundle.stacks) == {"total-stack-batch16", "severity-stack-single-batch16"}
    members = {
        *("total-resnet50-rbs1", "total-resnet34-finetuned", "total-mobilenetv2-irbs3"),
        *("severity-resnet50-finetuned", "severity-resnet34-rbs2", "severity-mobilenetv2-irbs3"),
    }
    assert set(bundle.networks) == JOINTS | members
    assert set(bundle.cards) == JOINTS - {"base"} | members | set(bundle.stacks)  # ImageNet's base
    assert bundle.networks["base"] == "<results>/vgg16/imagenet.keras"
    assert bundle.networks["detector-foot"] == "<results>/detector/foot/best.pt"
    assert bundle.splits.keys() == bundle.data.keys() == {"joints", "whole_image"}
    models = {name.removeprefix("head-") for name in JOINTS if name.startswith("head-")}
    assert bundle.out_of_fold == {name: f"<results>/calibration/{name}.csv" for name in models}
    assert bundle.totals == ["<results>/whole_image/total-stack-batch16/predictions.csv"]
    told = bundle.whole_image
    assert told and (told["total"], told["severity"], told["binned"]) == (
        "total-stack-batch16",
        "severity-stack-single-batch16",
        {},
    )


def test_the_best_by_validation_are_known_only_once_trained() -> None:
    stacking = {"members": "validation", "fitted_on": "validation", "epochs": 1}
    whole = {"stacking": stacking | {"learning_rate": 0.1}}
    bundle = plan(cohorts="phantom", whole_image=whole).bundle
    assert {name for name in bundle.networks if name.startswith("total-resnet50")} == {
        *("total-resnet50-finetuned", "total-resnet50-rbs1", "total-resnet50-rbs2")
    }


@pytest.mark.parametrize(
    ("experiments", "total", "severity", "needed"),
    [
        (["total-resnet34-mse-batch4"], "total-resnet34-mse-batch4", None, {"total-resnet34-mse"}),
        (
            ["severity-resnet34-batch4"],
            None,
            "severity-resnet34-batch4",
            {"severity-resnet34-batch4"},
        ),
        (["severity-binned-two"], "total-stack-two", "severity-binned-two", {"total-resnet34"}),
    ],
)
def test_a_study_of_few_experiments_bundles_what_it_has(
    experiments: list[str], total: str | None, severity: str | None, needed: set[str]
) -> None:
    bundle = plan(cohorts="phantom", whole_image={"experiments": experiments}).bundle
    told = bundle.whole_image
    assert told and (told["total"], told["severity"]) == (total, severity)
    networks = set(bundle.networks) - JOINTS
    assert networks and all(name.startswith(tuple(needed)) for name in networks)
    assert set(told["networks"]) == networks


def test_hands_alone_and_no_scores_at_all(tmp_path: Path, hands: dict[str, Any]) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text("Patient_ID,LH_pip_E__2\nUAB001,1\nUAB002,0\nUAB003,1\n")
    study = plan(cohorts=only(hands | {"scores": str(scores)}))
    bundle = study.bundle
    assert set(bundle.networks) == {name for name in JOINTS if not name.endswith("-foot")}
    assert bundle.joints and list(bundle.joints["body_parts"]) == ["hand"]
    assert bundle.joints["detector_data"] == "phantom"
    assert set(bundle.out_of_fold) == {"erosion-hand", "narrowing-hand"}
    assert bundle.totals == []
    assert (bundle.whole_image, bundle.statistics, bundle.stacks) == (None, [], {})
    assert study.bundle_results() == ["<results>/bundle/paper.sharpflow"]
    without = plan(cohorts=only(hands))
    assert not without.bundle
    with pytest.raises(UserError, match=r"no network that scores.*cohorts: joints: scores"):
        without.bundle_results()


def test_the_manifest_of_joints(tmp_path: Path, hands: dict[str, Any]) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text("Patient_ID,LH_pip_E__2\nUAB001,1\nUAB002,0\nUAB003,1\n")
    bundle = plan(
        cohorts=only(hands | {"scores": str(scores), "name": "Zürich, 2024"}),
        standardize={"height": 300, "width": 200},
        detector={"image_size": 256},
    ).bundle
    manifest = describe(
        study="mine",
        code=CODE,
        joints=bundle.joints,
        whole_image=bundle.whole_image,
        data=bundle.data,
        splits={"joints": split_file(tmp_path, train=4, validation=2, test=1)},
        units=bundle.units,
        max_megapixels=150.0,
        familiar=familiar_files(tmp_path, "hand"),
    )
    joints = manifest.joints
    assert joints and manifest.whole_image is None
    assert manifest.finger_line is None and not bundle.finger_line
    assert (joints.trained_on.data, joints.trained_on.train) == ("Zürich, 2024", 4)
    assert joints.trained_on.unit == "patients"
    assert manifest.max_megapixels == 150
    assert joints.heads == {"narrowing-hand": 5, "erosion-hand": 6}
    assert joints.body_parts["hand"].confidence == 0.5  # the paper's
    familiar = joints.body_parts["hand"].familiar
    assert (familiar.mean[:2], familiar.sd[0]) == ((2.0, 0.0), pytest.approx((8 / 3) ** 0.5))
    assert "synthetic" not in manifest.not_for
    assert expected_networks(manifest) == {
        "base": Sides((64, 64, 3), (512,)),
        "unet-hand": Sides((512, 416, 1), (512, 416, 1)),
        # Views of 256x171 pixels, in whole strides of 32.
        "detector-hand": Sides((3, 256, 192), (6, None)),
        "head-narrowing-hand": Sides((512,), (5,)),
        "head-erosion-hand": Sides((512,), (6,)),
    }


def test_settings_beyond_the_bounds_of_bundles_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"standardize\.height: found 9000"
    ):  # before anything is trained
        plan(cohorts="phantom", standardize={"height": 9000})
    bundle = plan(cohorts="phantom").bundle
    assert bundle.joints
    with pytest.raises(UserError, match=r"mine cannot be bundled: joints\.crops\.margin: found"):
        describe(
            study="mine",
            code=CODE,
            joints=bundle.joints | {"crops": {"size": 64, "margin": 11.0}},
            whole_image=None,
            data=bundle.data,
            splits={"joints": split_file(tmp_path, train=1)},
            units=bundle.units,
            max_megapixels=100.0,
            familiar=familiar_files(tmp_path, "hand"),
        )


def test_joints_that_were_split_are_counted_as_joints(tmp_path: Path) -> None:
    bundle = plan(cohorts="phantom", split={"unit": "joint"}).bundle
    manifest = describe(
        study="mine",
        code=CODE,
        joints=bundle.joints,
        whole_image=None,
        data=bundle.data,
        splits={"joints": split_file(tmp_path, train=60, validation=6, test=6)},
        units=bundle.units,
        max_megapixels=100.0,
        familiar=familiar_files(tmp_path, "hand", "foot"),
    )
    assert manifest.joints
    told = manifest.joints.trained_on  # three joints of each body part to train, one to test
    assert (told.unit, told.train, told.validation, told.test) == ("joints", 6, 0, 2)


def test_each_detector_has_the_confidence_that_its_validation_chose(tmp_path: Path) -> None:
    joints = {"whole_image": {"experiments": ["total-resnet34-mse-batch4"]}, "cohorts": "phantom"}
    assert not plan(**joints).bundle.confidences
    bundle = plan(**joints, detector={"confidence": "auto"}).bundle
    assert bundle.joints and bundle.confidences == {
        part: f"<results>/detector/{part}/confidence.csv" for part in ("hand", "foot")
    }
    tables = {}
    for part, chosen in (("hand", 0.15), ("foot", 0.45)):
        tables[part] = str(tmp_path / f"{part}.csv")
        table = pd.DataFrame({"confidence": [0.15, 0.3, 0.45]})
        table.assign(chosen=table["confidence"] == chosen).to_csv(tables[part], index=False)
    manifest = describe(
        study="mine",
        code=CODE,
        joints=bundle.joints,
        whole_image=None,
        data=bundle.data,
        splits={"joints": split_file(tmp_path, train=1)},
        units=bundle.units,
        max_megapixels=100.0,
        confidences=tables,
        familiar=familiar_files(tmp_path, "hand", "foot"),
    )
    assert manifest.joints
    found = {part: own.confidence for part, own in manifest.joints.body_parts.items()}
    assert found == {"hand": 0.15, "foot": 0.45}


def test_the_manifest_of_whole_images_has_what_the_stack_has_chosen(tmp_path: Path) -> None:
    bundle = plan(cohorts="phantom", whole_image={"experiments": ["severity-binned-two"]}).bundle
    model = tmp_path / "model.pt"
    save_torch({"weight": torch.tensor([[0.3, 0.7]]), "bias": torch.tensor([0.1])}, model)
    members = ["total-resnet34-rbs1", "total-resnet34-finetuned"]
    card = {"settings": {"members": members}}
    (tmp_path / "model_card.json").write_text(json.dumps(card))
    measured = {"pixel_mean": 0.2, "pixel_sd": 0.1, "target_mean": 50, "target_sd": 9, "n": 7}
    (tmp_path / "statistics.json").write_text(json.dumps(measured))
    manifest = describe(
        study="demo",
        code=CODE,
        joints=None,
        whole_image=bundle.whole_image,
        data=bundle.data,
        splits={"whole_image": split_file(tmp_path, train=3)},
        units=bundle.units,
        max_megapixels=2000.0,
        statistics=str(tmp_path / "statistics.json"),
        stacks={"total-stack-two": str(model)},
    )
    whole = manifest.whole_image
    assert whole and whole.stacks["total-stack-two"].members == tuple(members)
    assert whole.stacks["total-stack-two"].weight[0] == pytest.approx((0.3, 0.7))
    assert whole.binned == {"severity-binned-two": "total-stack-two"}
    assert set(whole.networks) == set(members)
    assert (whole.total, whole.severity) == ("total-stack-two", "severity-binned-two")
    assert (whole.trained_on.train, whole.trained_on.unit) == (3, "radiographs")
    assert whole.trained_on.validation == 0
    assert manifest.max_megapixels == 1000  # no reader would take more
    assert "synthetic" in manifest.not_for
    found = problem(manifest)
    assert found and found[0] == "members"  # not yet there, and nothing else is wrong
