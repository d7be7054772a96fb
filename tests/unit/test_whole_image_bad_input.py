"""One test for each way in which a cohort of whole images can be wrong, and for what is fine."""

import logging
import os
import struct
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.cohorts.check_whole_images import ImageCohort, check_whole_images
from sharpflow.cohorts.whole_images import list_whole_images
from sharpflow.errors import ProblemsError
from sharpflow.files import read_table, write_table
from sharpflow.whole_image.data.packing import pack
from sharpflow.whole_image.data.splits import split_as_asked

from .whole_radiographs import MAX_PIXELS, SIZE, save_radiograph

COLUMNS = {"image": "file", "patient": "patient", "total": "svdh", "age": "age", "sex": "sex"}
COLUMNS_BY = {column: name for name, column in COLUMNS.items()}
NAMES = ("a1", "a2", "a3", "a4", "a5")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """A cohort without fault: five images, two of one patient, age and sex not always known."""
    for number, name in enumerate(NAMES):
        save_radiograph(tmp_path / "images" / f"{name}.png", number)
    table = pd.DataFrame(
        {
            "file": [f"{name}.png" for name in NAMES],
            "patient": ["p1", "p1", "p2", "p3", "p4"],
            "svdh": ["0", "12.5", "280", "7", "31.0"],
            "age": ["25", "", "61.5", "70", "33"],
            "sex": ["F", "male", "", "1", "0"],
        }
    )
    table.to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path


def edit(cohort: Path, row: int, column: str, value: str) -> None:
    """Change one value; `row` as a spreadsheet counts, the header being 1."""
    table = pd.read_csv(cohort / "labels.csv", dtype=str, keep_default_na=False)
    table.loc[row - 2, column] = value
    table.to_csv(cohort / "labels.csv", index=False)


def check(cohort: Path, **settings: Any) -> ImageCohort:
    sources = (cohort / "labels.csv", cohort / "images", settings.pop("columns", COLUMNS))
    _, packed, unpacked = pack(list_whole_images(*sources).paths(), SIZE, MAX_PIXELS)
    return check_whole_images(*sources, packed=packed, unpacked=unpacked, **settings)


def problems_of(cohort: Path, **settings: Any) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        check(cohort, **settings)
    assert all(problem.remedy.endswith(".") for problem in caught.value.problems)
    lines = [str(problem) for problem in caught.value.problems]
    assert all(line in str(caught.value) for line in lines)
    return lines


def assert_only(lines: list[str], *words: str) -> None:
    """There is one problem, and it says all the words."""
    assert len(lines) == 1, lines
    assert all(word in lines[0] for word in words), lines


def test_a_cohort_without_fault_is_read_as_it_stands(cohort: Path) -> None:
    checked = check(cohort)
    assert checked.problems.empty
    assert checked.images["image_id"].tolist() == list(NAMES)
    assert checked.images["patient"].tolist() == ["p1", "p1", "p2", "p3", "p4"]
    assert checked.images["total"].tolist() == [0, 12.5, 280, 7, 31]
    assert checked.images["sex"].fillna("").tolist() == ["F", "M", "", "M", "F"]
    assert checked.images["age"].isna().tolist() == [False, True, False, False, False]


def test_columns_that_the_table_lacks(cohort: Path) -> None:
    alone = dict.fromkeys(COLUMNS) | {"image": "file", "total": "svdh"}
    checked = check(cohort, columns=alone)
    assert checked.images["patient"].tolist() == list(NAMES)
    assert checked.images[["age", "sex"]].isna().all(axis=None)


def test_an_image_without_a_total_is_predicted_only(cohort: Path) -> None:
    edit(cohort, 4, "svdh", "")
    checked = check(cohort)
    assert checked.images["image_id"].tolist() == ["a1", "a2", "a4", "a5"]
    assert checked.unscored["image_id"].tolist() == ["a3"]
    assert checked.unscored["age"].tolist() == [61.5]
    assert checked.summary() == "4 images; 1 have no scores: predicted only"
    for row in (2, 3, 5, 6):
        edit(cohort, row, "svdh", "")
    assert_only(problems_of(cohort), "labels.csv", "column svdh", "no total in any row")


