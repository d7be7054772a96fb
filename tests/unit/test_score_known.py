"""What a table, headers and names say of radiographs to score: limb, patient and visit."""

import os
from pathlib import Path

import pytest

from sharpflow.cohorts.dicom_table import hashed, read_key
from sharpflow.errors import UserError
from sharpflow.score.sources import Source, find_sources
from tests.unit.dicom_files import SECRETS
from tests.unit.files_to_score import dicom, picture, told


def test_a_table_says_more_than_a_name(tmp_path: Path) -> None:
    for name in ("A-LH", "x", "y", "z", "Zürich 1"):
        picture(tmp_path / f"scans/{name}.png")
    table = tmp_path / "lists/table.csv"
    table.parent.mkdir()
    rows = [
        *("scans/A-LH.png;;;P7;2", "scans/x.png;rh;;P7;2.0", "scans/y.png;foot;L;;"),
        *("scans/z.png;BH;;P7;", "scans/Zürich 1.png;RF;right;;"),
    ]
    lines = ["File;Limb;Side;Patient;Visit", *(f"../{row}" for row in rows)]
    table.write_text("\n".join(lines))
    sources, refused = find_sources([str(tmp_path / "scans")], table=table)
    assert not refused
    assert told(sources) == [
        ("Z_rich_1", "", "1", "RF", "table"),
        ("y", "", "1", "LF", "table"),
        ("z", "P7", "1", "BH", "table"),
        ("A-LH", "P7", "2", "LH", "name"),
        ("x", "P7", "2", "RH", "table"),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("gone.png,LH,,P,1", "row 2, column file: found 'gone.png'"),
        ("A.png,LX,,P,1", "row 2, column limb: found 'LX'; expected one of LH, RH, LF, RF, BH"),
        ("A.png,LH,right,P,1", "found 'LH right'"),
        ("A.png,hand,,P,1", "found 'hand'"),
        ("A.png,,left,P,1", "found 'left'"),
        ("A.png,LH,,../P,1", "row 2, column patient"),
        ("A.png,LH,,P,a/b", "row 2, column visit"),
        (",LH,,P,1", "row 2, column file: found nothing"),
        (f"{'n' * 300},LH,,P,1", f"row 2, column file: found '{'n' * 80}...' (File name too long)"),
        (".,LH,,P,1", "row 2, column file: found '.'; expected a file"),
        ("A.png,LH,,P,1\nA.png,RH,,P,1", "row 3, column file: found 'A.png'; expected each file"),
    ],
)
def test_a_wrong_row_of_the_table_is_named(tmp_path: Path, row: str, message: str) -> None:
    scan, table = picture(tmp_path / "A.png"), tmp_path / "table.csv"
    table.write_text(f"file,limb,side,patient,visit\n{row}\n")
    with pytest.raises(UserError) as error:
        find_sources([str(scan)], table=table)
    assert message in str(error.value)


def test_a_row_that_names_a_file_in_a_locked_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, table = picture(tmp_path / "A.png"), tmp_path / "table.csv"
    table.write_text("file\nlocked/B.png\n")
    lstat = Path.lstat

    def refusing(path: Path) -> os.stat_result:
        if "locked" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", refusing)
    with pytest.raises(UserError, match=r"row 2, column file: found 'locked/B.png' \(Permission d"):
        find_sources([str(scan)], table=table)


def test_a_table_without_files_is_refused(tmp_path: Path) -> None:
    scan, table = picture(tmp_path / "A.png"), tmp_path / "table.csv"
    table.write_text("limb,name\nLH,A.png\n")
    with pytest.raises(UserError, match="Add the column file"):
        find_sources([str(scan)], table=table)
    with pytest.raises(UserError, match="cannot be read"):
        find_sources([str(scan)], table=tmp_path / "gone.csv")
    table.write_text("file,limb,patient_id,taken\nA.png,LH,P7,2019\n")
    with pytest.raises(UserError, match="Rename patient_id to patient or"):
        find_sources([str(scan)], table=table)


