"""One test for each way in which a cohort can be wrong: the message names file, row and remedy."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.anatomy import LIMBS, score_columns
from sharpflow.cohorts.boxes import write_voc
from sharpflow.cohorts.check import JointCohort, check_joint_cohort
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.refusal import PROBLEM_TABLE, count_set_aside, refused
from sharpflow.cohorts.scores import write_scores
from sharpflow.errors import Problem, ProblemsError
from sharpflow.files import read_table, write_table

PATIENTS = ("UAB001", "UAB002", "UAB003")
HEIGHT, WIDTH = 48, 40


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """A cohort without fault: three patients, their scores, boxes on every radiograph."""
    (tmp_path / "radiographs").mkdir()
    rng = np.random.default_rng(0)
    for patient in PATIENTS:
        for limb in LIMBS:
            image = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / "radiographs" / f"{patient}-{limb}.jpg")
            boxes = pd.DataFrame(
                [{"class": "PIP", "x_min": 5, "y_min": 6, "x_max": 15, "y_max": 18}]
            )
            image_id = f"{patient}-{limb}"
            write_voc(tmp_path / "boxes" / f"{image_id}.xml", image_id, (HEIGHT, WIDTH), boxes)
    sites = [(limb, site.name, str(damage)) for limb, site, damage in score_columns().values()]
    rows = [(patient, *site, 1) for patient in PATIENTS for site in sites]
    long = pd.DataFrame(rows, columns=["patient", "limb", "joint", "damage", "score"])
    write_scores(tmp_path / "scores.csv", long)
    return tmp_path


def check(cohort: Path, **settings: Any) -> JointCohort:
    radiographs = settings.pop("radiographs", cohort / "radiographs")
    return check_joint_cohort(radiographs, cohort / "scores.csv", cohort / "boxes", **settings)


def problems_of(cohort: Path, **settings: Any) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        check(cohort, **settings)
    lines = [str(problem) for problem in caught.value.problems]
    assert all(line in str(caught.value) for line in lines)
    return lines


def assert_named(lines: list[str], *words: str) -> None:
    """Some one problem says all the words."""
    assert any(all(word in line for word in words) for line in lines), lines


def edit_scores(cohort: Path, row: int, column: str, value: str) -> None:
    """Change one value; `row` as a spreadsheet counts, the header being 1."""
    table = pd.read_csv(cohort / "scores.csv", dtype=str)
    table.loc[row - 2, column] = value
    table.to_csv(cohort / "scores.csv", index=False)


def edit_label(cohort: Path, old: str, new: str) -> None:
    path = cohort / "boxes" / "UAB002-LH.xml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def write_radiograph_list(cohort: Path, *changes: tuple[int, str, str]) -> Path:
    """The cohort's radiographs as a CSV, with single values changed."""
    rows = [
        {
            "image_id": f"{p}-{limb}",
            "patient": p,
            "limb": limb,
            "file": f"radiographs/{p}-{limb}.jpg",
        }
        for p in PATIENTS
        for limb in LIMBS
    ]
    table = pd.DataFrame(rows)
    for row, column, value in changes:
        table.loc[row - 2, column] = value
    table.to_csv(cohort / "radiographs.csv", index=False)
    return cohort / "radiographs.csv"


def test_a_cohort_without_fault_passes(cohort: Path) -> None:
    for radiographs in (cohort / "radiographs", write_radiograph_list(cohort)):
        checked = check(cohort, radiographs=radiographs, workers=2)
        assert len(checked.radiographs) == len(checked.boxes) == 12
        assert len(checked.scores) == 3 * 86
        assert checked.problems.empty


def test_missing_limb(cohort: Path) -> None:
    (cohort / "radiographs" / "UAB002-RF.jpg").unlink()
    (cohort / "boxes" / "UAB002-RF.xml").unlink()
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(
        lines, str(cohort / "radiographs"), "patient UAB002", "LH RH LF only", "Add UAB002-RF"
    )
    assert len(check(cohort, require_all_limbs=False).radiographs) == 11


RADIOGRAPH = "UAB002-LH.jpg"