def test_visits_are_named_by_the_table(cohort: Path) -> None:
    assert set(check(cohort).images["visit"]) == {"1"}
    table = pd.read_csv(cohort / "labels.csv", dtype=str, keep_default_na=False)
    table.assign(when=["1", "2020-01", "", "1", "1"]).to_csv(cohort / "labels.csv", index=False)
    visits = check(cohort, columns=COLUMNS | {"visit": "when"}).images["visit"]
    assert visits.tolist() == ["1", "2020-01", "1", "1", "1"]
    edit(cohort, 4, "when", "last week")
    lines = problems_of(cohort, columns=COLUMNS | {"visit": "when"})
    assert_only(lines, "row 4, image a3, column when", "'last week'", "Correct the visit")


def test_missing_file(cohort: Path) -> None:
    (cohort / "images" / "a3.png").unlink()
    lines = problems_of(cohort)
    assert_only(lines, "images/a3.png", "row 4, image a3 of", "labels.csv", "no file", "add the")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda data: data[: len(data) // 2], "cannot be decoded"),
        (lambda data: b"", "an empty file"),
        (lambda data: b"file,svdh\n" * 9, "not an image"),
    ],
)
def test_file_that_is_no_whole_image(cohort: Path, spoil: Any, found: str) -> None:
    path = cohort / "images" / "a2.png"
    path.write_bytes(spoil(path.read_bytes()))
    assert_only(problems_of(cohort), "images/a2.png", "row 3, image a2", found, "xport")


def test_absurdly_large_image_is_refused_before_it_is_decoded(cohort: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (cohort / "images" / "a1.png").write_bytes(bomb)
    lines = problems_of(cohort)
    assert_only(
        lines, "a1.png", "9000 x 9000 = 81,000,000 pixels", "at most 10,000", "max_megapixels"
    )


def test_missing_column_names_the_nearest(cohort: Path) -> None:
    lines = problems_of(cohort, columns=COLUMNS | {"total": "svdh2", "sex": "gender"})
    assert len(lines) == 2
    assert any("column svdh2" in line and "but svdh" in line for line in lines)
    assert any("column gender" in line and "Add the column" in line for line in lines)
    assert all(
        "Correct cohorts: whole_image: columns in the config (the table" in line for line in lines
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("svdh", "280.5", "a number from 0 to 280"),
        ("svdh", "-1", "a number from 0 to 280"),
        ("svdh", "nan", "a number from 0 to 280"),
        ("svdh", "12,5", "a number from 0 to 280"),
        ("age", "151", "a number from 0 to 120"),
        ("age", "old", "a number from 0 to 120"),
        ("sex", "2", "female"),
        ("patient", "", "letters, digits"),
        ("patient", "Ann Lee", "letters, digits"),
    ],
)
def test_impossible_value(cohort: Path, column: str, value: str, expected: str) -> None:
    edit(cohort, 4, column, value)
    found = repr(value) if value else "nothing"
    named = f"row 4, image a3, column {column}: found {found}"
    assert_only(problems_of(cohort), "labels.csv", named, expected, "Correct the")


def test_a_missing_column_hides_nothing_else(cohort: Path) -> None:
    edit(cohort, 3, "svdh", "281")
    edit(cohort, 4, "sex", "x")
    (cohort / "images" / "a5.png").write_bytes(b"")
    for missing in ("file", "age", "patient", "svdh"):
        lines = problems_of(cohort, columns=COLUMNS | {COLUMNS_BY[missing]: "elsewhere"})
        said = ["no such column", "row 4", "row 3", "a5.png"]
        said = [words for words in said if (words, missing) != ("row 3", "svdh")]
        said = [words for words in said if (words, missing) != ("a5.png", "file")]
        assert len(lines) == len(said), lines
        assert all(any(words in line for line in lines) for words in said), lines
    (cohort / "images").rename(cohort / "elsewhere")
    lines = problems_of(cohort)
    assert len(lines) == 3
    assert any("no such folder" in line for line in lines)


