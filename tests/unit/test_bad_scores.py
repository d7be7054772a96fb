"""Wrong score tables: the message names file, row, column and remedy."""

from pathlib import Path

import pandas as pd
import pytest

from sharpflow.cohorts.check_joint_cohort import check_joint_cohort
from sharpflow.cohorts.scores import SUMS, read_score_table

from .joint_cohort import (
    assert_named,
    check,
    edit_scores,
    make_cohort,
    problems_of,
    write_radiograph_list,
)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path)


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


def test_sums_may_be_missing(cohort: Path) -> None:
    table = pd.read_csv(cohort / "scores.csv").drop(columns=["Overall_Tol", "Overall_erosion"])
    table.to_csv(cohort / "scores.csv", index=False)
    assert len(check(cohort).scores) == 3 * 86
    edit_scores(cohort, 4, "Overall_narrowing", "1")
    assert_named(problems_of(cohort), "row 4", "Overall_narrowing", "Correct the sum")


def test_row_with_a_field_too_few(cohort: Path) -> None:
    path = cohort / "scores.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2].rsplit(",", 1)[0], *lines[3:]]))
    assert_named(problems_of(cohort), "scores.csv, row 3", "89 fields", "90", "Correct the row")


def test_unknown_patient(cohort: Path) -> None:
    edit_scores(cohort, 3, "Patient_ID", "UAB999")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(
        lines, "scores.csv, row 3", "unknown patient UAB999", "Correct the id", "scores are UAB002"
    )
    edit_scores(cohort, 2, "Patient_ID", "UAB998")
    lines = problems_of(cohort)
    assert len(lines) == 4
    assert_named(lines, "scores.csv, row 2", "unknown patient UAB998")
    assert_named(lines, "scores.csv", "no row for patient UAB002", "Add the patient's row")


def test_a_patient_in_another_spelling_is_told_the_nearest(cohort: Path) -> None:
    edit_scores(cohort, 3, "Patient_ID", "uab_2")
    assert_named(problems_of(cohort), "unknown patient uab_2", "which has UAB002")


def test_most_patients_in_another_spelling_are_told_once_each(cohort: Path) -> None:
    edit_scores(cohort, 2, "Patient_ID", "uab1")
    edit_scores(cohort, 3, "Patient_ID", "uab_2")
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert_named(lines, "row 2", "unknown patient uab1", "which has UAB001 (UAB001-LF.jpg, ")
    assert_named(lines, "row 3", "unknown patient uab_2", "which has UAB002 (UAB002-LF.jpg, ")
    radiographs = write_radiograph_list(cohort)
    lines = problems_of(cohort, radiographs=radiographs)
    assert_named(
        lines, "row 3", str(radiographs), "which has UAB002 (row 6, row 7, row 8 and 1 more"
    )
    kept = check(cohort, on_problem="set_aside")
    assert set(kept.radiographs["patient"]) == set(kept.scores["patient"]) == {"UAB003"}


def test_scores_as_another_spreadsheet_writes_them(cohort: Path) -> None:
    path = cohort / "scores.csv"
    edit_scores(cohort, 3, "LH_pip_E__2", "1.0")
    path.write_text(path.read_text().replace(",", ";").replace("Patient_ID", " patient_id "))
    assert len(check(cohort).scores) == 3 * 86
    path.write_text(path.read_text().replace("1.0", "1,0"))
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "row 3", "decimal comma", "decimal points")


def test_patient_twice(cohort: Path) -> None:
    path = cohort / "scores.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(lines, "scores.csv, row 5", "UAB001 again", "first in row 2", "Delete the wrong")


def test_a_table_of_hands_needs_no_columns_of_feet(cohort: Path) -> None:
    table = pd.read_csv(cohort / "scores.csv")
    table = table[[name for name in table if not name.startswith(("LF_", "RF_"))]].copy()
    for name, part in zip(SUMS, ("H_", "_E__", "_J__"), strict=True):
        sites = [column for column in table if column[1:3] == "H_" and part in column]
        table[name] = table[sites].sum(axis=1)
    table.to_csv(cohort / "scores.csv", index=False)
    for left_out, number in ((["RH_wrist_J__radcar"], 66), ([*SUMS, "RH_wrist_J__radcar"], 63)):
        table.drop(columns=left_out).to_csv(cohort / "short.csv", index=False)
        said = [str(problem) for problem in read_score_table(cohort / "short.csv").problems]
        expected = f"the {number} columns of a RA2-DREAM score table of LH, RH."
        assert_named(said, "column RH_wrist_J__radcar", expected)
    (cohort / "short.csv").write_text(",".join(table.columns) + "\n")
    (said,) = read_score_table(cohort / "short.csv").problems
    assert "no rows below the header; expected the 66 columns" in str(said)
    lines = problems_of(cohort)
    assert len(lines) == 2
    assert_named(lines, "scores.csv", "columns LF_", "no score of LF", "radiographs out")
    for foot in (*(cohort / "radiographs").glob("*F.*"), *(cohort / "boxes").glob("*F.*")):
        foot.unlink()
    hands = check_joint_cohort(
        cohort / "radiographs", cohort / "scores.csv", None, require_all_limbs=False
    )
    assert set(hands.scores["limb"]) == {"LH", "RH"}
