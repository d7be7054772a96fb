"""Wrong label files: the message names file, box and remedy."""

import logging
import os
from pathlib import Path

import pandas as pd
import pytest

from sharpflow.cohorts import labels
from sharpflow.cohorts.boxes import write_voc
from sharpflow.cohorts.set_aside import refused
from sharpflow.errors import Problem
from sharpflow.files import write_table

from .joint_cohort import (
    HEIGHT,
    LABEL,
    WIDTH,
    assert_named,
    check,
    edit_label,
    make_cohort,
    problems_of,
)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path)


def test_label_of_an_unknown_class(cohort: Path) -> None:
    edit_label(cohort, "<name>PIP", "<name>DIP")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "object 1 (DIP)", "unknown class 'DIP'", "PIP or MCP", "ignore")
    for name in ("DIP", "dip", "d_i p"):
        assert len(check(cohort, ignored_classes=[name]).boxes) == 11


def label_joints(cohort: Path, *names: str) -> None:
    """Label UAB002-LH anew, a box of each name."""
    edges = {"x_min": 5, "y_min": 6, "x_max": 15, "y_max": 18}
    boxes = pd.DataFrame([{"class": name, **edges} for name in names])
    write_voc(cohort / "boxes" / LABEL, "UAB002-LH", (HEIGHT, WIDTH), boxes)


def test_joint_labelled_twice(cohort: Path) -> None:
    label_joints(cohort, "PIP2", "MCP1", "pip_2")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "object 3 (pip_2)", "PIP2 again", "object 1 (PIP2)", "Correct the")
    assert len(check(cohort, on_problem="set_aside").boxes) == 11


def test_only_some_boxes_of_a_radiograph_name_their_joint(cohort: Path) -> None:
    label_joints(cohort, "IP", "PIP", "MCP")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "joints named in 1 boxes", "object 2 (PIP)", "an IP's is PIP")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MTP2", "class 'MTP2', which a foot has, on a hand"),
        ("", "a box without a class"),
        *((name, f"unknown class '{name}'") for name in ("PIP1", "PIP6", "MCP0", "PIP2x")),
    ],
)
def test_label_of_a_joint_that_a_hand_has_not(cohort: Path, name: str, said: str) -> None:
    label_joints(cohort, "PIP3", name)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "object 2", said, "PIP or MCP", "IP, PIP2", "class")


@pytest.mark.parametrize(("old", "new"), [("<ymax>18", "<ymax>6"), ("<xmax>15", "<xmax>2")])
def test_box_of_no_height_or_width(cohort: Path, old: str, new: str) -> None:
    edit_label(cohort, old, new)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "object 1 (PIP)", "no width or height", "Draw the box again")


@pytest.mark.parametrize(
    ("old", "new"), [("<ymax>18", "<ymax>50"), ("<xmax>15", "<xmax>42"), ("<xmin>5", "<xmin>-2")]
)
def test_box_outside_the_image(cohort: Path, old: str, new: str) -> None:
    edit_label(cohort, old, new)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "object 1 (PIP)", "outside the image", "0 0 40 48", "Draw the box")


def test_label_file_without_a_box(cohort: Path) -> None:
    (cohort / "boxes" / LABEL).write_text("<annotation></annotation>")
    assert_named(problems_of(cohort), LABEL, "no box", "delete the file")


@pytest.mark.parametrize("text", ["", "<annotation><object>", "<html></html>"])
def test_label_file_that_is_not_voc(cohort: Path, text: str) -> None:
    (cohort / "boxes" / LABEL).write_text(text)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "Pascal VOC", "labelImg")


def test_box_without_numbers(cohort: Path) -> None:
    edit_label(cohort, "<xmin>5</xmin>", "<xmin>five</xmin>")
    assert_named(problems_of(cohort), LABEL, "object 1 (PIP)", "five", "Draw the box again")


def test_boxes_of_a_radiograph_of_another_size(cohort: Path) -> None:
    edit_label(cohort, "<width>40", "<width>80")
    lines = problems_of(cohort)
    assert_named(lines, LABEL, "80 x 48", "the radiograph's 40 x 48", "Label the radiograph itself")


def test_label_without_a_radiograph(cohort: Path) -> None:
    (cohort / "boxes" / LABEL).rename(cohort / "boxes" / "UAB777-LH.xml")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "UAB777-LH.xml", "not a radiograph of the cohort", "Rename it")