def test_ids_of_files_whose_names_are_none(cohort: Path) -> None:
    images = cohort / "images"
    (images / "a2.png").rename(images / "Frau X 2.png")
    edit(cohort, 3, "file", "Frau X 2.png")
    edit(cohort, 3, "age", "300")
    (images / "a5.png").write_bytes(b"")
    with_id = COLUMNS | {"id": None}
    lines = problems_of(cohort, columns=with_id)
    assert len(lines) == 3
    assert any("'Frau X 2.png'" in line and "columns: id" in line for line in lines), lines
    assert any("row 3" in line and "300" in line for line in lines), lines
    kept = check(cohort, columns=with_id, on_problem="set_aside")
    assert kept.images["image_id"].tolist() == ["a1", "a3", "a4"]
    edit(cohort, 3, "age", "30")
    save_radiograph(images / "a5.png", 5)
    table = pd.read_csv(cohort / "labels.csv", dtype=str, keep_default_na=False)
    table.assign(key=["k1", "k2", "k3", "k4", "k5"]).to_csv(cohort / "labels.csv", index=False)
    with_id = COLUMNS | {"id": "key"}
    named = check(cohort, columns=with_id).images
    assert named["image_id"].tolist() == ["k1", "k2", "k3", "k4", "k5"]
    for row, key in ((2, "k 1"), (3, ""), (5, "k3")):
        edit(cohort, row, "key", key)
    lines = problems_of(cohort, columns=with_id)
    assert len(lines) == 3
    for words in ("'k 1'", "no id", "image k3, this image again"):
        assert any(words.replace(", this", ": found this") in line for line in lines), lines


def test_repeated_image(cohort: Path) -> None:
    edit(cohort, 5, "file", "a2.png")
    (cohort / "images" / "a4.png").unlink()
    lines = problems_of(cohort)
    assert_only(lines, "row 5, image a2", "again", "first:", "row 3", "Delete the wrong row")


def test_same_radiograph_under_two_ids(cohort: Path) -> None:
    """Found by its pixels: the bytes of the files differ."""
    image = Image.open(cohort / "images" / "a1.png")
    image.save(cohort / "images" / "a4.png", compress_level=1)
    lines = problems_of(cohort)
    assert_only(
        lines, "a1.png, row 2, image a1 of", "the same pixels as", "a4.png (row 5, image a4"
    )
    kept = check(cohort, on_problem="set_aside")
    assert sorted(kept.images["image_id"]) == ["a2", "a3", "a5"]
    assert kept.problems["set_aside"].tolist() == ["radiograph a1 and a4"]


def test_comments_are_judged_with_the_cohort(cohort: Path) -> None:
    comments = cohort / "comments.csv"
    comments.write_text("image_id,comment\na1,Sound.\n")
    assert check(cohort, comments=comments).problems.empty
    comments.write_text("image_id,comment\na1,Sound.\na9,Sound.\n")
    assert_only(problems_of(cohort, comments=comments), "comments.csv, row 3", "image a9")
    kept = check(cohort, comments=comments, on_problem="set_aside")
    assert kept.problems["set_aside"].tolist() == ["entry row 3"]


def test_a_split_that_is_not_possible_is_told(cohort: Path) -> None:
    asked = {"train": 0.8, "validation": 0.1, "test": 0.1, "random_state": 1}
    asked["bone_age_validation"] = 0.1
    split = partial(split_as_asked, cohort="whole_image", asked=asked)
    assert_only(problems_of(cohort, split=split), "labels.csv", "no possible split", "none may be")
    asked |= {"train": 0.4, "validation": 0.3, "test": 0.3}
    assert check(cohort, split=partial(split, asked=asked)).problems.empty


def test_same_radiograph_in_two_shards_is_found_from_the_written_tables(cohort: Path) -> None:
    Image.open(cohort / "images" / "a1.png").save(cohort / "images" / "a4.bmp")
    edit(cohort, 5, "file", "a4.bmp")
    (cohort / "images" / "a3.png").unlink()
    sources = (cohort / "labels.csv", cohort / "images", COLUMNS)
    paths = list_whole_images(*sources).paths()
    tables: dict[str, list[pd.DataFrame]] = {"packed": [], "unpacked": []}
    for shard in (["a1", "a2"], ["a3", "a4", "a5"], []):
        _, *parts = pack({name: paths[name] for name in shard}, SIZE, MAX_PIXELS)
        for name, part in zip(tables, parts, strict=True):
            write_table(part, cohort / "shard.csv")
            tables[name].append(read_table(cohort / "shard.csv"))
    with pytest.raises(ProblemsError) as caught:
        check_whole_images(*sources, **{name: pd.concat(parts) for name, parts in tables.items()})
    lines = [str(problem) for problem in caught.value.problems]
    assert len(lines) == 2
    assert "no file" in lines[0]
    assert "a1.png" in lines[1]
    assert "a4.bmp (row 5, image a4" in lines[1]


