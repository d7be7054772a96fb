"""What a study names and is not there is said before anything is made, all at once."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sharpflow.errors import UserError
from sharpflow.workflow.settings import load_study
from sharpflow.workflow.settings.missing_files import refuse_missing_files

ROOT = Path(__file__).parents[2]


def study(**overlay: Any) -> Any:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for key, value in overlay.items():
        config[key] = {**config[key], **value} if isinstance(config[key], dict) else value
    return load_study(config)


def test_all_that_is_missing_is_named_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "radiographs").mkdir()
    columns = dict.fromkeys(("id", "age", "sex", "patient", "visit"))
    columns |= {"image": "file", "total": "t"}
    cohorts = {
        "joints": {"radiographs": "radiographs", "scores": "scores.csv", "boxes": "boxes"},
        "whole_image": {"table": "totals.csv", "images": "images", "columns": columns},
        "bone_age": "phantom",
    }
    with pytest.raises(UserError) as refusal:
        refuse_missing_files(
            study(
                cohorts=cohorts,
                masks={"overrides": "mine.csv"},
                split={"table": "x" * 300},
                vgg16={"weights": {"file": "vgg16.h5", "sha256": "0" * 64}},
            )
        )
    keys = [line.split(":")[0].strip() for line in str(refusal.value).splitlines()[1:-1]]
    assert keys == [
        *("cohorts.joints.scores", "cohorts.joints.boxes"),
        *("cohorts.whole_image.table", "cohorts.whole_image.images"),
        *("split.table", "masks.overrides", "vgg16.weights.file"),
    ]
    assert f"begin at {tmp_path}." in str(refusal.value)


def test_a_folder_in_place_of_a_file_and_a_file_in_place_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.csv").touch()
    columns = {"image": "file", "total": "t"} | dict.fromkeys(
        ("id", "age", "sex", "patient", "visit")
    )
    bone_age = {"training_table": "folder", "training_images": "file.csv"}
    cohorts = {
        "joints": {"radiographs": "file.csv", "scores": "folder", "boxes": "file.csv"},
        "whole_image": {"table": "folder", "images": "file.csv", "columns": columns},
        "bone_age": bone_age | {"validation_table": "folder", "validation_images": "file.csv"},
    }
    with pytest.raises(UserError) as refusal:
        refuse_missing_files(
            study(
                cohorts=cohorts,
                masks={"overrides": "folder"},
                split={"table": "folder"},
                vgg16={"weights": {"file": "folder", "sha256": "0" * 64}},
            )
        )
    lines = [line.strip() for line in str(refusal.value).splitlines()[1:-1]]
    assert len(lines) == 11
    for line in lines:
        is_image = any(key in line for key in ("images:", "boxes:"))
        found, expected = ("file", "folder") if is_image else ("folder", "file")
        assert line.endswith(f"(found a {found}; expected a {expected})"), line
    cohorts["joints"]["radiographs"] = "folder"  # a folder or a CSV
    with pytest.raises(UserError) as refusal:
        refuse_missing_files(study(cohorts=cohorts))
    assert "radiographs" not in str(refusal.value)


def test_words_are_no_paths(tmp_path: Path) -> None:
    joints = {"radiographs": str(tmp_path), "scores": None, "boxes": "phantom"}
    cohorts = {"joints": joints, "whole_image": None, "bone_age": None}
    refuse_missing_files(study(cohorts=cohorts))  # with weights by download
    refuse_missing_files(study(cohorts=dict.fromkeys(cohorts, "phantom")))
