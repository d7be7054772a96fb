"""Published tables hold the numbers, and say beside them what a reader must know."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.evaluation.mask_yield import mask_yield
from sharpflow.evaluation.timing import SCORING_STEPS, minutes_per_patient, scoring_seconds
from sharpflow.files import read_table
from sharpflow.reporting.study_notes import StudyNotes
from sharpflow.reporting.tables import check_columns, publish, with_interval
from sharpflow.reporting.tan_joint_scoring import publish_joint_scoring
from sharpflow.reporting.tan_tables import (
    publish_detection,
    publish_mask_yield,
    publish_minutes,
    publish_segmentation,
)

STUDY = StudyNotes(
    data="phantom",
    base_weights="none",
    detector="yolov3-tiny",
    detector_data="phantom",
    detector_weights="none",
    rule="template",
    unit="patient",
)


@pytest.fixture
def joint_scoring() -> pd.DataFrame:
    row = {
        "model": "narrowing-hand",
        "data": "phantom",
        "n": 173,
        "n_not_found": 7,
        "patients": 16,
        "n_seeds": 5,
        "balanced_accuracy": 0.6123456789012345,
        "balanced_accuracy_low": 0.5511,
        "balanced_accuracy_high": 0.6688,
        "balanced_accuracy_within_one": 0.9,
        "balanced_accuracy_within_one_low": 0.85,
        "balanced_accuracy_within_one_high": 0.95,
        **{
            f"{metric}{part}": value
            for metric in ("balanced_accuracy", "balanced_accuracy_within_one")
            for part, value in {
                "_seed_mean": 0.59,
                "_seed_sd": 0.021,
                "_all_joints": 0.57,
                "_all_joints_low": 0.5,
                "_all_joints_high": 0.62,
            }.items()
        },
        "mae": 0.31,
        "mae_low": 0.2,
        "mae_high": 0.4,
        "kappa": 0.8,
        "kappa_low": 0.7,
        "kappa_high": 0.9,
        "few_patients": "3 4",
        "constant_guess": 0.25,
        "constant_guess_within_one": 0.75,
        "constant_guess_mae": 0.35,
        "paper_balanced_accuracy": 0.8207,
        "paper_balanced_accuracy_within_one": 0.973,
        **{f"n_class_{score}": count for score, count in enumerate((120, 33, 0, 15, 5))},
    }
    hand = pd.DataFrame([row])
    foot = hand.assign(model="erosion-foot", paper_balanced_accuracy=0.5783, n=96)
    return pd.concat([hand, foot], ignore_index=True)


def read_page(folder: Path, name: str, suffix: str) -> str:
    return (folder / f"{name}{suffix}").read_text(encoding="utf-8")


def cells(markdown: str, row: int) -> list[str]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [cell.strip() for cell in lines[row].strip("|").split("|")]


def test_csv_gives_back_the_same_fractions(tmp_path: Path, joint_scoring: pd.DataFrame) -> None:
    publish_joint_scoring(joint_scoring, tmp_path, STUDY)
    back = read_table(tmp_path / "joint_scoring.csv")
    pd.testing.assert_frame_equal(back[joint_scoring.columns], joint_scoring, rtol=0, atol=0)
    assert list(back.columns[:3]) == ["model", "data", "n"]


def test_markdown_has_value_interval_paper_and_counts_in_one_row(
    tmp_path: Path, joint_scoring: pd.DataFrame
) -> None:
    publish_joint_scoring(joint_scoring, tmp_path, STUDY)
    page = read_page(tmp_path, "joint_scoring", ".md")
    head, hand = cells(page, 0), cells(page, 2)
    shown = dict(zip(head, hand, strict=True))
    assert shown["Model"] == "Narrowing, hands"
    assert shown["Balanced accuracy, %: this study (95% interval)"] == "61.2 (55.1–66.9)"
    assert shown["Balanced accuracy, %: paper"] == "82.07"
    assert shown["±1 balanced accuracy, %: paper"] == "97.30"
    assert shown["Balanced accuracy, %: best constant guess"] == "25.0"
    assert shown["Mean absolute error (95% interval)"] == "0.31 (0.20 to 0.40)"
    assert shown["Mean absolute error: best constant guess"] == "0.35"
    assert shown["Joints (n)"] == "173"
    assert shown["Patients (n)"] == "16"
    assert shown["Joints of score 0, 1, 2, ... (n)"] == "120, 33, 0, 15†, 5†"
    title = "Balanced accuracy, %: "
    assert shown[f"{title}mean ± SD over seeds"] == "59.0 ± 2.1"
    assert shown[f"{title}joints not found count as wrong"] == "57.0 (50.0–62.0)"
    assert shown["Not found (n)"] == "7"
    assert shown["Mean absolute error (95% interval)"] == "0.31 (0.20 to 0.40)"
    assert "over 5 seeds" in page and "marked † are those of fewer than 5 patients" in page
    assert shown["Data"] == "phantom"


def test_notes_say_what_made_the_numbers(tmp_path: Path, joint_scoring: pd.DataFrame) -> None:
    publish_joint_scoring(joint_scoring, tmp_path, STUDY)
    for suffix in (".md", ".tex"):
        page = read_page(tmp_path, "joint_scoring", suffix)
        assert "VGG16 base trained on synthetic joints, not ImageNet" in page
        assert "YOLOv3 backbone with ultralytics' anchor-free head" in page
        assert "not real radiographs" in page
        assert "No wrist sites" in page
        assert "template" in page


def test_notes_of_a_split_by_joint_say_that_patients_are_on_both_sides(
    tmp_path: Path, joint_scoring: pd.DataFrame
) -> None:
    publish_joint_scoring(joint_scoring, tmp_path, STUDY)
    page = read_page(tmp_path, "joint_scoring", ".md")
    assert "no joint of a test patient was used for training" in page
    publish_joint_scoring(joint_scoring, tmp_path, replace(STUDY, unit="joint"))
    page = read_page(tmp_path, "joint_scoring", ".md")
    assert "Split by joint" in page
    assert "not comparable with a split by patient" in page
    assert "the detector's boxes, never from labels" in page
    assert "Test patients" not in page and "no joint of a test patient" not in page


def test_notes_of_a_cohort_do_not_speak_of_synthetic_joints(
    tmp_path: Path, joint_scoring: pd.DataFrame
) -> None:
    study = StudyNotes("clear", "download", "yolov3", "clear", "download", "paper", "patient")
    publish_joint_scoring(joint_scoring.assign(data="clear"), tmp_path, study)
    page = read_page(tmp_path, "joint_scoring", ".md")
    assert "synthetic" not in page
    assert "ImageNet weights" in page
    assert "Data: clear." in page


def test_latex_is_escaped_and_balanced(tmp_path: Path, joint_scoring: pd.DataFrame) -> None:
    study = StudyNotes("my_cohort & co", "none", "yolov3", "phantom", "none", "template", "patient")
    publish_joint_scoring(joint_scoring.assign(data="my_cohort & co"), tmp_path, study)
    page = read_page(tmp_path, "joint_scoring", ".tex")
    assert page.isascii()
    assert r"my\_cohort \& co" in page
    assert r"$\pm$1 balanced accuracy" in page
    assert "61.2 (55.1--66.9)" in page
    assert "82.07" in page
    body = page.split("\n", 1)[1]  # after the comment on packages
    assert not re.findall(r"(?<!\\)[#_]", body.replace("tab:joint_scoring", ""))
    assert not re.findall(r"(?<!\\)%(?!\n)", body)  # a bare one would hide the rest of its line
    assert len(re.findall(r"(?<!\\)\{", body)) == len(re.findall(r"(?<!\\)\}", body))
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    spanned = [int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", rows[0])]
    columns = [len(re.findall(r"(?<!\\)&", row)) for row in rows]
    assert {columns[0] + sum(spanned), *columns[1:]} == {18}


def test_an_interval_that_lacks_is_not_invented() -> None:
    assert with_interval(0.5) == "50.0"
    assert with_interval(0.5, float("nan"), float("nan")) == "50.0"
    assert with_interval(float("nan"), 0.1, 0.2) == "–"
    assert with_interval(0.99991, 0.9998, 1.0, digits=3) == "99.991 (99.980–100.000)"


def test_per_cent_given_as_fraction_is_refused(joint_scoring: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"balanced_accuracy must hold fractions.*61"):
        check_columns(joint_scoring.assign(balanced_accuracy=61.2), [], ["balanced_accuracy"])
    with pytest.raises(ValueError, match="lacks n"):
        check_columns(joint_scoring.drop(columns="n"), ["n"])


def detection(truth: str, left_out: int = 0) -> pd.DataFrame:
    columns = {
        "limb": ["hand", "hand"],
        "rule": ["paper", "template"],
        "data": "phantom",
        "truth": truth,
        "n_radiographs_left_out": left_out,
        "n_joints": 320,
        "found": [0.96875, 0.96875],
        "named_right": [0.875, 0.9625],
    }
    return pd.DataFrame(columns)


def test_detection_stands_beside_the_papers_accuracy(tmp_path: Path) -> None:
    publish_detection(detection("phantom"), tmp_path, STUDY)
    page = read_page(tmp_path, "detection", ".md")
    shown = ["Hands", "Paper's", "96.88", "87.50", "99.991", "320", "phantom", "phantom"]
    assert cells(page, 2) == shown
    assert "does not say" in page
    assert "compared with itself" not in page and "left out" not in page
    assert read_table(tmp_path / "detection.csv")["paper_accuracy"].tolist() == [0.99991, 0.99991]


def test_detection_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    table = detection("none")
    table[["found", "named_right"]] = float("nan")
    publish_detection(table.assign(n_joints=0), tmp_path, STUDY)
    page = read_page(tmp_path, "detection", ".md")
    assert "No test patient's radiograph of hands has boxes" in page


@pytest.mark.parametrize("truth", ["given", "template", "given and template"])
def test_a_template_that_is_measured_against_itself_is_told(tmp_path: Path, truth: str) -> None:
    publish_detection(detection(truth, left_out=3), tmp_path, STUDY)
    for suffix in (".md", ".tex"):
        page = read_page(tmp_path, "detection", suffix)
        assert ("partly compared with itself" in page) == ("template" in truth)
        assert ("True names given: by the labels" in page) == ("given" in truth)
        assert "does not fit all of their boxes: 3." in page


def test_segmentation_shows_the_compared_radiographs_beside_all(tmp_path: Path) -> None:
    entropy = {"limb": "hand", "method": "bootstrap", "data": "phantom", "n": 30, "dice": 0.97}
    entropy |= {"iou": 0.94, "n_all": 48, "dice_all": 0.9, "iou_all": 0.85}
    entropy |= {"dice_low": 0.96, "dice_high": 0.98, "dice_all_low": 0.87, "dice_all_high": 0.93}
    unet = entropy | {"method": "unet", "dice": 0.98, "dice_all": 0.975}
    publish_segmentation(pd.DataFrame([entropy, unet]), tmp_path, STUDY)
    page = read_page(tmp_path, "segmentation", ".md")
    shown = dict(zip(cells(page, 0), cells(page, 2), strict=True))
    assert shown["With a chosen entropy mask: Dice, % (95% interval)"] == "97.00 (96.00–98.00)"
    assert shown["With a chosen entropy mask: n"] == "30"
    assert shown["All test radiographs: Dice, % (95% interval)"] == "90.00 (87.00–93.00)"
    assert shown["All test radiographs: n"] == "48"
    assert cells(page, 3)[1] == "U-Net"
    assert "whose entropy mask was chosen as good" in page
    back = read_table(tmp_path / "segmentation.csv")
    assert back.columns.tolist()[:6] == ["limb", "method", "data", "n", "dice", "iou"]


def test_mask_yield_counts_overruled_masks(tmp_path: Path) -> None:
    chosen = pd.DataFrame(
        {
            "image_id": list("abcde"),
            "body_part": ["hand", "hand", "hand", "hand", "foot"],
            "proposed": [True, True, False, False, False],
            "chosen": [True, False, True, True, False],
            "chosen_by": ["quality", "person", "person", "person", "quality"],
        }
    )
    table = mask_yield(chosen, data="phantom")
    hand = table.set_index("limb").loc["hand"]
    assert (hand["radiographs"], hand["proposed"], hand["chosen"], hand["overruled"]) == (
        4,
        2,
        3,
        3,
    )
    assert hand["share"] == 0.75
    publish_mask_yield(table, tmp_path, STUDY)
    page = read_page(tmp_path, "mask_yield", ".md")
    assert cells(page, 2)[-4:] == ["75.0", "296 of 734", "40.3", "phantom"]
    assert cells(page, 3)[-4:] == ["0.0", "238 of 734", "32.4", "phantom"]


def test_minutes_a_patient_add_up(tmp_path: Path) -> None:
    publish_minutes(minutes_per_patient({"find": 120.0, "score": 60.0}, 4), tmp_path, STUDY)
    back = read_table(tmp_path / "minutes_per_patient.csv").set_index("step")
    assert back["minutes_per_patient"].tolist() == [0.5, 0.25, 0.75]
    assert back.loc["all", "patients"] == 4
    assert "a couple of minutes" in read_page(tmp_path, "minutes_per_patient", ".md")


def test_a_step_without_a_time_leaves_the_sum_blank(tmp_path: Path) -> None:
    steps = minutes_per_patient({"find": 120.0, "score": float("nan")}, 4)
    publish_minutes(steps, tmp_path, STUDY)
    page = read_page(tmp_path, "minutes_per_patient", ".md")
    assert cells(page, 3)[1:] == ["–", "4", "–", ""]
    assert cells(page, 4)[1] == "–"  # never a sum without one of its steps


def test_seconds_of_a_step_are_those_of_all_its_jobs(tmp_path: Path) -> None:
    for number, seconds in enumerate((1.5, 2.25)):
        path = tmp_path / "segment" / f"{number}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\th:m:s\n{seconds}\t0:00:01\n")
    found = scoring_seconds(tmp_path)
    assert list(found) == list(SCORING_STEPS)
    assert found["segment"] == 3.75
    assert np.isnan(found["detect_joints"])


def test_same_table_same_bytes(tmp_path: Path, joint_scoring: pd.DataFrame) -> None:
    first = publish_joint_scoring(joint_scoring, tmp_path / "one", STUDY)
    second = publish_joint_scoring(joint_scoring, tmp_path / "two", STUDY)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_bar_in_a_cell_does_not_break_markdown(tmp_path: Path) -> None:
    shown = pd.DataFrame({"Limb": ["a|b"], "n": ["1"]})
    publish(shown, tmp_path, "x", shown=shown, caption="Caption", notes=[])
    assert r"a\|b" in read_page(tmp_path, "x", ".md")
