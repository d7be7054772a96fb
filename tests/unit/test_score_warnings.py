"""What a user may have meant otherwise is told, and changes nothing."""

from pathlib import Path

import pytest
from PIL import Image

from sharpflow.score.sources import find_sources


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
