"""Tables as spreadsheets write them: one reader forgives all the same, or says one clear thing."""

import codecs
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.csv_rows import Rows, read_rows
from sharpflow.cohorts.findings import Finding, Scope, by_row
from sharpflow.cohorts.near_ids import near_id_problems, near_ids
from sharpflow.cohorts.own_split import read_own_split
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.said_of_images import read_comments, read_verdicts
from sharpflow.cohorts.scores import read_score_table
from sharpflow.cohorts.set_aside import count_set_aside, refused
from sharpflow.cohorts.whole_images import list_whole_images
from sharpflow.errors import Problem, ProblemsError, in_groups

from .joint_cohort import make_cohort, problems_of, write_radiograph_list

PLAIN = "patient,score,note\n007,2.5,Jörg\nB2,3,\n"


def read(folder: Path, text: str | bytes, required: tuple[str, ...] = ("patient", "score")) -> Rows:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rows(path, required, "a table of scores", optional=["note"])


def values(rows: Rows) -> list[tuple[int, str, str]]:
    assert not rows.problems, rows.problems
    return [(row.number, row.values["patient"], row.values["score"]) for row in rows.rows]


EXPECTED = [(2, "007", "2.5"), (3, "B2", "3")]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.replace("Jörg", "Łódź Šárka \N{EN DASH}").encode("utf-16-le"),
        PLAIN.encode("cp1252"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("\n", ",,\n").encode(),
        PLAIN.replace("note\n", "note,,\n").encode(),
        PLAIN.replace("patient,score", " Patient , SCORE ").encode(),
        PLAIN.replace("007,", " 007 ,").encode(),
        (PLAIN + ",,\n\n").encode(),
        PLAIN.replace("B2,3,", '"B2","3",').encode(),
    ],
)
def test_what_other_programs_write_is_read(tmp_path: Path, data: bytes) -> None:
    assert values(read(tmp_path, data)) == EXPECTED


def test_a_separator_that_the_file_tells(tmp_path: Path) -> None:
    read_here = values(read(tmp_path, "sep=;\n" + PLAIN.replace(",", ";")))
    assert read_here == [(3, "007", "2.5"), (4, "B2", "3")]
    assert values(read(tmp_path, "sep=\t\r\n" + PLAIN.replace(",", "\t"))) == read_here
    for name, there in (("sep=|\nid|score\n1|2\n", 2), ("\n\nid,score\n1,2\n", 3)):
        (problem,) = read(tmp_path, name).problems
        assert problem.where == f"row {there}, column patient"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_letters_in_utf_16_are_read_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    note = "Jörg Łódź \N{EN DASH} ĀĂ"
    assert (
        read(tmp_path, PLAIN.replace("Jörg", note).encode(encoding)).rows[0].values["note"] == note
    )


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode("utf-32"),
        PLAIN.encode("utf-16-le")[:-1],
        codecs.BOM_UTF8 + PLAIN.encode("cp1252"),
    ],
)
def test_text_in_no_known_encoding_is_one_problem(tmp_path: Path, data: bytes) -> None:
    (problem,) = read(tmp_path, data).problems
    assert "a file that cannot be read" in str(problem)
    assert "save the table as comma-separated UTF-8" in str(problem)


def test_a_guessed_encoding_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rows = read(tmp_path, PLAIN.encode("cp1252")).rows
    assert rows[0].values["note"] == "Jörg"
    assert "line 2" in caplog.text
    assert "Windows-1252" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["an empty file"]),
        (",,\n", ["an empty file"]),
        ("patient,score\n", ["no rows below the header"]),
        ("patient,SCORE,Score\n1,2,3\n", ["column score", "2 times"]),
        ("patient;score\n1;2,5\n2;3,5\n", ["row 2, column score", "decimal comma", "in 2 fields"]),
        ("patient,score\n1,2\n2,3,5\n", ["row 3", "3 fields"]),
        ('patient,score\n1,"2\n', ["cannot be read", "row 2"]),
        ("patient|score\n1|2\n", ["no such column"]),
        ("\0\0", ["cannot be read", "zero bytes"]),
    ],
)
def test_what_cannot_be_read_is_one_problem(tmp_path: Path, text: str, said: list[str]) -> None:
    lines = [str(problem) for problem in read(tmp_path, text).problems]
    assert len(lines) == (2 if "|" in text else 1), lines
    assert "table.csv" in lines[0]
    assert [words for words in said if words not in lines[0]] == []


