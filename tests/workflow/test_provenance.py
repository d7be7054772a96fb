"""What made each table and figure of a finished study is known, from its files to its settings."""

import json
from typing import Any

import pytest

from sharpflow.workflow.compare.__main__ import main
from sharpflow.workflow.compare.reference import keep_reference, said_at_end

from .projects import Project

STUDIES = ("finished", "finished_whole_image")


@pytest.fixture(params=STUDIES)
def project(request: pytest.FixtureRequest) -> Project:
    study: Project = request.getfixturevalue(request.param)
    return study


def read_index(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.results / "provenance/index.json").read_text())
    return found


def rules_behind(index: dict[str, Any], name: str) -> set[str]:
    return {index["jobs"][job]["rule"] for job in index["results"][name]["jobs"]}


def test_each_table_and_figure_is_in_the_index(project: Project) -> None:
    index = read_index(project)
    shown = {
        path.relative_to(project.results).with_suffix("").as_posix()
        for folder in ("tables", "figures", "timing")
        for path in (project.results / folder).iterdir()
    }
    assert shown <= index["results"].keys()
    assert index["unrecorded"] == []
    assert [name for name, entry in index["results"].items() if entry["unrecorded"]] == []
    page = (project.results / "provenance/index.md").read_text()
    assert [name for name in shown if f"`{name}`" not in page] == []


def test_the_chain_of_table_1_leads_back_to_the_cohorts_files(finished: Project) -> None:
    index = read_index(finished)
    assert rules_behind(index, "tables/joint_scoring") >= {
        *("table_joint_scoring", "train_head", "extract_features", "crop_joints", "detect_joints"),
        *("train_detector", "train_unet", "standardize", "split_patients", "check_radiographs"),
        *("stop_at_problems", "train_base", "read_scores"),
    }
    entry = index["results"]["tables/joint_scoring"]
    assert entry["seeds"] == [42]
    assert entry["threads"] == [1]
    assert entry["precision"] in (["float32"], ["bfloat16", "float32"])
    assert entry["seconds"] > 10
    # 56 radiographs, 56 files of boxes, the scores, and the masks' overrides.
    assert entry["data"]["items"] == 114


def test_no_training_is_behind_what_needs_none(finished: Project) -> None:
    rules = rules_behind(read_index(finished), "tables/mask_yield")
    assert not {rule for rule in rules if rule.startswith("train_")}


def test_a_finished_study_equals_itself_and_its_reference(
    project: Project, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(project.results), str(project.results)]) == 0
    assert "are the same" in capsys.readouterr().out
    warnings = keep_reference(project.results, tmp_path)
    assert warnings == []
    assert main([str(project.results), str(tmp_path)]) == 0
    said = said_at_end(project.results, tmp_path)
    count = len(list((project.results / "tables").glob("*.csv")))
    assert f"{count} of {count} tables are equal" in said