def test_empty_table(cohort: Path) -> None:
    (cohort / "labels.csv").write_text(",".join(COLUMNS.values()) + "\n")
    assert_only(problems_of(cohort), "labels.csv", "no rows", "a row for each image")
    (cohort / "labels.csv").write_text("")
    assert_only(problems_of(cohort), "labels.csv", "an empty file")
    (cohort / "labels.csv").unlink()
    assert_only(problems_of(cohort), "labels.csv", "cannot be read")


def test_missing_folder(cohort: Path) -> None:
    (cohort / "images").rename(cohort / "elsewhere")
    assert_only(problems_of(cohort), "images", "no such folder", "Correct the path")


def test_name_that_fits_several_files_or_none_that_may_be_an_id(cohort: Path) -> None:
    save_radiograph(cohort / "images" / "a1.jpg", 9)
    save_radiograph(cohort / "images" / "a 5.png", 4)
    edit(cohort, 2, "file", "a1")
    edit(cohort, 6, "file", "a 5.png")
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert any("row 2, column file" in line and "a1.jpg, a1.png" in line for line in lines)
    assert any("row 6, column file" in line and "'a 5.png'" in line for line in lines)


def test_all_problems_come_at_once(cohort: Path) -> None:
    (cohort / "images" / "a1.png").unlink()
    (cohort / "images" / "a2.png").write_bytes(b"")
    edit(cohort, 4, "svdh", "1000")
    edit(cohort, 4, "age", "-3")
    edit(cohort, 5, "sex", "?")
    lines = problems_of(cohort)
    assert len(lines) == 5
    for row, column in ((4, "svdh"), (4, "age"), (5, "sex")):
        assert any(f"row {row}, " in line and f"column {column}" in line for line in lines)


def test_what_is_wrong_can_be_set_aside_and_is_listed(cohort: Path) -> None:
    (cohort / "images" / "a1.png").unlink()
    edit(cohort, 4, "svdh", "1000")
    checked = check(cohort, on_problem="set_aside")
    assert checked.images["image_id"].tolist() == ["a2", "a4", "a5"]
    assert sorted(checked.problems["set_aside"]) == ["radiograph a1", "radiograph a3"]
    assert (checked.problems[["file", "found", "expected", "remedy"]] != "").all(axis=None)


def test_a_cohort_of_which_nothing_is_left_stops(cohort: Path) -> None:
    for name in NAMES:
        (cohort / "images" / f"{name}.png").unlink()
    assert len(problems_of(cohort, on_problem="set_aside")) == 5


def test_a_missing_column_cannot_be_set_aside(cohort: Path) -> None:
    problems_of(cohort, columns=COLUMNS | {"total": "nowhere"}, on_problem="set_aside")


def test_colour_deep_and_unequal_images_are_fine(cohort: Path) -> None:
    rng = np.random.default_rng(3)
    colour = rng.integers(0, 256, (30, 90, 3), dtype=np.uint8)
    Image.fromarray(colour).save(cohort / "images" / "a1.png")
    deep = (np.arange(64 * 48).reshape(64, 48) * 3 % 4096).astype(np.uint16)
    Image.fromarray(deep).save(cohort / "images" / "a2.png")
    checked = check(cohort)
    assert len(checked.images) == 5
    assert checked.problems.empty


def test_images_without_a_row_are_listed_apart(cohort: Path) -> None:
    save_radiograph(cohort / "images" / "more" / "stray.png", 8)
    assert check(cohort).problems.empty
    listed = list_whole_images(cohort / "labels.csv", cohort / "images", COLUMNS)
    assert listed.unlisted == {str(cohort / "images"): ["more/stray.png"]}


def test_names_without_suffix_and_folders_within_are_found(cohort: Path) -> None:
    (cohort / "images" / "a1.png").rename(cohort / "images" / "a1.PNG")
    (cohort / "images" / "deep").mkdir()
    (cohort / "images" / "a2.png").rename(cohort / "images" / "deep" / "a2.png")
    (cohort / "images" / "a3.png").rename(cohort / "images" / "deep" / "a3.png")
    edit(cohort, 2, "file", "a1")
    edit(cohort, 4, "file", "deep/a3.png")
    assert check(cohort).images["image_id"].tolist() == list(NAMES)


def test_a_folder_whose_name_is_no_text(cohort: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1)  # pytest-xdist cannot send such text to its main process
    odd = cohort / "images" / os.fsdecode(b"J\xf6rg")
    odd.mkdir()
    (cohort / "images" / "a1.png").rename(odd / "a1.png")
    assert_only(problems_of(cohort), "labels.csv, row 2", "no text", "Rename the folder")