def test_truncated_image(cohort: Path) -> None:
    path = cohort / "radiographs" / RADIOGRAPH
    path.write_bytes(path.read_bytes()[:-300])
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, str(path), "UAB002-LH", "truncated", "copy or export it again")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_truncated_image_of_other_formats(cohort: Path, suffix: str) -> None:
    path = (cohort / "radiographs" / RADIOGRAPH).with_suffix(suffix)
    with Image.open(cohort / "radiographs" / RADIOGRAPH) as image:
        image.save(path)
    (cohort / "radiographs" / RADIOGRAPH).unlink()
    path.write_bytes(path.read_bytes()[:-300])
    assert_named(problems_of(cohort), str(path), "truncated or damaged", "export it again")


def test_empty_image(cohort: Path) -> None:
    (cohort / "radiographs" / RADIOGRAPH).write_bytes(b"")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, RADIOGRAPH, "an empty file", "export the radiograph again")


def test_not_an_image(cohort: Path) -> None:
    (cohort / "radiographs" / RADIOGRAPH).write_text("<html>404</html>")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, RADIOGRAPH, "not an image", "JPG, PNG, BMP or TIFF", "Remove it, or export")


def test_absurdly_large_image_is_seen_in_its_header(cohort: Path) -> None:
    """The file claims 60000 x 50000 pixels and holds none: decoding would fail otherwise."""
    header = struct.pack(">IIBBBBB", 60_000, 50_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    png = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    data = b"IDAT" + zlib.compress(b"")
    png += struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    (cohort / "radiographs" / RADIOGRAPH).unlink()
    (cohort / "radiographs" / "UAB002-LH.png").write_bytes(png)
    assert_named(problems_of(cohort), "UAB002-LH.png", "absurdly large", "3000000000", "smaller")


def test_image_larger_than_the_study_allows(cohort: Path) -> None:
    lines = problems_of(cohort, max_pixels=HEIGHT * WIDTH - 1)
    assert len(lines) == 12
    assert_named(lines, RADIOGRAPH, "40 x 48 = 1,920 pixels", "at most 1,919", "raise max_pixels")


def test_score_column_missing(cohort: Path) -> None:
    table = pd.read_csv(cohort / "scores.csv", dtype=str)
    table.rename(columns={"LH_mcp_E__ip": "LH_mcp_E_ip"}).to_csv(cohort / "scores.csv", index=False)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "scores.csv", "row 1", "LH_mcp_E__ip", "Rename LH_mcp_E_ip to LH_mcp_E__ip")
    table.drop(columns="RF_mtp_J__5").to_csv(cohort / "scores.csv", index=False)
    assert_named(problems_of(cohort), "scores.csv", "Add the column RF_mtp_J__5")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("6", "out of range"),
        ("-1", "out of range"),
        ("2.5", "not whole"),
        ("two", "not a number"),
        ("nan", "not a number"),
        ("1_0", "not a number"),
        ("", "no score"),
    ],
)
def test_wrong_score(cohort: Path, value: str, said: str) -> None:
    edit_scores(cohort, 3, "LH_pip_E__2", value)
    lines = problems_of(cohort)
    assert len(lines) == 1
    where = ("scores.csv", "row 3 (patient UAB002)", "column LH_pip_E__2")
    assert_named(lines, *where, said, "whole number from 0 to 5", "Correct the score")


def test_range_depends_on_the_site(cohort: Path) -> None:
    edit_scores(cohort, 2, "LF_mtp_E__1", "11")
    edit_scores(cohort, 3, "LF_mtp_J__1", "5")
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert_named(lines, "LF_mtp_E__1", "from 0 to 10")
    assert_named(lines, "LF_mtp_J__1", "from 0 to 4")


def test_sum_that_differs_from_its_sites(cohort: Path) -> None:
    edit_scores(cohort, 4, "Overall_Tol", "85")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "scores.csv", "row 4 (patient UAB003)", "found 85", "86", "Correct the sum")


def test_row_with_a_field_too_few(cohort: Path) -> None:
    path = cohort / "scores.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2].rsplit(",", 1)[0], *lines[3:]]))
    assert_named(problems_of(cohort), "scores.csv, row 3", "89 fields", "90", "Correct the row")


def test_unknown_patient(cohort: Path) -> None:
    edit_scores(cohort, 3, "Patient_ID", "UAB999")
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert_named(lines, "scores.csv, row 3", "unknown patient UAB999", "Correct the id")
    assert_named(lines, "scores.csv", "no row for patient UAB002", "Add the patient's row")


