"""Verdicts on masks and comments on images: judged by the check, and used without wrong rows."""

from pathlib import Path

import pytest

from sharpflow.cohorts.said_of_images import read_comments, read_verdicts

from .joint_cohort import assert_named, check, make_cohort, problems_of

KNOWN = {"A-LH", "A-RH", "B-LH"}


def test_verdicts_in_all_their_words(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_bytes(
        "Image_ID;GOOD;comment\r\nA-LH;Yes;\r\nA-RH;0;naß\r\nB-LH;TRUE\r\n".encode("utf-16")
    )
    verdicts = read_verdicts(path, KNOWN)
    assert [str(problem) for problem in verdicts.problems] == [
        f"{path}, row 4: found 2 fields; expected 3, as in the header. Correct the row: a "
        "semicolon is missing, or is there too often."
    ]
    assert verdicts.by_image == {"A-LH": True, "A-RH": False}
    path.write_text("image_id,good\n")
    assert not read_verdicts(path, KNOWN).problems


@pytest.mark.parametrize(
    ("rows", "where", "said"),
    [
        ("A-LX,true", "row 3, column image_id", "image A-LX; expected an image of the cohort"),
        ("A-RH,false", "row 3, column image_id", "image A-RH again; expected each image once"),
        ("A-LH,perhaps", "row 3, column good", "'perhaps'; expected true or false"),
        ("A-LH,", "row 3, column good", "nothing; expected true or false"),
        (",true", "row 3, column image_id", "no id"),
    ],
)
def test_a_wrong_verdict_is_named_and_left_out(
    tmp_path: Path, rows: str, where: str, said: str
) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(f"image_id,good\nA-RH,true\n{rows}\n")
    verdicts = read_verdicts(path, KNOWN)
    (problem,) = verdicts.problems
    assert problem.where == where
    assert said in str(problem)
    assert problem.set_aside == "entry row 3"
    assert verdicts.by_image == {"A-RH": True}


def test_comments_and_columns_that_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text('image_id,comment\nA-LH,"Sound, but old"\nA-LX,x\n')
    comments = read_comments(path, KNOWN)
    assert comments.by_image == {"A-LH": "Sound, but old"}
    assert "the nearest is A-LH" in str(comments.problems[0])
    assert read_comments(path).problems == []
    path.write_text("image_id,text\nA-LX,x\n")
    said = [str(problem) for problem in read_comments(path, KNOWN).problems]
    assert_named(said, "row 1, column comment", "no such column")
    assert_named(said, "row 2", "image A-LX")


def test_verdicts_are_judged_with_the_cohort(tmp_path: Path) -> None:
    cohort = make_cohort(tmp_path)
    verdicts = cohort / "verdicts.csv"
    verdicts.write_text("image_id,good\nUAB001-LH,true\n")
    assert check(cohort, verdicts=verdicts).problems.empty
    verdicts.write_text("image_id,good\nUAB001-LH,true\nUAB009-LH,true\n")
    (line,) = problems_of(cohort, verdicts=verdicts)
    assert "verdicts.csv, row 3" in line
    kept = check(cohort, verdicts=verdicts, on_problem="set_aside")
    assert kept.problems["set_aside"].tolist() == ["entry row 3"]
    assert len(kept.radiographs) == 12
