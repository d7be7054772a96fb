"""A split that the user made is judged with everything else, and wrong rows are set aside."""

from pathlib import Path

import pandas as pd
import pytest

from sharpflow.cohorts.lasting_splits import EarlierSplit
from sharpflow.cohorts.own_split import OwnSplit, read_own_split, split_patients_of
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.sampled_split import SampledSplit
from sharpflow.errors import in_groups

from .joint_cohort import PATIENTS, assert_named, check, edit_scores, make_cohort, problems_of

HANDS = {patient: {"hand"} for patient in "abcd"}


def read(folder: Path, text: str, patients: str = "abc", unscored: str = "") -> OwnSplit:
    (folder / "split.csv").write_text(text)
    known = {patient: HANDS[patient] for patient in patients}
    return read_own_split(folder / "split.csv", known, set(unscored))


def test_a_split_by_a_spreadsheet(tmp_path: Path) -> None:
    split = read(tmp_path, "\nPatient;Split;;\nc;Train;;\n\na;VALIDATION;;\nb;test;;\n")
    assert not split.problems
    assert split.parts == {"c": "train", "a": "validation", "b": "test"}


def test_all_that_is_wrong_with_a_split(tmp_path: Path) -> None:
    rows = "a,train\na,Train\nb,tst\nx,test\n,test\nb,test\n"
    split = read(tmp_path, f"patient,split\n{rows}", "abcd")
    assert [(p.where, p.found, p.set_aside) for p in split.problems] == [
        ("row 3", "patient a again", "entry row 3"),
        ("row 4", "split 'tst'", "patient b"),
        ("row 5", "patient x", "entry row 5"),
        ("row 6", "no patient", "entry row 6"),
        ("row 7", "patient b again", "patient b"),
        ("", "no row for patient c", "patient c"),
        ("", "no row for patient d", "patient d"),
        ("", "no patient in validation", "cohort"),
        ("", "no patient in test", "cohort"),
    ]
    assert split.parts == {"a": "train"}
    for text, said in (("patient\na\n", "column split"), ("id,split\na,tst\n", "column patient")):
        found = [str(problem) for problem in read(tmp_path, text, "a").problems]
        assert said in found[0]
        assert ("split 'tst'" in str(found)) == ("tst" in text)


def test_a_patient_in_another_spelling_has_one_row_and_one_advice(tmp_path: Path) -> None:
    own = tmp_path / "split.csv"
    known = {patient: {"hand"} for patient in ("P05", "P06", "P07")}
    own.write_text("patient,split\nP06,train\np05,test\nP07,validation\n")
    (problem,) = read_own_split(own, known).problems
    assert str(problem).startswith(f"{own}, row 3: found patient p05, whom the cohort calls P05")
    assert problem.remedy == "Correct the id to P05."
    assert problem.set_aside == "patient P05"
    own.write_text("patient,split\nP06,train\np05,test\nP07,validation\nP 05,train\nU-1,test\n")
    problems = read_own_split(own, known, {"u1"}).problems
    assert [(p.where, p.remedy, p.set_aside) for p in problems] == [
        ("row 3", "Correct the id to P05.", "patient P05"),
        ("row 5", "Delete this row or row 3.", "patient P05"),
        ("row 6", "Correct the id to u1.", "entry row 6"),
    ]
    own.write_text("patient,split\nP06,train\np05,test\nP07,validation\nP05,test\n")
    (problem,) = read_own_split(own, known).problems
    assert problem.remedy == "Delete the row."


def test_a_split_needs_no_row_of_unscored_patients(tmp_path: Path) -> None:
    split = read(tmp_path, "patient,split\na,train\nb,validation\nc,test\nu,test\n", unscored="uv")
    assert not split.problems
    assert split.parts == {"a": "train", "b": "validation", "c": "test"}


def test_a_part_without_a_body_part_that_others_have(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("patient,split\na,train\nb,validation\nc,test\n")
    known = {"a": {"hand", "foot"}, "b": {"hand"}, "c": {"hand", "foot"}}
    (problem,) = read_own_split(tmp_path / "split.csv", known).problems
    assert "of 2 patients with a radiograph of a foot, none is in the part validation" in str(
        problem
    )


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path)