def test_patient_twice(cohort: Path) -> None:
    path = cohort / "scores.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "scores.csv, row 5", "UAB001 again", "first in row 2", "Delete the wrong")


def test_image_twice(cohort: Path) -> None:
    with Image.open(cohort / "radiographs" / RADIOGRAPH) as image:
        image.rotate(180).save(cohort / "radiographs" / "UAB002-LH.png")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "UAB002-LH.png", "UAB002-LH again", RADIOGRAPH, "Delete the wrong one")


def test_image_twice_in_a_list(cohort: Path) -> None:
    radiographs = write_radiograph_list(cohort, (5, "image_id", "UAB001-LH"))
    assert_named(
        problems_of(cohort, radiographs=radiographs), "row 5", "UAB001-LH again", "row 2", "Delete"
    )


def test_limb_of_a_patient_twice(cohort: Path) -> None:
    radiographs = write_radiograph_list(cohort, (5, "limb", "LF"))
    assert_named(
        problems_of(cohort, radiographs=radiographs), "row 5", "LF of patient UAB001", "row 4"
    )


@pytest.mark.parametrize("bad", ["a/b", "a..b", "..", ".hidden", "a b", "a\\b", "", "é"])
@pytest.mark.parametrize("column", ["image_id", "patient"])
def test_id_that_is_no_id(cohort: Path, column: str, bad: str) -> None:
    radiographs = write_radiograph_list(cohort, (7, column, bad))
    lines = problems_of(cohort, radiographs=radiographs)
    assert_named(
        lines, f"radiographs.csv, row 7, column {column}", "letters, digits", "another name"
    )


def test_file_name_that_is_no_id(cohort: Path) -> None:
    (cohort / "radiographs" / RADIOGRAPH).rename(cohort / "radiographs" / "UAB..002-LH.jpg")
    lines = problems_of(cohort)
    assert_named(lines, "UAB..002-LH.jpg", "'UAB..002-LH'", "<patient>-<limb>", "Rename the file")


def test_unknown_limb(cohort: Path) -> None:
    radiographs = write_radiograph_list(cohort, (3, "limb", "left hand"))
    lines = problems_of(cohort, radiographs=radiographs)
    assert_named(lines, "radiographs.csv, row 3, column limb", "'left hand'", "LH, RH, LF, RF")


def test_radiograph_that_is_not_there(cohort: Path) -> None:
    radiographs = write_radiograph_list(cohort, (3, "file", "radiographs/nowhere.jpg"))
    lines = problems_of(cohort, radiographs=radiographs)
    assert_named(lines, "nowhere.jpg", "row 3, radiograph UAB001-RH", "no file", "Correct the path")


def test_same_radiograph_under_two_patients(cohort: Path) -> None:
    """Other name, other format, other metadata: the pixels tell."""
    with Image.open(cohort / "radiographs" / "UAB001-RH.jpg") as image:
        image.save(cohort / "radiographs" / "UAB003-RH.png", dpi=(300, 300))
    (cohort / "radiographs" / "UAB003-RH.jpg").unlink()
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert_named(lines, "UAB003-RH.png", "same pixels as UAB001-RH (patient UAB001)", "whose it is")
    assert_named(lines, "UAB001-RH.jpg", "same pixels as UAB003-RH (patient UAB003)", "whose it is")


LABEL = "UAB002-LH.xml"


def test_label_of_an_unknown_class(cohort: Path) -> None:
    edit_label(cohort, "<name>PIP", "<name>DIP")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, LABEL, "object 1 (DIP)", "unknown class 'DIP'", "PIP or MCP", "ignore")
    assert len(check(cohort, ignored_classes=["DIP"]).boxes) == 11


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


@pytest.mark.parametrize("name", ["radiographs", "scores.csv", "boxes"])
def test_path_that_leads_nowhere(cohort: Path, name: str) -> None:
    (cohort / name).rename(cohort / "elsewhere")
    for on_problem in ("stop", "set_aside"):
        lines = problems_of(cohort, on_problem=on_problem)
        assert_named(lines, str(cohort / name), "Correct the path")
        assert len(lines) == 1


