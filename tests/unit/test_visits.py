"""Several visits of a patient: how they are named, scored and summed; visits without scores."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import HAND_JOINTS, Damage, score_columns
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.scores import read_score_table, write_scores
from sharpflow.cohorts.splits import every_joint
from sharpflow.evaluation.compared_patients import compare_patients
from sharpflow.joints.scoring.heads import join_scores
from sharpflow.joints.scoring.scores import has_score, score_joints, total_scores

from .joint_cohort import PATIENTS, assert_named, check, make_cohort, problems_of

SITES = [(limb, site.name, str(damage)) for limb, site, damage in score_columns().values()]


def long_scores(scores: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Every site of a visit has the same score."""
    rows = [(*visit, *site, score) for visit, score in scores.items() for site in SITES]
    return pd.DataFrame(rows, columns=["patient", "visit", "limb", "joint", "damage", "score"])


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Three patients with a score of 1 at every site."""
    return make_cohort(tmp_path)


def second_visit(cohort: Path, patient: str, visit: str = "2") -> None:
    """Add radiographs of a visit, which differ from those of the first."""
    for path in sorted((cohort / "radiographs").glob(f"{patient}-*.jpg")):
        name = path.name.replace(patient, f"{patient}@{visit}")
        new = path.with_name(name)
        shutil.copy(path, new)
        from PIL import Image

        image = np.asarray(Image.open(path))
        Image.fromarray(np.roll(255 - image, int(visit), 0)).save(new)


def test_a_files_name_may_name_the_visit(tmp_path: Path) -> None:
    for name in ("a-b-LH", "a-b@2-LH", "a-b@2019-03-RF", "a_v2-LH"):
        (tmp_path / f"{name}.jpg").touch()
    found = list_radiographs(tmp_path)
    assert not found.problems
    assert [(r.image_id, r.patient, r.visit, r.limb) for r in found.radiographs] == [
        ("a-b-LH", "a-b", "1", "LH"),
        ("a-b@2-LH", "a-b", "2", "LH"),
        ("a-b@2019-03-RF", "a-b", "2019-03", "RF"),
        ("a_v2-LH", "a_v2", "1", "LH"),
    ]
    (tmp_path / "a-b@1-LH.jpg").touch()
    (tmp_path / "a@1@2-LH.jpg").touch()
    said = [str(problem) for problem in list_radiographs(tmp_path).problems]
    assert_named(said, "a@1@2-LH", "<patient>@<visit>-<limb>")
    assert_named(said, "LH of patient a-b, visit 1, again")  # no name is of visit 1


def test_scores_of_visits_come_back(tmp_path: Path) -> None:
    long = long_scores({("b", "1"): 0, ("a", "2"): 3, ("a", "1"): 2})
    path = tmp_path / "scores.csv"
    write_scores(path, long)
    header, *rows = path.read_text().splitlines()
    assert header.startswith("Patient_ID,visit,Overall_Tol")
    assert [row.split(",")[:3] for row in rows] == [
        *(["a", "1", "172"], ["a", "2", "258"]),
        ["b", "1", "0"],
    ]
    path.write_text("\n".join([header.replace("visit", "Visit"), *rows]))
    read = read_score_table(path)
    assert not read.problems
    totals = read.scores.groupby(["patient", "visit"])["score"].sum()
    assert totals.to_dict() == {("a", "1"): 172, ("a", "2"): 258, ("b", "1"): 0}


def test_a_row_without_a_visit_is_of_the_patients_only_one(tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.csv", long_scores({("a", "1"): 1, ("b", "1"): 1}))
    read = read_score_table(tmp_path / "scores.csv", {"b": "baseline"})
    assert list(read.rows) == [("a", "1"), ("b", "baseline")]


def test_a_visit_that_a_spreadsheet_wrote_with_a_point_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_scores(path, long_scores({("a", "1"): 0, ("a", "2"): 1}))
    path.write_text(path.read_text().replace("a,2,", "a,2.0,"))
    assert list(read_score_table(path).rows) == [("a", "1"), ("a", "2")]


def test_two_visits_of_a_patient_are_kept_apart(cohort: Path) -> None:
    second_visit(cohort, "UAB002")
    scores = {(patient, "1"): 1 for patient in PATIENTS} | {("UAB002", "2"): 3}
    write_scores(cohort / "scores.csv", long_scores(scores))
    checked = check(cohort)
    assert checked.summary() == "16 radiographs of 3 patients, 4 visits"
    assert checked.unscored.empty
    assert checked.scores.groupby(["patient", "visit"])["score"].first().to_dict() == scores


def test_a_table_that_does_not_say_which_visit_was_scored(cohort: Path) -> None:
    second_visit(cohort, "UAB002")
    lines = problems_of(cohort)
    assert len(lines) == 1
    assert_named(
        lines, "scores.csv, row 3, column visit", "UAB002", "visits 1, 2", "Add the column"
    )


def test_a_visit_that_has_no_radiograph(cohort: Path) -> None:
    scores = {(patient, "1"): 1 for patient in PATIENTS} | {("UAB003", "2"): 3}
    write_scores(cohort / "scores.csv", long_scores(scores))
    assert_named(problems_of(cohort), "row 5, column visit", "unknown visit 2 of patient UAB003")


def test_what_is_wrong_of_a_visit_leaves_the_patients_others(cohort: Path) -> None:
    for visit in ("2", "3"):
        second_visit(cohort, "UAB002", visit)
    second_visit(cohort, "UAB001")
    scores = {(patient, "1"): 1 for patient in PATIENTS}
    scores |= {("UAB002", "2"): 1, ("UAB002", "9"): 1, ("UAB099", "1"): 1}
    long = long_scores(scores)
    write_scores(cohort / "scores.csv", long)
    # Visit 2 has a wrong score, visit 9 no radiographs, visit 3 and UAB001's second no scores.
    table = pd.read_csv(cohort / "scores.csv", dtype=str)
    of_second = (table["Patient_ID"] == "UAB002") & (table["visit"] == "2")
    table.loc[of_second, "LH_pip_E__2"] = "77"
    table.to_csv(cohort / "scores.csv", index=False)
    assert len(problems_of(cohort)) == 3
    kept = check(cohort, on_problem="set_aside")
    visits = {tuple(row) for row in kept.radiographs[["patient", "visit"]].to_numpy()}
    assert visits == {(patient, "1") for patient in PATIENTS}
    assert set(kept.scores.groupby(["patient", "visit"]).groups) == visits
    unscored = kept.unscored[["patient", "visit"]].drop_duplicates().to_numpy().tolist()
    assert sorted(unscored) == [["UAB001", "2"], ["UAB002", "3"]]
    assert sorted(kept.problems["set_aside"]) == [
        "visit 1 of patient UAB099",
        "visit 2 of patient UAB002",
        "visit 9 of patient UAB002",
    ]


def test_radiographs_without_scores_are_predicted_only(cohort: Path) -> None:
    second_visit(cohort, "UAB001")
    scores = {(patient, "1"): 1 for patient in PATIENTS[:2]}
    write_scores(cohort / "scores.csv", long_scores(scores | {("UAB002", "2"): 1}))
    second_visit(cohort, "UAB002")
    # UAB003 was written down in advance, and nobody has scored it; UAB001's visit has no row.
    blank = cohort / "scores.csv"
    blank.write_text(blank.read_text() + "UAB003,1" + 89 * "," + "\n")
    checked = check(cohort)
    assert set(checked.radiographs["image_id"]) == {
        f"{name}-{limb}"
        for name in ("UAB001", "UAB002", "UAB002@2")
        for limb in ("LH", "RH", "LF", "RF")
    }
    assert set(checked.unscored["patient"]) == {"UAB001", "UAB003"}
    assert checked.summary() == (
        "12 radiographs of 2 patients, 3 visits; 8 radiographs of 2 patients have no scores: "
        "predicted only"
    )
    assert set(checked.boxes["image_id"]) <= set(checked.radiographs["image_id"])


def test_without_a_single_match_missing_scores_are_problems(cohort: Path) -> None:
    scores = cohort / "scores.csv"
    scores.write_text(scores.read_text().replace("UAB", "uab"))
    lines = problems_of(cohort)
    assert len(lines) == 3  # each pair of ids once
    assert_named(lines, "unknown patient uab001", "which has UAB001")
    scores.write_text(scores.read_text().replace("uab", "other"))
    lines = problems_of(cohort)
    assert len(lines) == 6
    assert_named(lines, "no row for patient UAB001")
    assert_named(lines, "unknown patient other001")


def hand_of_two_visits() -> pd.DataFrame:
    return pd.DataFrame(
        {"image_id": ["P1-LH", "P1@2-LH"], "patient": "P1", "visit": ["1", "2"], "limb": "LH"}
    )


def test_joints_and_totals_are_of_their_visit() -> None:
    radiographs = hand_of_two_visits()
    due = every_joint(radiographs)
    box = {"confidence": 0.9, "x_min": 0.0, "y_min": 0.0, "x_max": 1.0, "y_max": 1.0}
    scores = long_scores({("P1", "1"): 1, ("P1", "2"): 3})
    predictions = {
        f"{damage.value}-hand": due[has_score(due, damage)].assign(
            predicted=lambda table: table["visit"].astype(int)
        )
        for damage in Damage
    }
    table = score_joints(due, due[["image_id", "joint"]].assign(**box), predictions, scores)
    assert len(table) == 2 * len(HAND_JOINTS)
    totals = total_scores(table)
    assert list(totals.columns[:2]) == ["patient", "visit"]
    # 10 joints with erosion and 9 with narrowing
    assert totals["visit"].tolist() == ["1", "2"]
    assert totals["total_true"].tolist() == [19, 57]
    assert totals["total_predicted"].tolist() == [19, 38]
    assert totals["joints_expected"].tolist() == [10, 10]
    unscored = score_joints(
        due, due[["image_id", "joint"]].assign(**box), predictions, scores.iloc[:0]
    )
    assert total_scores(unscored)["total_true"].isna().all()
    assert total_scores(unscored)["total_predicted"].tolist() == [19, 38]


def test_a_crop_learns_the_score_of_its_visit() -> None:
    crops = every_joint(hand_of_two_visits()).assign(split="train")
    scores = long_scores({("P1", "2"): 3, ("P1", "1"): 1})
    joined = join_scores(crops, np.zeros((20, 512), np.float32), scores, Damage.EROSION)
    assert joined.scores.tolist() == [1] * 10 + [3] * 10


def test_pipelines_are_compared_visit_by_visit() -> None:
    patients = [f"P{number}" for number in range(6)]
    visits = [(patient, visit) for patient in patients for visit in ("1", "2")]
    scores = long_scores({visit: number % 4 for number, visit in enumerate(visits)})
    split = pd.DataFrame({"patient": patients, "split": ["train"] * 4 + ["test"] * 2})
    whole = pd.DataFrame(visits, columns=["patient", "visit"]).merge(split, on="patient")
    whole = whole.assign(image_id=whole["patient"] + whole["visit"], predicted=7.0)
    whole["true"] = 70.0 * (whole.index % 4)
    joints = scores[scores["limb"].isin(["LH", "RH"]) & (scores["damage"] == "erosion")]
    joints = joints.rename(columns={"score": "erosion_predicted"})
    joints["narrowing_predicted"] = joints["erosion_predicted"]
    found = compare_patients(joints, whole.drop(index=[11]), scores, split)
    assert found.n_fitted == 8
    assert found.table[["patient", "visit", "true_joints"]].to_numpy().tolist() == [
        ["P4", "1", 0.0],
        ["P4", "2", 38.0],
        ["P5", "1", 76.0],
    ]