def test_radiograph_labelled_twice(cohort: Path) -> None:
    (cohort / "boxes" / "classes.txt").write_text("PIP\n")
    (cohort / "boxes" / "UAB002-LH.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "second label file of UAB002-LH", "Delete the one")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.2", "'0 0.5 0.5 0.2'"),
        ("PIP 0.5 0.5 0.2 0.2", "class number"),
        ("0 0.5 half 0.2 0.2", "half"),
        ("3 0.5 0.5 0.2 0.2", "class number 3"),
        ("2 0.5 0.5 0.2 0.2", "class 'MTP', which a foot has, on a hand"),
        ("0 0.5 0.5 0.2 0.0", "no width or height"),
        ("0 0.9 0.5 0.4 0.2", "outside the image"),
        ("0 -0.01 0.5 0.01 0.2", "outside the image"),  # by less than a pixel
        ("0 0.5 1.01 0.2 0.01", "outside the image"),
    ],
)
def test_wrong_line_of_a_yolo_label(cohort: Path, line: str, said: str) -> None:
    (cohort / "boxes" / LABEL).unlink()
    (cohort / "boxes" / "classes.txt").write_text("PIP\nMCP\nMTP\n")
    label = cohort / "boxes" / "UAB002-LH.txt"
    label.write_text("1 0.5 0.5 0.2 0.2\n" + line + "\n")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, str(label), "line 2", said)


def test_numbers_in_another_notation_are_equal(cohort: Path) -> None:
    edit_label(cohort, "<width>40<", "<width> 40.0 <")
    (cohort / "boxes" / "UAB003-LH.xml").unlink()
    (cohort / "boxes" / "classes.txt").write_text("PIP\nMCP\n", encoding="utf-16")
    label = cohort / "boxes" / "UAB003-LH.txt"
    label.write_text("1.0 0.5 0.5 0.2 0.2\n0e+00 0.5 0.5 0.2 0.2\n", encoding="utf-8-sig")
    boxes = check(cohort).boxes
    assert boxes.loc[boxes["image_id"] == "UAB003-LH", "class"].tolist() == ["MCP", "PIP"]
    label.write_text("0.5 0.5 0.5 0.2 0.2\n")
    assert_named(problems_of(cohort), str(label), "line 1", "class number")


def test_what_is_no_label_file_is_left_alone(cohort: Path) -> None:
    (cohort / "boxes" / "notes {draft}.docx").touch()
    (cohort / "boxes" / "a folder").mkdir()
    (cohort / "boxes" / ".hidden.xml").mkdir()
    assert len(check(cohort).boxes) == 12


@pytest.mark.parametrize("name", ["UAB002-LH.xml", "UAB002-LH.txt", "P01-LH.XML"])
def test_a_folder_or_a_broken_link_with_the_name_of_a_label_file(cohort: Path, name: str) -> None:
    label = cohort / "boxes" / name
    label.unlink(missing_ok=True)
    label.mkdir()
    (line,) = problems_of(cohort)
    assert line.startswith(
        f"{label}: found a folder with the name of a label file; expected a file"
    )
    label.rmdir()
    label.symlink_to("nowhere")
    (line,) = problems_of(cohort)
    assert line.startswith(f"{label}: found a link to nothing in place of a label file")
    label.unlink()
    check(cohort)


def test_a_label_of_a_name_that_is_no_text(cohort: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the bytes of another encoding, as from an old archive."""
    caplog.set_level(logging.CRITICAL + 1)  # pytest-xdist cannot send such text to its main process
    name = os.fsdecode(b"J\xf6rg-LH.xml")
    (cohort / "boxes" / name).write_text("<annotation/>")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "not a radiograph")
    write_table(refused([Problem(lines[0], "", "", "", "")]), cohort / "problems.csv")
    assert "rg-LH.xml" in (cohort / "problems.csv").read_text()


def test_a_readers_own_fault_is_one_problem_of_its_file(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = labels.parse_voc

    def broken(path: Path, radiograph: labels.LabelledRadiograph) -> object:
        if path.name == LABEL:
            raise RecursionError
        return parse(path, radiograph)

    monkeypatch.setattr(labels, "parse_voc", broken)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "RecursionError", "save its labels again")
    assert len(check(cohort, on_problem="set_aside").boxes) == 11


def test_yolo_labels_without_their_classes(cohort: Path) -> None:
    (cohort / "boxes" / LABEL).unlink()
    (cohort / "boxes" / "UAB002-LH.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    assert_named(problems_of(cohort), "classes.txt", "one a line", "Copy the classes.txt")


def test_all_that_is_wrong_with_a_label_file(cohort: Path) -> None:
    (cohort / "boxes" / LABEL).unlink()
    (cohort / "boxes" / "classes.txt").write_text("PIP\n")
    (cohort / "boxes" / "UAB002-LH.txt").write_text("0 0.5\n\n1 0.5 0.5 1 1\n0 0.9 0.5 0.4 0\n")
    lines = problems_of(cohort)
    assert len(lines) == 4
    assert_named(lines, "line 1", "'0 0.5'")
    assert_named(lines, "line 3", "class number 1", "0 to 0")
    assert_named(lines, "line 4", "no width or height")
    assert_named(lines, "line 4", "outside the image")
