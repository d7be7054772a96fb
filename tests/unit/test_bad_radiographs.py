"""Wrong radiographs and lists of them: the message names file, row and remedy."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from sharpflow.cohorts.radiographs import list_radiographs

from .joint_cohort import (
    HEIGHT,
    RADIOGRAPH,
    WIDTH,
    assert_named,
    check,
    make_cohort,
    problems_of,
    write_radiograph_list,
)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path)


def test_missing_limb(cohort: Path) -> None:
    (cohort / "radiographs" / "UAB002-RF.jpg").unlink()
    (cohort / "boxes" / "UAB002-RF.xml").unlink()
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(
        lines, str(cohort / "radiographs"), "patient UAB002", "LH RH LF only", "Add UAB002-RF"
    )
    assert len(check(cohort, require_all_limbs=False).radiographs) == 11


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
    assert_named(
        lines, RADIOGRAPH, "not an image", "JPG, PNG, BMP, TIFF or DICOM", "Remove it, or export"
    )


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
    assert_named(
        problems_of(cohort), "UAB002-LH.png", "3,000,000,000 pixels", "max_megapixels", "smaller"
    )


def test_image_larger_than_the_study_allows(cohort: Path) -> None:
    lines = problems_of(cohort, max_pixels=HEIGHT * WIDTH - 1)
    assert len(lines) == 12
    assert_named(
        lines, RADIOGRAPH, "40 x 48 = 1,920 pixels", "at most 1,919", "raise checks: max_megapixels"
    )


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


def test_a_limb_in_another_case_is_the_same(cohort: Path) -> None:
    folder = cohort / "radiographs"
    (folder / "UAB001-LH.jpg").rename(folder / "UAB001-lh.jpg")
    boxes = cohort / "boxes"
    (boxes / "UAB002-RF.xml").rename(boxes / "UAB002-Rf.xml")
    checked = check(cohort)
    limbs = checked.radiographs.set_index("image_id")["limb"]
    assert limbs["UAB001-lh"] == "LH"
    assert set(checked.boxes["image_id"]) == set(limbs.index)
    assert len(checked.scores) == 3 * 86
    listed = write_radiograph_list(
        cohort, (2, "limb", "lh"), (2, "file", "radiographs/UAB001-lh.jpg")
    )
    assert set(check(cohort, radiographs=listed).radiographs["limb"]) == {"LH", "RH", "LF", "RF"}
    (folder / "UAB002-Lh.jpg").write_bytes((folder / "UAB003-LH.jpg").read_bytes())
    assert_named(problems_of(cohort), "LH of patient UAB002", "again")
    (boxes / "UAB001-lh.txt").write_text("0 0.5 0.5 0.1 0.1")
    assert_named(problems_of(cohort), "UAB001-lh.txt", "a second label file of UAB001-lh")


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
    assert len(lines) == 1
    assert_named(
        lines,
        *("UAB001-RH.jpg, radiograph UAB001-RH, patient UAB001: found the same pixels as",),
        *("UAB003-RH.png (radiograph UAB003-RH, patient UAB003)", "whose it is"),
    )
    kept = check(cohort, on_problem="set_aside", require_all_limbs=False)
    assert kept.problems["set_aside"].tolist() == ["radiograph UAB001-RH and UAB003-RH"]
    assert not {"UAB001-RH", "UAB003-RH"} & set(kept.radiographs["image_id"])
    whole = check(cohort, on_problem="set_aside")
    assert set(whole.radiographs["patient"]) == {"UAB002"}
    assert whole.problems["set_aside"].tolist() == [
        "radiograph UAB001-RH and UAB003-RH and with it "
        "visit 1 of patient UAB001 and visit 1 of patient UAB003"
    ]


def test_a_limb_in_a_folder_within_is_told_with_its_patient(cohort: Path) -> None:
    within = cohort / "radiographs" / "old"
    within.mkdir()
    for name in ("UAB002-RF", "UAB002-LH"):
        (cohort / "radiographs" / f"{name}.jpg").rename(within / f"{name}.jpg")
        (cohort / "boxes" / f"{name}.xml").unlink()
    (line,) = problems_of(cohort)
    assert "which are not read: old/UAB002-LH.jpg, old/UAB002-RF.jpg; expected" in line
    assert "Move old/UAB002-LH.jpg, old/UAB002-RF.jpg up, or set" in line
    (within / "UAB002-LH.jpg").unlink()
    (line,) = problems_of(cohort)
    assert "Move old/UAB002-RF.jpg up and add UAB002-LH, or set" in line
    for path in (cohort / "radiographs").glob("UAB003-*.jpg"):
        path.rename(within / path.name)
    for path in (cohort / "boxes").glob("UAB003-*.xml"):
        path.unlink()
    assert_named(
        problems_of(cohort), "row 4", "unknown patient UAB003", "not read: old/UAB003-LF.jpg"
    )


def test_a_folder_with_the_name_of_a_radiograph(cohort: Path) -> None:
    path = cohort / "radiographs" / RADIOGRAPH
    path.unlink()
    path.mkdir()
    lines = problems_of(cohort, require_all_limbs=False)
    assert_named(lines, f"{path}: found a folder with the name of a radiograph; expected a file")
    listed = write_radiograph_list(cohort)
    assert_named(problems_of(cohort, radiographs=listed, require_all_limbs=False), str(path), "row")


@pytest.mark.parametrize("name", [RADIOGRAPH, "UAB004-LH.dcm", "UAB004-LH"])
def test_a_broken_link_in_place_of_a_radiograph(cohort: Path, name: str) -> None:
    path = cohort / "radiographs" / name
    path.unlink(missing_ok=True)
    path.symlink_to("nowhere")
    lines = problems_of(cohort, require_all_limbs=False)
    assert_named(lines, f"{path}: found a link to nothing in place of a radiograph")


def test_listing_radiographs_never_raises(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00image")
    (tmp_path / "nothing.csv").write_text("")
    for radiographs in ("nowhere", "nowhere.csv", "empty", "bytes.csv", "nothing.csv"):
        listed = list_radiographs(tmp_path / radiographs)
        assert not listed.radiographs
        assert_named([str(problem) for problem in listed.problems], str(tmp_path / radiographs))