def test_headers_leave_as_hashes_and_numbers_alone(tmp_path: Path) -> None:
    hand = {"ImageLaterality": "L", "BodyPartExamined": "HAND"}
    dicom(tmp_path / "one.dcm", **hand, StudyDate="20200102")
    dicom(tmp_path / "two.dcm", **hand, StudyDate="20190101")
    key = tmp_path / "key"
    sources, refused = find_sources([str(tmp_path)], key=key)
    name = hashed("PLANTID77", read_key(key))
    assert told(sources) == [
        ("two", name, "1", "LH", "header"),
        ("one", name, "2", "LH", "header"),
    ]
    again, _ = find_sources([str(tmp_path)], key=key)
    assert again == sources
    without, _ = find_sources([str(tmp_path)])
    assert without[0].patient != name and without[0].patient == without[1].patient
    everything = repr([sources, refused, without]).lower()
    assert not [secret for secret in SECRETS if secret in everything]
    kept, _ = find_sources([str(tmp_path)], keep_ids=True)
    assert {source.patient for source in kept} == {"PLANTID77"}


def test_a_header_that_says_otherwise_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    foot = {"ImageLaterality": "R", "BodyPartExamined": "FOOT"}
    dicom(tmp_path / "A-LH.dcm", **foot)
    dicom(tmp_path / "both.dcm", ImageLaterality="B", BodyPartExamined="HAND", PatientID="A")
    dicom(tmp_path / "part.dcm", ImageLaterality="", BodyPartExamined="FOOT", PatientID="A")
    dicom(tmp_path / "chest.dcm", BodyPartExamined="CHEST")
    dicom(tmp_path / "side.dcm", BodyPartExamined="HAND", ViewPosition="LATERAL")
    dicom(tmp_path / "ct.dcm", **foot, Modality="CT")
    dicom(tmp_path / "lateral.dcm", **foot, ViewPosition="LL")
    dicom(tmp_path / "B-BH.dcm", ImageLaterality="B", BodyPartExamined="HAND", PatientID="B")
    (tmp_path / "broken.dcm").write_bytes(b"nothing")
    picture(tmp_path / "A-RH.png").rename(tmp_path / "A-RH.gif")
    picture(tmp_path / "C-LF.png")
    sources, refused = find_sources([str(tmp_path)], keep_ids=True)
    assert [(s.image_id, s.patient, s.limb, s.told.part) for s in sources] == [
        ("both", "A", "BH", "hand"),
        ("part", "A", "", "foot"),
        ("B-BH", "B", "BH", "hand"),
        ("C-LF", "C", "LF", ""),
    ]
    why = {Path(one.image).name: one.reason for one in refused}
    assert set(why) == {
        *("A-LH.dcm", "ct.dcm", "lateral.dcm", "chest.dcm", "side.dcm", "broken.dcm", "A-RH.gif")
    }
    assert (
        "says right foot; expected left hand, frontal view, as the file's name" in why["A-LH.dcm"]
    )
    assert "says chest; expected hand or foot, frontal view" in why["chest.dcm"]
    assert "says lateral view; expected hand, frontal view. Look" in why["side.dcm"]
    assert "computed tomography" in why["ct.dcm"]
    assert "lateral view" in why["lateral.dcm"]
    assert not [one for one in refused if "plant" in (one.image + one.reason).lower()]


def test_both_hands_and_a_header_of_one_side_contradict_each_other(tmp_path: Path) -> None:
    for name, side, part in (("A-BH", "L", "HAND"), ("listed", "R", ""), ("B-BH", "", "HANDS")):
        dicom(tmp_path / f"{name}.dcm", ImageLaterality=side, BodyPartExamined=part, PatientID="")
    table = tmp_path / "table.csv"
    table.write_text("file,limb\nlisted.dcm,BH\n")
    sources, refused = find_sources([str(tmp_path)], table=table)
    assert [source.image_id for source in sources] == ["B-BH"]
    why = {Path(each.image).name: each.reason for each in refused}
    expected = "expected both hands, frontal view, as"
    assert f"says left hand; {expected} the file's name says" in why["A-BH.dcm"]
    assert f"says right; {expected} the table says" in why["listed.dcm"]


def test_visits_are_numbered_for_each_patient_whoever_says_who_it_is(tmp_path: Path) -> None:
    hand = {"ImageLaterality": "L", "BodyPartExamined": "HAND"}
    for number, name in enumerate(["a", "b", "P@7-LH", "Q-LH"]):
        who = {"PatientID": f"plantid{number}" if number < 2 else ""}
        dicom(tmp_path / f"{name}.dcm", **hand, **who, StudyDate=f"202{4 - number}0101")
    table = tmp_path / "table.csv"
    table.write_text("file,patient\na.dcm,P\nb.dcm,P\n")
    sources, _ = find_sources([str(tmp_path)], table=table)
    assert [(s.image_id, s.patient, s.visit, s.visit_from) for s in sources] == [
        ("b", "P", "1", "header"),  # of another PatientID than a, and earlier
        ("a", "P", "2", "header"),
        ("P@7-LH", "P", "7", "name"),  # the header says no patient
        ("Q-LH", "Q", "1", "header"),
    ]