def test_what_else_is_wrong_is_told_beside_a_missing_column(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("image_id;patient;file;visit\na b;1;a.png;1\nb;;;1,0\n")
    said = [str(problem) for problem in list_radiographs(path).problems]
    assert len(said) == 5
    for words in ("no such column", "row 2, column image_id", "row 3, column patient"):
        assert any(words in line for line in said), said
    path.write_text("Patient_ID;visit;LH_pip_E__2;LH_pip_E__3\n1;1;1,5;9\n1;1;1;1\n;1;0;0\n")
    read = read_score_table(path)
    said = [str(problem) for problem in read.problems]
    for words in ("no columns", "decimal comma", "9, which is out", "1 again", "no patient id"):
        assert any(words in line for line in said), said
    assert any("1.5, which is not whole" in line for line in said), said
    assert len(said) == 6
    assert list(read.rows) == [("1", "1")]
    path.write_text("LH_pip_E__2,Overall_Tol\n9,3\n")
    said = [str(problem) for problem in read_score_table(path).problems]
    assert sum("Patient_ID" in line for line in said) == 1
    assert any("row 2, column LH_pip_E__2" in line for line in said), said


def test_many_missing_columns_are_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("name|points\na|1\n")
    problems = read_score_table(path).problems
    assert len(problems) == 1
    assert "Patient_ID" in str(problems[0])
    assert "84 more" in str(problems[0])
    assert "the 87 columns of a RA2-DREAM score table, separated" in str(problems[0])
    assert "semicolons or tabs" in str(problems[0])


def test_a_list_with_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    cohort = make_cohort(tmp_path)
    radiographs = write_radiograph_list(cohort, (3, "file", "x" * 300 + ".jpg"))
    lines = problems_of(cohort, radiographs=radiographs)
    assert len(lines) == 1
    assert "row 3, radiograph UAB001-RH" in lines[0]


def test_a_visit_in_another_notation_and_an_umlaut_in_two_pieces(tmp_path: Path) -> None:
    (tmp_path / "Mu\u0308ller.png").write_bytes(b"x")
    (tmp_path / "list.csv").write_text(
        "image_id,patient,limb,file,visit\na,1,LH,M\u00fcller.png,1.0\nb,1,RH,b.png,\n"
    )
    first, second = list_radiographs(tmp_path / "list.csv").radiographs
    assert first.path == tmp_path / "Mu\u0308ller.png"
    assert first.visit == second.visit == "1"
    assert second.path == tmp_path / "b.png"


def test_ids_that_may_mean_one_person() -> None:
    joints = {"UAB002", "UAB003", "7", "A-1"}
    assert near_ids(
        {"joints": joints, "whole": {"uab002", "007", "UAB003", "a_01", "70", "1.2", "1_2"}}
    ) == [
        ["007", "7"],
        ["1.2", "1_2"],
        ["A-1", "a_01"],
        ["UAB002", "uab002"],
    ]
    assert near_ids({"whole": {"1-12", "11-2", "", "-"}}) == []
    groups = [
        {"UAB002": ["a.csv", "row 3"], "uab002": ["b.csv", "row 8"]},
        {"7": ["a.csv", "row 4, row 5"], "007": ["a.csv", "row 9"]},
    ]
    said = [str(problem) for problem in near_id_problems("a.csv", groups)]
    assert (
        "a.csv, row 3: found patient UAB002 (row 3) beside patient uab002 in b.csv (row" in said[0]
    )
    assert said[1].startswith(
        "a.csv, row 4, row 5; row 9: found patient 7 (row 4, row 5) beside pat"
    )
    assert in_groups(near_id_problems("a.csv", [groups[1]] * 9))[-1].endswith(
        "(And 6 more of this kind.)"
    )


def test_repeats_are_told_together() -> None:
    lacking = [
        Problem("folder", f"patient P{n}", "radiographs of LH RH only", "all", f"Add P{n}-LF.")
        for n in range(38)
    ]
    other = Problem("scores.csv", "row 3", "77", "0 to 5", "Correct it.")
    with pytest.raises(ProblemsError) as caught:
        count_set_aside({"joints": refused([*lacking, other])})
    lines = str(caught.value).splitlines()
    assert lines[0] == "39 problem(s) with the input:"
    assert len(lines) == 5
    assert "(And 35 more of this kind.)" in lines[3]
    assert "scores.csv, row 3" in lines[4]
    assert len(caught.value.problems) == 39


def test_what_is_told_together_stays_in_order() -> None:
    rows = ["no patient", "patient P1 again", "no patient", "split 'x'", "no patient", "no patient"]
    problems = [
        Finding("split.csv", f"row {number}", found, "another", "Correct it.", Scope.ENTRY)
        for number, found in enumerate(rows, 2)
    ]
    whole = Finding("split.csv", "", "no patient in test", "at least one", "Put some into test.")
    sorted_again = by_row([*reversed(problems), whole])
    assert sorted_again == [whole, *problems]
    lines = in_groups(problems)
    assert [line.split(":")[0] for line in lines] == [f"split.csv, row {n}" for n in range(2, 7)]
    assert lines[-1].endswith("(And 1 more of this kind.)")


SCORES = "Patient_ID,LH_mcp_E__ip,LH_mcp_E__1,LH_mcp_E__2,LH_mcp_E__3,LH_mcp_E__4,LH_mcp_E__5,"
SCORES += "LH_pip_E__2,LH_pip_E__3,LH_pip_E__4,LH_pip_E__5\nP1" + ",1" * 10 + "\n"
LIST = "image_id,patient,limb,file\na,P1,LH,a.jpg\n"
TOTALS = "file,svdh,age,sex\na.jpg,12,50,F\n"
BOXES = "image_id,class,joint,x_min,y_min,x_max,y_max\na,PIP,,1,1,2,2\n"
AGES = "Image ID,male,Bone Age (months)\n7,TRUE,120\n"
SPLIT = "patient,split\nP1,train\n"
OTHERS = {
    "the scores of joints": SCORES,
    "a list of radiographs": LIST,
    "joint boxes": BOXES,
    "bone ages": AGES,
    "a split of patients": SPLIT,
    "the totals of whole radiographs": TOTALS,
}
WHOLE = {"image": "file", "total": "svdh", "age": "age", "sex": "sex"}
READERS: dict[str, Callable[[Path], Sequence[Problem]]] = {
    "the scores of joints": lambda path: read_score_table(path).problems,
    "a list of radiographs": lambda path: list_radiographs(path).problems,
    "bone ages": lambda path: list_bone_age(path, path.parent, None, None).problems,
    "a split of patients": lambda path: read_own_split(path, {"P1": {"hand"}}).problems,
    "the totals of whole radiographs": lambda path: (
        list_whole_images(path, path.parent, WHOLE).problems
    ),
    "verdicts on masks": lambda path: read_verdicts(path, {"a"}).problems,
    "comments on images": lambda path: read_comments(path, {"a"}).problems,
}


@pytest.mark.parametrize("asked", READERS)
@pytest.mark.parametrize("given", OTHERS)
def test_a_table_in_anothers_place_is_told_as_that(tmp_path: Path, asked: str, given: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(OTHERS[given])
    problems = READERS[asked](path)
    said = [str(problem) for problem in problems]
    assert any("looks like" in line for line in said) == (asked != given), said
    if asked != given:
        assert len(said) == 1
        assert f"this table looks like {given}" in said[0]
        assert "Rename" not in said[0]


@pytest.mark.parametrize(
    ("reader", "table", "right", "wrong"),
    [
        (
            "a list of radiographs",
            "image_id,patient,limb,file,Vist\na,P,RH,a.png,2\n",
            "visit",
            "Vist",
        ),
        ("verdicts on masks", "image_id,good,comments\na,true,blurred\n", "comment", "comments"),
    ],
)
def test_a_misspelt_column_is_not_passed_over(
    tmp_path: Path, reader: str, table: str, right: str, wrong: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(table)
    said = "\n".join(map(str, READERS[reader](path)))
    assert f"row 1, column {right}: found no such column, but {wrong}; expected" in said
    assert f"Rename {wrong} to {right} or, " in said


@pytest.mark.parametrize("extra", ["visit_date", "note", "visitor_list", "id"])
def test_a_column_of_its_own_says_nothing_wrong(tmp_path: Path, extra: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"image_id,patient,limb,file,{extra}\na,P1,RH,a.png,2\n")
    assert not [
        str(problem) for problem in list_radiographs(path).problems if extra in str(problem)
    ]


def test_a_table_with_names_of_its_own_is_not_anothers(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("filename,svdh,patient,split\na.jpg,3,P1,train\n")
    said = [str(problem) for problem in list_whole_images(path, tmp_path, WHOLE).problems]
    assert any("no such column" in line for line in said)
    assert not any("looks like" in line for line in said)
    path.write_text(SCORES.replace("LH_pip_E__5", "LH_pip_E_5"))
    said = [str(problem) for problem in read_score_table(path).problems]
    assert any("Rename LH_pip_E_5 to LH_pip_E__5" in line for line in said)
