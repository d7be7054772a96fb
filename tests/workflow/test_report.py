"""`snakemake --report` of finished studies: what a reviewer finds in it."""

import base64
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.workflow.projects import ROOT, Project

MOST = 15_000_000  # bytes
CAPTIONS = ROOT / "workflow" / "report"


def report_of(project: Project, path: Path) -> str:
    project.run("--report", str(path))
    assert path.stat().st_size < MOST
    return path.read_text()


def variable(report: str, script: str, name: str) -> Any:
    """What a script of the report assigns."""
    found = re.search(rf'<script id="{script}">\s*var {name} = (.*);\s*</script>', report)
    assert found, name
    return json.loads(found[1])


@pytest.fixture(scope="module")
def reports(
    finished: Project, finished_whole_image: Project, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    return {
        "joints": report_of(finished, folder / "joints.html"),
        "images": report_of(finished_whole_image, folder / "images.html"),
    }


WHOLE = {name: {"Other"} for name in ("Data", "Training", "Cost", "Reporting checklists")}
CATEGORIES = {
    "joints": {"Tan et al.": {"Tables", "Figures", "Examples"}} | WHOLE,
    "images": {"Bo et al.": {"Tables", "Figures"}} | WHOLE,
}


@pytest.mark.parametrize("study", CATEGORIES)
def test_every_result_can_be_opened_and_says_what_it_shows(
    reports: dict[str, str], study: str
) -> None:
    categories = variable(reports[study], "categories", "categories")
    assert {name: set(parts) for name, parts in categories.items()} == CATEGORIES[study]
    results = variable(reports[study], "results", "results")
    listed = [path for parts in categories.values() for paths in parts.values() for path in paths]
    assert sorted(listed) == sorted(results)
    data = {"joints": "cohort", "images": "wang"}[study]
    for parts in categories.values():
        for paths in parts.values():
            # The report shows one entry for each label.
            labels = [results[path]["labels"] for path in paths]
            assert all(set(label) == {"Result"} for label in labels)
            assert len({label["Result"] for label in labels}) == len(paths)
    for path, result in results.items():
        label = result["labels"]["Result"]
        assert Path(path).name not in label
        assert "_" not in label
        assert len(label) <= 40
        assert result["mime_type"] in ("text/html", "image/png")  # others are not shown
        assert result["data_uri"].startswith(f"data:{result['mime_type']};")
        if result["mime_type"] == "text/html":  # where Markdown would stand as it is
            page = base64.b64decode(result["data_uri"].partition("base64,")[2]).decode()
            assert "`" not in page
        for part in ("<strong>Look for:", "<strong>It does not show:", "Data:"):
            assert f"<p>{part}" in result["caption"], path
        assert f"Data: {data}" in result["caption"] or "benchmark" in result["caption"]


def test_every_table_and_figure_is_in_the_report(
    reports: dict[str, str], finished: Project, finished_whole_image: Project
) -> None:
    for study, project in (("joints", finished), ("images", finished_whole_image)):
        shown = {Path(path).name for path in variable(reports[study], "results", "results")}
        for folder in ("tables", "timing"):
            tables = {path.stem for path in (project.results / folder).glob("*.csv")}
            assert {f"{name}.html" for name in tables} <= shown
        assert {path.name for path in (project.results / "figures").glob("*.png")} <= shown


def test_the_first_page_tells_the_study_and_its_stages(reports: dict[str, str]) -> None:
    page = variable(reports["joints"], "workflow-desc", "workflow_desc")
    assert "Research use only" in page
    assert "56 radiographs of 14 patients (8 training, 3 validation, 3 test)" in page
    for stage in ("Cohorts", "Masks", "U-Net", "Detector", "Scoring", "Tables", "Figures"):
        assert f"<b>{stage}</b>" in page
    assert "Whole-image pipeline" not in page
    assert "safe center" in reports["joints"]  # else what is taller than the window is cut off


def test_no_caption_is_left_over_or_missing() -> None:
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").rglob("*.smk"))
    for caption in CAPTIONS.glob("*.rst"):
        assert caption.stem == "workflow" or re.search(rf'["/]{caption.stem}["./]', rules), caption


def test_a_zipped_report_holds_the_results(finished: Project, tmp_path: Path) -> None:
    finished.run("--report", str(tmp_path / "report.zip"))
    with zipfile.ZipFile(tmp_path / "report.zip") as report:
        names = {Path(name).name for name in report.namelist()}
    assert {"report.html", "joint_scoring.html", "tan_fig6_confusion.png", "scores.html"} <= names


def test_each_test_patient_has_a_page(finished: Project) -> None:
    joints = pd.read_csv(finished.results / "scores" / "joints.csv")
    pages = {path.stem for path in (finished.results / "scores" / "patients").glob("*.html")}
    assert pages == {"index", *joints["patient"]}
    for patient, own in joints.groupby("patient"):
        page = (finished.results / "scores" / "patients" / f"{patient}.html").read_text()
        assert page.count("data:image/webp") == own["image_id"].nunique()
        assert "http" not in page.replace("http-equiv", "")
        # A row for each joint, with the limb once.
        assert len(re.findall(r'<td class="limb">', page)) == len(own)
