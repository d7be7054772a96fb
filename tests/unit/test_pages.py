"""Pages stand alone, escape what users named, and say what is so."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS, Damage
from sharpflow.imaging.shards import write_shard
from sharpflow.reporting import examples
from sharpflow.reporting.checklists import checklist_items, filled_in, write_checklists
from sharpflow.reporting.cohort_page import CohortTables, write_cohort_page
from sharpflow.reporting.cost_page import job_costs, write_cost_page
from sharpflow.reporting.examples import (
    choose_examples,
    labelled_groups,
    rank_detections,
    rank_scores,
)
from sharpflow.reporting.names import file_names
from sharpflow.reporting.overlays import label_radiograph, part_sentences
from sharpflow.reporting.pages import table_html, write_page
from sharpflow.reporting.patient_pages import PatientTables, write_patient_pages
from sharpflow.reporting.study_facts import StudyTables, study_facts
from sharpflow.reporting.tables import publish
from sharpflow.workflow.settings import load_study
from tests.unit.html_pages import EVIL, Page

ROOT = Path(__file__).parents[2]
# How many parts an item of TRIPOD+AI has, if it has several; 52 in all.
TRIPOD_PARTS = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}
TRIPOD_ITEMS = [
    f"{item}{part}"
    for item in range(1, 28)
    for part in "abcdefg"[: TRIPOD_PARTS.get(item, 0)] or [""]
]


def test_a_table_is_a_page_beside_its_other_files(tmp_path: Path) -> None:
    shown = pd.DataFrame({("", "Model"): [EVIL], ("PCC", "this"): ["0.9 (0.8 to 1.0)"]})
    files = publish(
        pd.DataFrame({"row": [1]}), tmp_path, "x", shown=shown, caption=EVIL, notes=["a < b"]
    )
    assert {path.suffix for path in files} == {".csv", ".md", ".tex", ".html"}
    page = Page(tmp_path / "x.html")
    assert EVIL in "".join(page.text)
    assert "0.9 (0.8\u00a0to\u00a01.0)" in "".join(page.text)
    assert "a < b" in page.text
    assert "Research use only" in page.words


def test_columns_share_their_heading_and_text_stands_at_the_left() -> None:
    columns = pd.MultiIndex.from_tuples([("", "Model"), ("MAE", "this"), ("MAE", "paper")])
    html = table_html(pd.DataFrame([["a", "1.0 ± 0.1", "–"]], columns=columns))
    assert '<th colspan="2">MAE</th>' in html
    assert html.count('class="text"') == 2  # the heading and the cell of the first column


def joints_of(patient: str, visit: str, limbs: tuple[str, ...], *, scored: bool) -> pd.DataFrame:
    """All joints of some limbs: predicted 1, true 2; of a left hand MCP5 is not found."""
    rows = []
    for limb in limbs:
        for joint in DETECTED_JOINTS[LIMBS[limb].body_part]:
            found = (limb, joint.name) != ("LH", "MCP5")
            row = {
                **{"image_id": f"{visit}-{limb}", "patient": patient, "visit": visit},
                **{"limb": limb, "joint": joint.name, "confidence": 0.5 if found else None},
                "state": "scored" if found else "not found",
            }
            for damage in Damage:
                has = joint.column(damage) is not None
                row[f"{damage}_true"] = 2 if scored and has else None
                row[f"{damage}_predicted"] = 1 if found and has else None
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    folder = tmp_path / "overlays"
    folder.mkdir()
    for image_id in ("1-LH", "1-RF", "10-LH"):
        pixels = np.full((40, 30, 3), 90, np.uint8)
        Image.fromarray(pixels).save(folder / f"{image_id}.png")
    return folder


def test_a_patients_page_has_every_joint_of_every_visit(tmp_path: Path, overlays: Path) -> None:
    joints = pd.concat(
        [
            joints_of(EVIL, "10", ("LH",), scored=False),  # a visit that nobody has scored
            joints_of(EVIL, "1", ("LH", "RF"), scored=True),
        ]
    )
    radiographs = pd.DataFrame(
        {"image_id": ["1-LH", "1-RF", "10-LH"], "mask": [None, "small", None]}
    )
    tables = PatientTables(joints, radiographs, [overlays], "phantom", "patient")
    write_patient_pages(tmp_path / "pages", tables)
    index = Page(tmp_path / "pages" / "index.html")
    (link,) = index.links
    page = Page(tmp_path / "pages" / unquote(link))
    assert page.links == ["index.html"]
    assert f"Patient {EVIL}" in page.text
    for limb in ("Left hand", "Right foot"):
        assert limb in page.text
    for joint in (*DETECTED_JOINTS[LIMBS["LH"].body_part], *DETECTED_JOINTS[LIMBS["RF"].body_part]):
        assert joint.name in page.text
    text = page.words
    assert "synthetic radiographs" in text
    assert "2 visits, 3 radiographs; 24 of 26 joints found and scored" in text
    assert "Left hand, visit 1: MCP5 not found." in text
    assert "Left hand, visit 10: MCP5 not found." in text
    # Of the visit with a missing joint the predicted sum is blank: 10 + 6 joints of 2 points.
    assert "left hand, right foot – (32) – (30) – (62) 15 of 16" in text
    assert text.index("Visit 1 ") < text.index("Visit 10")
    assert "the U-Net's mask is small" in text
    assert "Right foot, visit 10 No radiograph." in text
    assert page.text.count("no radiograph") == 6


def test_where_joints_were_split_a_page_has_no_sums(tmp_path: Path, overlays: Path) -> None:
    tables = PatientTables(
        joints_of("A", "1", ("RF",), scored=True),
        pd.DataFrame({"image_id": [], "mask": []}),
        [overlays],
        "mine",
        "joint",
    )
    write_patient_pages(tmp_path, tables)
    assert "there are no sums" in Page(tmp_path / "A.html").words


def test_ids_are_safe_as_names_of_files(tmp_path: Path) -> None:
    patients = [
        *(
            "A1",
            "a1",
            "..",
            "a/b",
            "a%2Fb",
            "index",
            "CON",
            "x" * 300,
            "x" * 299,
            "-rf",
            "Ü",
            "a:b",
        ),
        *(EVIL, "a.", "né", " a"),
    ]
    names = file_names(patients)
    assert names["A1"] == "A1"
    assert len({name.lower() for name in names.values()}) == len(patients)
    for name in names.values():
        assert re.fullmatch(r"[A-Za-z0-9%_~()+,=@][A-Za-z0-9%_.~()+,=@ -]*", name)
        assert len(name) < 140
        (tmp_path / f"{name}.html").write_text("")
    assert len(list(tmp_path.iterdir())) == len(patients)


def test_examples_are_the_ends_and_the_middle_of_a_ranking() -> None:
    assert choose_examples(list("abcdefghi"), 2) == {
        "good": ["a", "b"],
        "typical": ["d", "e"],
        "worst": ["i", "h"],
    }
    assert choose_examples(["a"], 3) == {"good": ["a"], "typical": [], "worst": []}
    assert choose_examples(["a", "b"], 3) == {"good": ["a"], "typical": [], "worst": ["b"]}
    assert choose_examples([], 3) == {"good": [], "typical": [], "worst": []}
    three = choose_examples(["a", "b", "c"], 1)
    assert list(three.values()) == [["a"], ["b"], ["c"]]


def test_radiographs_are_ranked_by_what_was_found_and_by_their_errors() -> None:
    radiographs = pd.DataFrame(
        {
            "image_id": ["none", "sure", "unsure"],
            "limb": "LF",
            "joints": [0, 6, 6],
            "joints_expected": 6,
            "lowest_confidence": [None, 0.9, 0.2],
        }
    )
    ranked = rank_detections(radiographs)
    assert list(ranked["image_id"]) == ["sure", "unsure", "none"]
    joints = pd.concat(
        [
            joints_of("A", "1", ("RF",), scored=True),
            joints_of("B", "2", ("RF",), scored=True).assign(erosion_predicted=2),
            joints_of("C", "3", ("RF",), scored=False),
        ]
    )
    ranked = rank_scores(joints)
    assert list(ranked["image_id"]) == ["2-RF", "1-RF"]
    assert "0.50 points" in ranked["why"].iloc[0]


def test_examples_are_labelled_by_body_part_with_their_part_in_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pd.DataFrame({"image_id": ["1-RF", "2-LF"]})
    write_shard(tmp_path / "00.npy", [np.full((40, 30), 90, np.uint8)] * 2, rows)
    joints = pd.concat(
        [joints_of("A", "1", ("RF",), scored=True), joints_of("B", "2", ("LF",), scored=True)]
    ).assign(x_min=5, y_min=5, x_max=14, y_max=14)
    ranked = pd.DataFrame({"image_id": ["2-LF", "1-RF"], "limb": ["LF", "RF"], "why": ["b", "a"]})
    radiographs = pd.DataFrame(
        {
            "image_id": ["1-RF", "2-LF"],
            "split": ["test", "train"],
            "part": ["test", "none"],
            **dict.fromkeys(("unet", "detector", "heads")),
        }
    )
    said: dict[str, str] = {}

    def label(image: Any, joints: pd.DataFrame, *, part: str, **how: Any) -> Any:
        said[joints["image_id"].iloc[0]] = part
        return label_radiograph(image, joints, part=part, **how)

    monkeypatch.setattr(examples, "label_radiograph", label)
    hands, feet = labelled_groups(
        ranked,
        joints,
        radiographs,
        [str(tmp_path / "00.npy")],
        body_parts=["hand", "foot"],
        note="",
        has_scores=True,
    )
    assert (hands.heading, list(hands.pictures)) == ("Hands", [])
    assert feet.heading == "Feet"
    assert [picture.caption for picture in feet.pictures] == ["Good: b", "Worst: a"]
    assert said == part_sentences(radiographs)
    assert said["1-RF"] == "Test radiograph: it had no part in training."


def test_costs_are_summed_by_rule(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    for job, seconds in (("hand", 60), ("foot", 120)):
        (tmp_path / "train" / f"{job}.tsv").write_text(
            f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:01:00\t500.0\t90\n"
        )
    (tmp_path / "short.tsv").write_text("s\th:m:s\tmax_rss\tcpu_time\n0.1\t0:00:00\t-\t-\n")
    costs = job_costs(tmp_path)
    assert list(costs["rule"]) == ["train", "short"]
    assert costs.loc[0, ["jobs", "seconds", "longest", "cpu_seconds"]].tolist() == [
        2,
        180,
        120,
        180,
    ]
    for record in ({}, {"hardware": {"cores": 2, "gpus": [EVIL], "system": "Linux"}}):
        write_cost_page(tmp_path / "cost.html", costs, record)
        assert "3.00" in Page(tmp_path / "cost.html").words


def cohort(**more: object) -> CohortTables:
    split = pd.DataFrame(
        {
            "image_id": ["a", "b", "c"],
            "patient": ["A", "B", "B"],
            "split": ["train", "test", "test"],
        }
    )
    images = pd.DataFrame({"image_id": ["a", "b", "c"], "total": [1, 10, 30], "sex": list("FMF")})
    problems = pd.DataFrame(columns=["file", "where", "found", "expected", "remedy", "set_aside"])
    given = {"problems": problems, "characteristics": images, "split": split} | more
    return CohortTables(name="whole_image", data="mine", radiographs=3, **given)  # type: ignore[arg-type]


def test_the_page_of_cohorts_lists_problems_and_warnings(tmp_path: Path) -> None:
    problems = pd.DataFrame(
        [[EVIL, "row 3", "x", "a number", "Correct it.", "the row"]],
        columns=cohort().problems.columns,
    )
    warnings = pd.DataFrame(
        {
            "name": [EVIL] * 101,
            "body_part": "hand",
            "warning": "very small",
            "measured": "9 x 9",
            "threshold": "256",
            "remedy": "Export it.",
        }
    )
    write_cohort_page(tmp_path / "x.html", [cohort(problems=problems, warnings=warnings)], 4)
    page = Page(tmp_path / "x.html")
    assert "Radiographs of both hands mine 3 2 1 0 1 1 101" in page.words
    assert "Test 2 20 (15 to 25) 50.0" in page.words
    assert page.text.count(EVIL) == 1 + 100
    assert "1 more are in warnings.csv." in page.words
    assert "4 more radiographs have no scores" in page.words


def test_every_checklist_item_is_there_once_and_filled_in_or_left_for_the_author(
    tmp_path: Path,
) -> None:
    items = checklist_items()
    assert not items.duplicated(["checklist", "item"]).any()
    claim = items[items["checklist"] == "CLAIM 2024"]
    assert list(claim["item"]) == [str(number) for number in range(1, 45)]
    tripod = items[items["checklist"] == "TRIPOD+AI"]
    assert list(tripod["item"]) == TRIPOD_ITEMS
    settings = load_study(
        yaml.safe_load((ROOT / "config.yaml").read_text()) | {"cohorts": "phantom"}
    )
    split = cohort().split
    tables = StudyTables(
        settings.model_dump(mode="json"),
        record={"code": {"commit": "abc123", "modified": False}, "packages": {"torch": "2"}},
        data={"joints": EVIL, "whole_image": "phantom"},
        splits={"joints": split, "whole_image": split},
        counts={"joints": 8, "whole_image": 3},
        problems={"joints": cohort().problems},
    )
    for known in (tables, StudyTables(**{**vars(tables), "record": {}})):
        filled = filled_in(study_facts(known))
        assert ((filled["answer"] != "") | (filled["author"] != "")).all()
        write_checklists(tmp_path / "sheet.html", filled)
        text = "".join(Page(tmp_path / "sheet.html").text)
        assert f"{EVIL}, 8 radiographs of 2 patients." in text
        assert "For the author: Name them." in text
        assert (tmp_path / "sheet.md").read_text().startswith("**CLAIM 2024.**")
    assert "abc123" in filled_in(study_facts(tables))["answer"].str.cat()


def test_errors_and_accuracies_answer_items_of_their_own() -> None:
    def measured(metric: str, value: float) -> dict[str, float]:
        return {metric: value, f"{metric}_low": value - 0.1, f"{metric}_high": value + 0.1}

    counts = {"n": 40, "n_not_found": 2, "state": "run"}
    accuracy, kappa = measured("balanced_accuracy", 0.5), measured("kappa", 0.25)
    results = {
        "joint_scoring": {"model": "erosion-hand", **measured("mae", 0.75), **kappa, **accuracy},
        "whole_regression": {"row": "total", **measured("mae", 3)},
        "whole_severity": {"row": "severity", **kappa, **accuracy},
    }
    split = cohort().split
    tables = StudyTables(
        load_study(
            yaml.safe_load((ROOT / "config.yaml").read_text()) | {"cohorts": "phantom"}
        ).model_dump(mode="json"),
        record={},
        data={"joints": "mine", "whole_image": "mine"},
        splits={"joints": split, "whole_image": split},
        counts={"joints": 8, "whole_image": 3},
        problems={"joints": cohort().problems},
        results={name: pd.DataFrame([row | counts]) for name, row in results.items()},
    )
    filled = filled_in(study_facts(tables))
    claim = filled[filled["checklist"] == "CLAIM 2024"]
    answers = claim.set_index("item")["answer"]
    assert answers["37"].startswith(
        "erosion-hand: MAE 0.75 (0.65 to 0.85), kappa 0.25 (0.15 to 0.35), 40 joints, 2 not found. "
        "total: MAE 3.00 (2.90 to 3.10), 40 radiographs. "
        "severity: kappa 0.25 (0.15 to 0.35), 40 radiographs. "
    )
    assert answers["38"].startswith(
        "erosion-hand: balanced accuracy 50.0 (40.0–60.0)%. "
        "severity: balanced accuracy 50.0 (40.0–60.0)%. "
    )
    assert "under-sampled" in answers["38"]
    answered = claim[claim["answer"] != ""]
    assert not answered.duplicated(["answer", "author"]).any()


def test_a_page_may_fetch_nothing(tmp_path: Path) -> None:
    write_page(tmp_path / "x.html", "x", "")
    assert "default-src &#39;none&#39;" in (tmp_path / "x.html").read_text()