def test_dates_are_dates_or_nothing(tmp_path: Path) -> None:
    hand = {"ImageLaterality": "L", "BodyPartExamined": "HAND"}
    for name, date in {"a": "2020.12.01", "b": "20200131", "c": "2021-05-01"}.items():
        dicom(tmp_path / f"{name}.dcm", **hand, StudyDate=date)
    other = hand | {"ImageLaterality": "R"}
    dicom(tmp_path / "none.dcm", **other, StudyDate="")
    dicom(tmp_path / "odd.dcm", **other, StudyDate="2021XXXX")
    dicom(tmp_path / "short.dcm", **other, StudyDate="2020115")
    dicom(tmp_path / "short-points.dcm", **other, StudyDate="2020.1.15")
    dicom(tmp_path / "mixed.dcm", **other, StudyDate="2020.01-15")
    dicom(tmp_path / "impossible.dcm", **other, StudyDate="20200230")
    dicom(tmp_path / "single.dcm", **other, StudyDate="", PatientID="other")
    sources, refused = find_sources([str(tmp_path)], keep_ids=True)
    visits = {source.image_id: source.visit for source in sources}
    assert visits == {"b": "1", "a": "2", "c": "3", "single": "1"}
    names = ["impossible", "mixed", "none", "odd", "short-points", "short"]
    assert [Path(one.image).stem for one in refused] == names
    assert all(one.reason.startswith("found no date of the study") for one in refused)
    assert {(one.patient, one.visit) for one in refused} == {("PLANTID77", "")}


LIMBS_OF_X = {
    limb + year: {"ImageLaterality": "L", "BodyPartExamined": part, "StudyDate": f"20{year}0101"}
    for limb, part in (("hand", "HAND"), ("foot", "FOOT"))
    for year in ("19", "20")
}


def places(sources: list[Source]) -> dict[str, tuple[str, str]]:
    return {source.path.stem: (source.visit, source.visit_from) for source in sources}


@pytest.mark.parametrize(
    ("rows", "scored", "refused"),
    [
        # The foot of 2019 would be numbered 1, as the table calls 2020.
        (
            "hand19.dcm,0\nhand20.dcm,1",
            {"hand19": ("0", "table"), "hand20": ("1", "table"), "foot20": ("2", "header")},
            ["foot19"],
        ),
        (
            "hand20.dcm,1",
            {"hand20": ("1", "table"), "foot20": ("2", "header")},
            ["foot19", "hand19"],
        ),
        # Names and numbers agree.
        (
            "hand19.dcm,1\nhand20.dcm,2",
            {
                **{"hand19": ("1", "table"), "hand20": ("2", "table")},
                **{"foot19": ("1", "header"), "foot20": ("2", "header")},
            },
            [],
        ),
        # A user may take two dates for one visit.
        (
            "hand19.dcm,1\nhand20.dcm,1\nfoot19.dcm,2\nfoot20.dcm,1",
            {
                **{"hand19": ("1", "table"), "hand20": ("1", "table")},
                **{"foot19": ("2", "table"), "foot20": ("1", "table")},
            },
            [],
        ),
    ],
)
def test_a_table_and_dates_make_no_visit_of_two_dates(
    tmp_path: Path, rows: str, scored: dict[str, tuple[str, str]], refused: list[str]
) -> None:
    for name, elements in LIMBS_OF_X.items():
        dicom(tmp_path / f"{name}.dcm", **elements)
    table = tmp_path / "table.csv"
    table.write_text(f"file,visit\n{rows}\n")
    sources, left = find_sources([str(tmp_path)], table=table, keep_ids=True)
    assert places(sources) == scored
    assert [Path(one.image).stem for one in left] == refused
    for one in left:
        assert one.reason.startswith("found two dates in one visit")
        assert "Name its visit in a table" in one.reason
        assert (one.patient, one.visit) == ("PLANTID77", "")


