"""Cohorts of DICOM files: names, headers that contradict them, lists made from headers, privacy."""

import csv
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from sharpflow.anatomy import LIMBS, BodyPart, Side
from sharpflow.cohorts.check_radiographs import read_radiographs
from sharpflow.cohorts.csv_rows import Row
from sharpflow.cohorts.dicom_table import hashed, header_date, main, read_key
from sharpflow.cohorts.labelled import ImageList, LabelledImage
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.warn import warn_of_images, warn_of_joint_cohort
from sharpflow.errors import UserError
from sharpflow.files import read_table, write_table
from sharpflow.imaging.appearance import Look
from sharpflow.imaging.dicom_limb import limb_of
from sharpflow.imaging.reading import read_image
from sharpflow.whole_image.data.packing import pack

from .dicom_files import JPEG_LS, PLANTED, SECRETS, header, image, save, save_compressed
from .joint_cohort import assert_named, check, make_cohort, problems_of

LIMITS = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["checks"][
    "warnings"
]
PARTS = {"hand": "HAND", "foot": "FOOT"}
SIDES = {"left": "L", "right": "R"}


def says(limb: str) -> dict[str, str]:
    """What a header says of a limb."""
    known = LIMBS[limb]
    return {"BodyPartExamined": PARTS[known.body_part], "ImageLaterality": SIDES[known.side]}


def to_dicom(path: Path, name: str, **elements: Any) -> Path:
    """Put a DICOM file of the same pixels in a picture's place."""
    pixels = read_image(path)
    path.unlink()
    return save(path.with_name(name), image(pixels, **elements))


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """A cohort without fault whose radiographs are DICOM, in turn with each suffix and none."""
    make_cohort(tmp_path)
    suffixes = (".dcm", ".DCM", ".dicom", "")
    for number, path in enumerate(sorted((tmp_path / "radiographs").iterdir())):
        to_dicom(path, path.stem + suffixes[number % 4], **says(path.stem[-2:]))
    return tmp_path


def test_a_cohort_of_dicom_is_that_of_its_pictures(cohort: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    checked = check(make_cohort(pictures))
    columns = ["image_id", "patient", "limb", "height", "width", "digest"]
    of_dicom = check(cohort)
    pd.testing.assert_frame_equal(of_dicom.radiographs[columns], checked.radiographs[columns])
    assert of_dicom.problems.empty


def other(cohort: Path, **elements: Any) -> str:
    """Spoil the header of one radiograph, and give its name."""
    path = next((cohort / "radiographs").glob("UAB002-LH*"))
    to_dicom(path, path.name, **elements)
    return path.name


@pytest.mark.parametrize(
    ("elements", "found"),
    [
        (says("RH"), "right hand"),
        (says("LF"), "left foot"),
        ({"BodyPartExamined": "CHEST"}, "says chest"),
        ({"Laterality": "R"}, "says right"),
        (says("LH") | {"ViewPosition": "LL"}, "lateral view"),
    ],
)
def test_a_header_that_contradicts_the_name(
    cohort: Path, caplog: pytest.LogCaptureFixture, elements: dict[str, str], found: str
) -> None:
    name = other(cohort, **elements)
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, name, found, "left hand", "the file's name", "contradicting_headers")
    aside = check(cohort, on_problem="set_aside", require_all_limbs=False)
    assert "UAB002-LH" not in set(aside.radiographs["image_id"])
    assert list(aside.problems["set_aside"]) == ["radiograph UAB002-LH"]
    caplog.clear()
    assert len(check(cohort, contradicting_headers="warn").radiographs) == 12
    assert found in caplog.text