def test_all_problems_are_listed_at_once(cohort: Path) -> None:
    (cohort / "radiographs" / "UAB001-LH.jpg").write_bytes(b"")
    (cohort / "radiographs" / "UAB001-RF.jpg").unlink()
    edit_scores(cohort, 3, "LH_pip_E__2", "9")
    edit_scores(cohort, 4, "Patient_ID", "UAB004")
    edit_label(cohort, "<name>PIP", "<name>MTP")
    lines = problems_of(cohort)
    for words in (
        ("UAB001-LH.jpg", "empty"),
        ("UAB001", "LH RH LF only"),
        ("LH_pip_E__2", "out of range"),
        ("unknown patient UAB004",),
        ("no row for patient UAB003",),
        (LABEL, "class 'MTP', which a foot has, on a hand"),
        ("UAB001-RF.xml", "not a radiograph"),
    ):
        assert_named(lines, *words)
    assert len(lines) == 7


def test_what_is_set_aside_is_told(cohort: Path) -> None:
    (cohort / "radiographs" / "UAB001-LH.jpg").write_bytes(b"")
    edit_label(cohort, "<name>PIP", "<name>MTP")
    kept = check(cohort, on_problem="set_aside", require_all_limbs=False)
    assert "UAB001-LH" not in set(kept.radiographs["image_id"]) | set(kept.boxes["image_id"])
    assert len(kept.radiographs) == 11
    assert len(kept.boxes) == 10
    of_patient = kept.scores[kept.scores["patient"] == "UAB001"]
    assert sorted(of_patient["limb"].unique()) == ["LF", "RF", "RH"]
    assert sorted(kept.problems["set_aside"]) == ["boxes UAB002-LH", "radiograph UAB001-LH"]

    whole = check(cohort, on_problem="set_aside", require_all_limbs=True)
    assert set(whole.radiographs["patient"]) == set(whole.scores["patient"]) == {"UAB002", "UAB003"}
    assert "radiograph UAB001-LH and with it patient UAB001" in set(whole.problems["set_aside"])


def test_a_patient_with_a_wrong_score_is_set_aside(cohort: Path) -> None:
    edit_scores(cohort, 3, "LH_pip_E__2", "9")
    kept = check(cohort, on_problem="set_aside")
    assert set(kept.radiographs["patient"]) == set(kept.scores["patient"]) == {"UAB001", "UAB003"}
    assert not kept.boxes["image_id"].str.startswith("UAB002").any()
    assert kept.problems["set_aside"].tolist() == ["patient UAB002"]


def test_a_cohort_of_which_nothing_is_left_stops(cohort: Path) -> None:
    assert len(problems_of(cohort, max_pixels=10, on_problem="set_aside")) == 12


def test_listing_radiographs_never_raises(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00image")
    (tmp_path / "nothing.csv").write_text("")
    for radiographs in ("nowhere", "nowhere.csv", "empty", "bytes.csv", "nothing.csv"):
        listed = list_radiographs(tmp_path / radiographs)
        assert not listed.radiographs
        assert_named([str(problem) for problem in listed.problems], str(tmp_path / radiographs))


def test_what_cannot_be_set_aside_stops_the_run_with_the_problems_of_all_cohorts() -> None:
    wrong = Problem("scores.csv", "row 3", "77", "0 to 5", "Correct it.")
    aside = refused([wrong]).assign(set_aside="patient UAB002")
    none = refused([])
    counts = count_set_aside({"joints": aside, "whole_image": none})
    assert counts.to_numpy().tolist() == [["joints", 1], ["whole_image", 0]]
    other = Problem("labels.csv", "", "281", "0 to 280", "Correct it.")
    with pytest.raises(ProblemsError) as caught:
        count_set_aside(
            {"joints": refused([wrong]), "bone_age": aside, "whole_image": refused([other])}
        )
    assert caught.value.problems == [wrong, other]


def test_problems_are_the_same_from_a_file(tmp_path: Path) -> None:
    wrong = Problem("scores.csv", "", "007", "0 to 5", "NA")
    write_table(refused([wrong]), tmp_path / "problems.csv")
    table = read_table(tmp_path / "problems.csv", **dict.fromkeys(PROBLEM_TABLE, str))
    with pytest.raises(ProblemsError) as caught:
        count_set_aside({"joints": table})
    assert caught.value.problems == [wrong]