def test_a_split_is_judged_with_the_rest_of_the_cohort(cohort: Path) -> None:
    own = cohort / "split.csv"
    parts = ("train", "validation", "test")
    lines = [f"{patient},{part}" for patient, part in zip(PATIENTS, parts, strict=True)]
    own.write_text("\n".join(["patient,split", *lines]))
    assert check(cohort, own_split=own).problems.empty
    (cohort / "boxes" / "UAB001-LH.xml").write_text("")
    own.write_text("\n".join(["patient,split", *lines, "UAB009,test"]))
    said = problems_of(cohort, own_split=own)
    assert len(said) == 2
    assert_named(said, "split.csv, row 5", "patient UAB009", "Delete the row")
    kept = check(cohort, own_split=own, on_problem="set_aside")
    assert set(kept.radiographs["patient"]) == set(PATIENTS)
    assert sorted(kept.problems["set_aside"]) == ["boxes UAB001-LH", "entry row 5"]
    edit_scores(cohort, 2, "LH_pip_E__2", "9")
    said = problems_of(cohort, own_split=own, on_problem="set_aside")
    assert len(said) == 4
    assert_named(said, "split.csv", "no patient in train")  # who was there is set aside
    near = [{"UAB001": ["radiographs", "row 2"], "uab1": ["labels.csv", "row 7, row 9"]}]
    assert_named(
        problems_of(cohort, near_ids=near),
        "patient UAB001 in radiographs (row 2)",
        "patient uab1 in labels.csv (row 7, row 9)",
    )


def test_repeats_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("patient,split\n")
    problems = read_own_split(
        tmp_path / "split.csv", dict.fromkeys("abcdefghi", ("hand",))
    ).problems
    assert len(problems) == 12
    lines = in_groups(problems)
    assert lines[2].endswith("(And 6 more of this kind.)")
    assert len(lines) == 6


def test_a_sampled_split_is_judged_with_the_cohort(cohort: Path) -> None:
    """Else the rule that samples it would fail, after all else that the check had found."""
    asked = {"test": 0.3, "validation": 0.3, "random_state": 1}
    sampled = SampledSplit(asked)
    assert check(cohort, sampled_split=sampled).problems.empty
    for path in [*cohort.glob("*/UAB001-?F.*"), *cohort.glob("*/UAB002-?F.*")]:
        path.unlink()
    for on_problem in ("stop", "set_aside"):
        said = problems_of(
            cohort, sampled_split=sampled, require_all_limbs=False, on_problem=on_problem
        )
        assert len(said) == 2
        assert_named(said, "radiographs: found of 1 patient with a radiograph of a foot, none is")
        assert_named(said, "change split: random_state")
    for path in cohort.glob("*/*F.*"):
        path.unlink()
    for path in cohort.glob("*/UAB003-*"):
        path.unlink()
    table = pd.read_csv(cohort / "scores.csv", dtype=str)
    table[table["Patient_ID"] != "UAB003"].to_csv(cohort / "scores.csv", index=False)
    (said,) = problems_of(cohort, sampled_split=sampled, require_all_limbs=False)
    assert "no possible split (2 patients cannot be split" in said


def test_a_patient_keeps_an_earlier_part_where_the_split_is_judged(cohort: Path) -> None:
    asked = {"test": 0.3, "validation": 0.3, "random_state": 1}
    earlier = EarlierSplit(dict.fromkeys(PATIENTS, "train"), dealt_by=asked)
    (said,) = problems_of(cohort, sampled_split=SampledSplit(asked, earlier))
    assert "3 patients, of whom 3 keep their split, leave none for validation and test" in said


def test_who_is_split_is_who_is_scored(cohort: Path) -> None:
    listed = list_radiographs(cohort / "radiographs").radiographs
    split, others = split_patients_of(listed, {("UAB003", "1")})
    assert split == {"UAB001": {"hand", "foot"}, "UAB002": {"hand", "foot"}}
    assert others == {"UAB003"}