def test_contradicting_headers_are_warnings(cohort: Path, tmp_path: Path) -> None:
    other(cohort, **says("RF"))
    listed = list_radiographs(cohort / "radiographs").radiographs[:6]
    look = Look()
    table = read_radiographs(listed, max_pixels=10**7, contradicting_headers="warn", look=look)
    write_table(look.table(), tmp_path / "appearance.csv")
    seen = read_table(tmp_path / "appearance.csv", header_says=str)
    warnings = warn_of_joint_cohort(table, seen, None, None, limits=LIMITS)
    lines = warnings[warnings["warning"] == "contradicts its DICOM header"].to_numpy().tolist()
    assert len(lines) == 1
    assert_named([" ".join(lines[0])], "UAB002-LH", "says right foot", "left hand, frontal")
    images = ImageList([LabelledImage("UAB002-LH", Path("b.dcm"), "t.csv", Row(2, {}), {})])
    hands = warn_of_images(images, seen, hands=2, limits=LIMITS)
    lines = hands[hands["warning"] == "contradicts its DICOM header"].to_numpy().tolist()
    assert_named([" ".join(lines[0])], "b.dcm", "says right foot", " hand, frontal")


@pytest.mark.parametrize(
    ("elements", "limb"),
    [
        (says("LH"), "LH"),
        (says("RF"), "RF"),
        ({"BodyPartExamined": "HAND WRIST", "Laterality": "R"}, "RH"),
        ({"BodyPartExamined": "EXTREMITY", "Laterality": "R"}, ""),
        ({"BodyPartExamined": "HAND", "ImageLaterality": "B"}, ""),
        ({"BodyPartExamined": "Plantedname", "ImageLaterality": "Plantedname"}, ""),
        ({}, ""),
    ],
)
def test_the_limb_of_a_header(elements: dict[str, str], limb: str) -> None:
    said = limb_of(header(**elements))
    assert said.limb == limb
    assert not [secret for secret in SECRETS if secret in str(said).lower()]


@pytest.mark.parametrize(
    ("part", "side", "known"),
    [
        ("FEET", "", ("foot", "both")),
        ("FEET", "L", ("foot", "left")),
        ("FOOT", "", ("foot", "")),
        ("HANDS", "", ("hand", "")),  # the image shows whether there are two
    ],
)
def test_feet_without_a_side_are_both(part: str, side: str, known: tuple[str, str]) -> None:
    said = limb_of(header(BodyPartExamined=part, ImageLaterality=side))
    assert (said.part, said.side) == known
    if known == ("foot", "both"):  # whoever says which foot it is knows better
        assert not said.contradiction(BodyPart.FOOT, Side.LEFT)
    told = limb_of(header(BodyPartExamined=part, ImageLaterality="B"))
    assert told.contradiction(told_part := BodyPart(known[0]), Side.LEFT).startswith("both ")
    assert not told.contradiction(told_part)


@pytest.mark.parametrize(("code", "part"), [("85562004", "hand"), ("T-D9700", "foot")])
def test_the_region_by_its_code(code: str, part: str) -> None:
    """As digital radiography (DX) says it."""
    from pydicom.dataset import Dataset

    region = Dataset()
    region.CodeValue = code
    assert limb_of(header(AnatomicRegionSequence=[region])).part == part


def test_other_dicom_files_in_the_folder_are_named(cohort: Path) -> None:
    folder = cohort / "radiographs"
    save(folder / "report.dcm", header(Modality="SR"))
    save(folder / "1.2.840.113619.77", image(np.eye(8, dtype=np.uint8)))
    (folder / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (folder / "README").write_text("not an image")
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert_named(lines, "report.dcm", "Rename the file")
    assert_named(lines, "1.2.840.113619.77", "<patient>-<limb>", "in a CSV")


def test_names_with_points_and_no_suffix(tmp_path: Path) -> None:
    for name in ("1.2-LH", "1.2.3-RH", "p-LF.dcm"):
        (tmp_path / name).touch()
    # Other suffixes count where the file is DICOM.
    save(tmp_path / "p-RF.IMA", image(np.eye(8, dtype=np.uint8)))
    save(tmp_path / "q.img", image(np.eye(8, dtype=np.uint8)))
    (tmp_path / "q-LH.img").write_bytes(b"no image" * 20)
    listed = list_radiographs(tmp_path)
    assert [f.image_id for f in listed.radiographs] == [*("1.2-LH", "1.2.3-RH", "p-LF", "p-RF")]
    assert [Path(problem.file).name for problem in listed.problems] == ["q.img"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        *(("20200131", "20200131"), ("2020.01.31", "20200131"), ("2020-01-31", "20200131")),
        *(("2020115", ""), ("2020.1.15", ""), ("20200230", ""), ("202001011", ""), ("", "")),
    ],
)
def test_a_date_has_eight_digits(tmp_path: Path, text: str, date: str) -> None:
    dataset = image(np.eye(8, dtype=np.uint8), StudyDate=text)
    assert header_date(save(tmp_path / "a.dcm", dataset)) == date


