"""Wrong cohorts: all problems are listed at once, or what has one is set aside."""

from pathlib import Path

import pytest

from sharpflow.cohorts.set_aside import PROBLEM_TABLE, count_set_aside, refused
from sharpflow.errors import Problem, ProblemsError
from sharpflow.files import read_table, write_table

from .joint_cohort import (
    LABEL,
    assert_named,
    check,
    edit_label,
    edit_scores,
    make_cohort,
    problems_of,
    write_radiograph_list,
)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path)


def test_a_cohort_without_fault_passes(cohort: Path) -> None:
    for radiographs in (cohort / "radiographs", write_radiograph_list(cohort)):
        checked = check(cohort, radiographs=radiographs, workers=2)
        assert len(checked.radiographs) == len(checked.boxes) == 12
        assert len(checked.scores) == 3 * 86
        assert checked.problems.empty


@pytest.mark.parametrize("name", ["radiographs", "scores.csv", "boxes"])
def test_path_that_leads_nowhere(cohort: Path, name: str) -> None:
    (cohort / name).rename(cohort / "elsewhere")
    for on_problem in ("stop", "set_aside"):
        lines = problems_of(cohort, on_problem=on_problem)
        assert_named(lines, str(cohort / name), "Correct the path")
        assert len(lines) == 1


def test_all_problems_are_listed_at_once(cohort: Path) -> None:
    (cohort / "radiographs" / "UAB001-LH.jpg").write_bytes(b"")
    (cohort / "radiographs" / "UAB001-RF.jpg").unlink()
    edit_scores(cohort, 3, "LH_pip_E__2", "9")
    edit_scores(cohort, 4, "Patient_ID", "UAB004")
    edit_label(cohort, "<name>PIP", "<name>MTP")
    lines = problems_of(cohort)
    for words in (
        ("UAB001-LH.jpg", "empty"),
        ("UAB001", "LH RH LF only"),
        ("LH_pip_E__2", "out of range"),
        ("unknown patient UAB004",),
        (LABEL, "class 'MTP', which a foot has, on a hand"),
        ("UAB001-RF.xml", "not a radiograph"),
    ):
        assert_named(lines, *words)
    assert len(lines) == 6


def test_what_is_set_aside_is_told(cohort: Path) -> None:
    (cohort / "radiographs" / "UAB001-LH.jpg").write_bytes(b"")
    edit_label(cohort, "<name>PIP", "<name>MTP")
    kept = check(cohort, on_problem="set_aside", require_all_limbs=False)
    assert "UAB001-LH" not in set(kept.radiographs["image_id"]) | set(kept.boxes["image_id"])
    assert len(kept.radiographs) == 11
    assert len(kept.boxes) == 10
    of_patient = kept.scores[kept.scores["patient"] == "UAB001"]
    assert sorted(of_patient["limb"].unique()) == ["LF", "RF", "RH"]
    assert sorted(kept.problems["set_aside"]) == ["boxes UAB002-LH", "radiograph UAB001-LH"]

    whole = check(cohort, on_problem="set_aside", require_all_limbs=True)
    assert set(whole.radiographs["patient"]) == set(whole.scores["patient"]) == {"UAB002", "UAB003"}
    assert "radiograph UAB001-LH and with it visit 1 of patient UAB001" in set(
        whole.problems["set_aside"]
    )


def test_a_patient_with_a_wrong_score_is_set_aside(cohort: Path) -> None:
    edit_scores(cohort, 3, "LH_pip_E__2", "9")
    kept = check(cohort, on_problem="set_aside")
    assert set(kept.radiographs["patient"]) == set(kept.scores["patient"]) == {"UAB001", "UAB003"}
    assert not kept.boxes["image_id"].str.startswith("UAB002").any()
    assert kept.problems["set_aside"].tolist() == ["visit 1 of patient UAB002"]


def test_a_cohort_of_which_nothing_is_left_stops(cohort: Path) -> None:
    assert len(problems_of(cohort, max_pixels=10, on_problem="set_aside")) == 12


def test_what_cannot_be_set_aside_stops_the_run_with_the_problems_of_all_cohorts() -> None:
    wrong = Problem("scores.csv", "row 3", "77", "0 to 5", "Correct it.")
    aside = refused([wrong]).assign(set_aside="patient UAB002")
    none = refused([])
    counts = count_set_aside({"joints": aside, "whole_image": none})
    assert counts.to_numpy().tolist() == [["joints", 1], ["whole_image", 0]]
    other = Problem("labels.csv", "", "281", "0 to 280", "Correct it.")
    with pytest.raises(ProblemsError) as caught:
        count_set_aside(
            {"joints": refused([wrong]), "bone_age": aside, "whole_image": refused([other])}
        )
    assert caught.value.problems == [wrong, other]


def test_problems_are_the_same_from_a_file(tmp_path: Path) -> None:
    wrong = Problem("scores.csv", "", "007", "0 to 5", "NA")
    write_table(refused([wrong]), tmp_path / "problems.csv")
    table = read_table(tmp_path / "problems.csv", **dict.fromkeys(PROBLEM_TABLE, str))
    with pytest.raises(ProblemsError) as caught:
        count_set_aside({"joints": table})
    assert caught.value.problems == [wrong]
