"""What a user may have meant otherwise is told, and changes nothing."""

from pathlib import Path

import pytest
from PIL import Image

from sharpflow.score.sources import find_sources
from tests.unit.files_to_score import dicom


def warned(folder: Path, names: list[str], table: str = "") -> list[str]:
    """What is told of radiographs of these names, and of a table beside them."""
    for name in names:
        Image.new("L", (8, 8), 90).save(folder / f"{name}.png")
    listed = folder / "table.csv"
    if table:
        listed.write_text(table)
    told: list[str] = []
    find_sources([str(folder)], table=listed if table else None, warn=told.append)
    return [text.removeprefix(f"{listed}: ") for text in told]


def test_nothing_is_told_of_a_table_that_says_all(tmp_path: Path) -> None:
    table = "image;limb;side;patient;visit\nP1-LH.png;LH;left;P1;1\nP2@2-RF.png;foot;right;P2;2\n"
    assert warned(tmp_path, ["P1-LH", "P2@2-RF"], table) == []


def test_an_image_column_beside_file_is_not_read(tmp_path: Path) -> None:
    (told,) = warned(tmp_path, ["a"], "image,file,limb\nelsewhere.png,a.png,LH\n")
    assert told.endswith("others passed over: image.")


def test_columns_that_nothing_reads_are_named(tmp_path: Path) -> None:
    (told,) = warned(tmp_path, ["a"], "file,limb,laterality,age\na.png,LH,R,70\n")
    assert told == (
        "the columns file (or image), limb, side, patient and visit are read, others passed over: "
        "laterality, age."
    )


def test_radiographs_that_the_table_lacks_are_counted(tmp_path: Path) -> None:
    names = ["P1-LH", "P1-RH", "P1-LF", "P1-RF", "P2-LH"]
    (told,) = warned(tmp_path, names, "file,visit\nP1-LH.png,2\n")
    assert told == (
        "it does not list 4 of the 5 radiographs, which headers and names alone tell of: "
        "P1-LF.png, P1-RF.png, P1-RH.png and 1 more."
    )


def test_a_limb_that_the_name_calls_otherwise_is_told(tmp_path: Path) -> None:
    (told,) = warned(tmp_path, ["P1-LH", "P1-RF"], "file,limb\nP1-LH.png,RH\nP1-RF.png,rf\n")
    assert told == "it calls radiographs otherwise than their names: P1-LH.png (RH)."


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["P1@1-LH", "P1@2-LH", "P10-LH"], []),
        (
            ["P1@1-LH", "P1@01-RH", "P2@1-LH"],
            ["the visits 01, 1 of patient P1 may be one, and are scored as 2."],
        ),
        (
            ["UAB-1-LH", "uab01-RH"],
            ["the patients UAB-1, uab01 may be one person, and are scored as 2."],
        ),
    ],
)
def test_names_that_may_mean_the_same_are_told(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    assert warned(tmp_path, names) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["P@V2-LH", "P@V10-LH"], []),
        (["P@2019-05-LH", "P@2020-11-LH"], []),
        (
            ["P@baseline-LH", "P@12m-LH", "Q@12m-LH"],
            [
                "the visits of patient P are taken for this order in time: 12m, baseline. Name "
                "them by numbers or dates, if it is not."
            ],
        ),
    ],
)
def test_visits_whose_order_names_may_not_tell(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    assert warned(tmp_path, names) == expected


def test_words_for_limbs_that_are_not_read_are_told(tmp_path: Path) -> None:
    names = ["P004_RH", "Miller right hand", "P5-RH", "handout7", "IM1"]
    assert warned(tmp_path, names) == [
        "of 2 radiographs the limb is guessed from the image alone, though their names seem to "
        "say it: expected <patient>-<limb> or <patient>@<visit>-<limb>, with LH, RH, LF, RF or "
        "BH, or a table: Miller right hand.png, P004_RH.png."
    ]


def test_visits_that_dates_contradict_are_told_without_dates(tmp_path: Path) -> None:
    for name, date in {"a": "20180101", "b": "20200101"}.items():
        dicom(tmp_path / f"{name}.dcm", StudyDate=date)
    assert warned(tmp_path, [], "file,patient,visit\na.dcm,X,1\nb.dcm,X,2\n") == []
    assert warned(tmp_path, [], "file,patient,visit\na.dcm,X,2\nb.dcm,X,1\n") == [
        "the visits of patient X follow each other otherwise than the dates of their headers: 1, 2."
    ]


def test_a_visit_of_a_name_that_a_date_overrules_is_told(tmp_path: Path) -> None:
    for name, date in {"P@1-LH": "20200101", "P@2-LH": "20180101"}.items():
        dicom(tmp_path / f"{name}.dcm", StudyDate=date, PatientID="P")
    (told,) = warned(tmp_path, [])
    assert told == (
        "visits are numbered by the dates of headers, otherwise than names of files call them: "
        "P@1-LH.dcm (visit 2), P@2-LH.dcm (visit 1). A table can say which visit it is."
    )


def test_text_that_a_header_calls_burnt_in_is_told(tmp_path: Path) -> None:
    for name, said in {"a": "YES", "b": "NO"}.items():
        dicom(tmp_path / f"{name}.dcm", BurnedInAnnotation=said)
    (told,) = warned(tmp_path, [])
    assert told == (
        "the headers of 1 radiograph say that text is burnt in, such as a patient's name; "
        "overlays and pages show it: a.dcm."
    )


def test_names_that_are_no_text_are_told_as_escapes(tmp_path: Path) -> None:
    (told,) = warned(tmp_path, ["right\x1b[2J\udcff"])
    assert told.endswith(r"or a table: right\x1b[2J\udcff.png.")