def test_whole_images_pack_dicom(tmp_path: Path) -> None:
    ramp = np.arange(4096, dtype=np.uint8).reshape(64, 64)
    both = {"BodyPartExamined": "HAND", "ImageLaterality": "B"}
    paths = {
        "hands": save_compressed(tmp_path / "hands", ramp, JPEG_LS, **both),
        "feet": save(tmp_path / "feet.dcm", image(ramp, BodyPartExamined="FOOT")),
    }
    images, packed, unpacked = pack(paths, 64)
    np.testing.assert_array_equal(images[0], ramp)
    assert list(packed["image_id"]) == ["hands"]
    assert "says foot" in unpacked["found"][0]
    assert len(pack(paths, 64, contradicting_headers="warn")[1]) == 2


# Lists made from headers.


def make_list(folder: Path, *options: str | Path) -> None:
    """As `python -m sharpflow.cohorts.dicom_table` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["dicom_table", str(folder), *map(str, options)])
        main()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What a hospital's export looks like: one patient at two visits, a limb unsaid, a report, a
    radiograph of nobody.
    """
    folder = tmp_path / "export"
    (folder / "series").mkdir(parents=True)
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    save(folder / "IM1", image(pixels, **says("LH")))
    save(folder / "IM2", image(pixels.T.copy(), **says("LH"), StudyDate="20180101"))
    save(folder / "series" / "IM3", image(pixels[::-1].copy()))
    save(folder / "series" / "IM4", header(Modality="SR"))
    save(folder / "series" / "IM5", image(pixels, PatientID=""))
    (folder / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (folder / "readme.txt").write_text("Plantedname")
    return folder


def test_a_list_with_hashed_patients(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, key = tmp_path / "radiographs.csv", tmp_path / "patients.key"
    make_list(export, "--key", key, "--output", output)
    out, err = capsys.readouterr()
    rows = rows_of(output)
    patient = hashed(PLANTED["PatientID"], read_key(key))
    assert {row["patient"] for row in rows} == {patient}
    limbs = {row["file"]: (row["limb"], row["visit"]) for row in rows}
    assert limbs == {
        "export/IM1": ("LH", "2"),
        "export/IM2": ("LH", "1"),
        "export/series/IM3": ("", "2"),
    }
    assert "1 headers do not say the limb" in out
    assert "2 files left out" in out
    assert "date" not in out
    assert "IM4: found DICOM of another modality: a structured report" in err
    assert "IM5: found no PatientID" in err
    assert key.stat().st_mode & 0o077 == 0
    said = (output.read_text() + out + err).lower()
    assert not [secret for secret in SECRETS if secret in said]
    problems = list_radiographs(output).problems  # the limb that the user is to fill in
    assert len(problems) == 1
    assert "column limb" in str(problems[0])
    make_list(export, "--key", key, "--output", tmp_path / "again.csv")
    assert rows_of(tmp_path / "again.csv") == rows


def test_a_list_with_the_users_patients_or_kept_ids(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, output = tmp_path / "own.csv", tmp_path / "radiographs.csv"
    own.write_text("file,patient\nIM1,anna\nseries/IM3,bert\n")
    make_list(export, "--patients", own, "--output", output)
    assert [(row["patient"], row["limb"]) for row in rows_of(output)] == [
        ("anna", "LH"),
        ("bert", ""),
    ]
    own.write_text("file,patient\nIM1,anna\nseries/IM4,bert\nIM9,carl\n")
    make_list(export, "--patients", own, "--output", output)
    assert [row["patient"] for row in rows_of(output)] == ["anna"]
    err = capsys.readouterr().err
    assert "IM4: found DICOM of another modality" in err
    assert "IM9: found no DICOM file" in err
    own.write_text("file,patient\nIM1,anna\nIM1,bert\n")
    with pytest.raises(SystemExit, match="row 3: found a second patient of this file"):
        make_list(export, "--patients", own, "--output", output)
    make_list(export, "--keep-ids", "--output", output)
    assert {row["patient"] for row in rows_of(output)} == {PLANTED["PatientID"]}


def test_a_list_of_radiographs_without_dates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "export").mkdir()
    save(tmp_path / "export" / "IM1", image(np.eye(8, dtype=np.uint8), StudyDate=""))
    make_list(tmp_path / "export", "--keep-ids", "--output", tmp_path / "list.csv")
    assert rows_of(tmp_path / "list.csv")[0]["visit"] == "1"
    assert "1 headers do not say the date" in capsys.readouterr().out


def test_hashes_depend_on_the_key_and_the_key_is_kept(tmp_path: Path) -> None:
    key = read_key(tmp_path / "a.key")
    assert read_key(tmp_path / "a.key") == key
    assert hashed("7", key) == hashed(" 7 ", key) != hashed("7", read_key(tmp_path / "b.key"))
    # RFC 4231, test case 1.
    assert hashed("Hi There", b"\x0b" * 20) == "b0344c61d8db3853"
    (tmp_path / "bad.key").write_text("short")
    with pytest.raises(UserError, match="found no key"):
        read_key(tmp_path / "bad.key")
    with pytest.raises(UserError, match="found a key among results"):
        read_key(tmp_path / "results" / "a.key")
    with pytest.raises(UserError, match=r"a\.key: found a file that cannot be made.*path"):
        read_key(tmp_path / "missing" / "a.key")
    with pytest.raises(UserError, match="found no key"):
        read_key(tmp_path)


def test_no_output_of_a_check_names_a_person(
    cohort: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tables, packed files, logs and messages of a check with good and with broken files."""
    caplog.set_level(logging.DEBUG)
    written = cohort / "written"
    folder = cohort / "radiographs"
    good = check(cohort)
    broken = sorted(folder.iterdir())
    to_dicom(broken[0], broken[0].name, BodyPartExamined="Plantedname", Modality="Plantedname")
    content = broken[1].read_bytes()
    broken[1].write_bytes(content[: len(content) // 2])
    broken[2].write_bytes(content.replace(b"DA", b"US").replace(b"CS", b"DS"))
    broken[3].write_bytes(b"Plantedname 19470229 " * 50)
    aside = check(cohort, on_problem="set_aside", require_all_limbs=False)
    assert len(aside.problems) >= 3
    for name, checked in (("good", good), ("aside", aside)):
        for table in ("radiographs", "problems"):
            write_table(getattr(checked, table), written / name / f"{table}.csv")
    look = Look()
    paths = {path.stem: path for path in folder.iterdir()}
    images, rows, unpacked = pack(paths, 32, contradicting_headers="warn", look=look)
    write_table(look.table(), written / "appearance.csv")
    np.save(written / "packed.npy", images)
    write_table(rows, written / "rows.csv")
    write_table(unpacked, written / "unpacked.csv")
    text = "\n".join(problems_of(cohort)) + caplog.text + "".join(capfd.readouterr())
    (written / "said.txt").write_text(text)
    for path in written.rglob("*.*"):
        content = path.read_bytes().lower()
        assert not [secret for secret in SECRETS if secret.encode() in content], path