def test_names_and_dates_make_no_visit_of_two_dates(tmp_path: Path) -> None:
    dates = {"P1@2-LH": "20200101", "P1-LF": "20190101", "P1-RF": "20210101"}
    dates |= {"Q@1-LH": "20200101", "Q@1-RH": "20210101"}  # two dates by the names themselves
    for name, date in dates.items():
        dicom(tmp_path / f"{name}.dcm", PatientID="", StudyDate=date)
    sources, refused = find_sources([str(tmp_path)])
    assert places(sources) == {
        "P1-LF": ("1", "header"),
        "P1@2-LH": ("2", "name"),
        "Q@1-LH": ("1", "name"),
        "Q@1-RH": ("1", "name"),
    }
    ((image, patient, visit),) = [(one.image, one.patient, one.visit) for one in refused]
    assert (Path(image).stem, patient, visit) == ("P1-RF", "P1", "")
    assert refused[0].reason.startswith("found two dates in one visit")


def test_one_patient_id_is_not_taken_for_patients_whom_names_tell_apart(tmp_path: Path) -> None:
    for name, date in {"P1-LH": "20190101", "P2@3-LH": "20200101", "scan": "20190101"}.items():
        hand = {"ImageLaterality": "L", "BodyPartExamined": "HAND"}
        dicom(tmp_path / f"{name}.dcm", **hand, PatientID="ANON", StudyDate=date)
    dicom(tmp_path / "P3-LH.dcm", PatientID="real3", StudyDate="20190101")
    dicom(tmp_path / "P3@x-RH.dcm", PatientID="real3", StudyDate="20190101")
    sources, refused = find_sources([str(tmp_path)], keep_ids=True)
    assert {source.patient for source in sources} == {"real3"}
    assert {(Path(one.image).stem, one.patient, one.visit) for one in refused} == {
        ("P1-LH", "P1", "1"),
        ("P2@3-LH", "P2", "3"),
        ("scan", "", "1"),
    }
    assert {one.reason.split(";")[0] for one in refused} == {
        "found one PatientID for radiographs of which the files' names or the table call some by "
        "other patients"
    }
    assert all("Name the patient of each in a table" in one.reason for one in refused)
    table = tmp_path / "table.csv"
    table.write_text("file,patient\nP1-LH.dcm,P1\nP2@3-LH.dcm,P2\n")  # one is forgotten
    _, refused = find_sources([str(tmp_path)], table=table, keep_ids=True)
    assert [Path(one.image).stem for one in refused] == ["scan"]
    table.write_text("file,patient\nP1-LH.dcm,P1\nP2@3-LH.dcm,P2\nscan.dcm,P2\n")
    sources, refused = find_sources([str(tmp_path)], table=table, keep_ids=True)
    assert [(s.path.stem, s.patient, s.visit) for s in sources[:3]] == [
        ("P1-LH", "P1", "1"),
        ("scan", "P2", "1"),
        ("P2@3-LH", "P2", "2"),  # the second of the dates
    ]
    assert refused == []


def test_what_is_refused_unread_belongs_where_table_or_name_say(tmp_path: Path) -> None:
    for name in ("P1@2-LH", "P1@2-RH", "Q-LF"):
        dicom(tmp_path / f"{name}.dcm", PatientID="P1", Modality="OT")
    picture(tmp_path / "P1@2-RF.png").rename(tmp_path / "P1@2-RF.gif")
    picture(tmp_path / "scan.png").rename(tmp_path / "scan.gif")
    picture(tmp_path / "R-LH.png")
    (tmp_path / "broken.dcm").write_bytes(b"nothing")
    table = tmp_path / "table.csv"
    table.write_text("file,patient,visit\nP1@2-RH.dcm,P7,5\nbroken.dcm,P7,\n")
    sources, refused = find_sources([str(tmp_path)], table=table)
    assert [source.image_id for source in sources] == ["R-LH"]
    assert {Path(one.image).name: (one.patient, one.visit) for one in refused} == {
        "P1@2-LH.dcm": ("P1", "2"),
        "P1@2-RH.dcm": ("P7", "5"),
        "Q-LF.dcm": ("Q", "1"),
        "P1@2-RF.gif": ("P1", "2"),
        "scan.gif": ("", "1"),
        "broken.dcm": ("P7", "1"),
    }


def test_of_a_name_that_says_no_patient_the_limb_is_taken(tmp_path: Path) -> None:
    for name in ("Müller-RH", "Anna Maria-lf", "P[2]@v 3-LH", "scan"):
        picture(tmp_path / f"{name}.png")
    sources, _ = find_sources([str(tmp_path)])
    assert {source.path.stem: (source.patient, source.limb) for source in sources} == {
        "Müller-RH": ("", "RH"),
        "Anna Maria-lf": ("", "LF"),
        "P[2]@v 3-LH": ("", "LH"),
        "scan": ("", ""),
    }
