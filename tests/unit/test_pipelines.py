"""Both pipelines on the same patients: who is compared, on which scale, and which is better."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress

from sharpflow.anatomy import ALL_SITES, HAND_JOINTS, MAX_SCORE, BodyPart, Damage, scored_joints
from sharpflow.errors import UserError
from sharpflow.evaluation.compared_patients import (
    FINGER_SITES,
    MAX_FINGER_SUM,
    ComparedPatients,
    compare_patients,
    finger_line,
)
from sharpflow.evaluation.pipelines import pipelines_table
from sharpflow.files import read_table, write_table
from sharpflow.reporting.pipelines_figure import draw_pipelines
from sharpflow.reporting.pipelines_table import publish_pipelines
from sharpflow.reporting.style import save

HAND = BodyPart.HAND
PATIENTS = [f"P{number:02}" for number in range(60)]
SPLIT = pd.DataFrame(
    {"patient": PATIENTS, "split": ["train"] * 30 + ["validation"] * 6 + ["test"] * 24}
)


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    generator = np.random.default_rng(4)
    rows = []
    for patient in PATIENTS:
        severity = min(generator.gamma(0.8, 0.2), 0.9)
        rows += [
            (patient, "1", limb, site.name, damage.value, generator.binomial(most, severity))
            for limb in ("LH", "RH")
            for site in ALL_SITES[HAND]
            for damage in Damage
            if site.column(damage)
            for most in [MAX_SCORE[HAND, damage]]
        ]
        rows.append((patient, "1", "LF", "MTP1", "erosion", 10))  # feet do not count
    return pd.DataFrame(rows, columns=["patient", "visit", "limb", "joint", "damage", "score"])


@pytest.fixture(scope="module")
def joints(scores: pd.DataFrame) -> pd.DataFrame:
    """A joint pipeline that makes no mistake."""
    true = scores.set_index(["patient", "limb", "joint", "damage"])["score"]
    rows = [
        (
            patient,
            "1",
            limb,
            joint.name,
            *(true.get((patient, limb, joint.name, damage.value)) for damage in Damage),
        )
        for patient in SPLIT.loc[SPLIT["split"] == "test", "patient"]
        for limb in ("LH", "RH")
        for joint in HAND_JOINTS
    ]
    rows.append(("P40", "1", "LF", "IP", 10, 4))
    columns = ["patient", "visit", "limb", "joint", "erosion_predicted", "narrowing_predicted"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"erosion_predicted": "Int64", "narrowing_predicted": "Int64"})


@pytest.fixture(scope="module")
def whole(scores: pd.DataFrame) -> pd.DataFrame:
    hands = scores[scores["limb"].isin(["LH", "RH"])]
    totals = hands.groupby("patient")["score"].sum().reindex(PATIENTS).to_numpy(float)
    error = np.random.default_rng(8).normal(0, 30, len(PATIENTS))
    images = [f"{patient}-both" for patient in PATIENTS]
    columns = {"patient": PATIENTS, "visit": "1", "split": SPLIT["split"], "true": totals}
    return pd.DataFrame({"image_id": images, **columns, "predicted": totals + error})


@pytest.fixture(scope="module")
def compared(joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame) -> ComparedPatients:
    return compare_patients(joints, whole, scores, SPLIT)


def finger_sums(scores: pd.DataFrame) -> "pd.Series[int]":
    names = {
        (joint.name, damage.value) for damage in Damage for joint in scored_joints(HAND, damage)
    }
    keys = zip(scores["joint"], scores["damage"], strict=True)
    fingers = np.array([key in names for key in keys]) & scores["limb"].isin(["LH", "RH"])
    return scores[fingers].groupby("patient")["score"].sum()


def test_finger_sites_are_those_of_both_hands_without_wrists() -> None:
    assert len(FINGER_SITES) == 2 * (10 + 9)
    assert MAX_FINGER_SUM == 2 * (10 * 5 + 9 * 4) == 172
    assert ("LH", "lunate", "erosion") not in FINGER_SITES
    assert ("LH", "IP", "narrowing") not in FINGER_SITES


def test_line_is_fitted_on_the_true_values_of_training_patients(
    compared: ComparedPatients, scores: pd.DataFrame, whole: pd.DataFrame
) -> None:
    training = PATIENTS[:30]
    totals = whole.set_index("patient")["true"]
    line = linregress(finger_sums(scores)[training], totals[training])
    assert compared.n_fitted == 30
    assert compared.slope == pytest.approx(line.slope)
    assert compared.intercept == pytest.approx(line.intercept)


def test_test_patients_do_not_move_the_line(
    joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame, compared: ComparedPatients
) -> None:
    tested = whole["split"] == "test"
    wild = whole.assign(true=whole["true"].where(~tested, 280 - whole["true"]))
    found = compare_patients(joints, wild, scores, SPLIT)
    assert (found.slope, found.intercept) == (compared.slope, compared.intercept)


def test_perfect_joint_scores_leave_only_the_wrists(compared: ComparedPatients) -> None:
    table = compared.table
    assert table["patient"].tolist() == PATIENTS[36:]
    assert (table["predicted_joints"] == table["true_joints"]).all()
    assert (table["share_scored"] == 1).all()
    assert (table["joint_total"] == table["true_joint_total"]).all()
    found = pipelines_table(compared, data="phantom", seed=0, resamples=200)
    overall = found[found["third"] == "all"].set_index("pipeline")
    assert overall.loc["joint-sum", ["mae", "bias"]].tolist() == [0, 0]
    assert overall.loc["joint-sum", "pcc"] == pytest.approx(1)
    assert overall.loc["joint-total", "mae"] == overall.loc["true-joint-total", "mae"] > 0


def test_a_sum_is_scaled_up_for_joints_not_found(
    joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    lost = joints.copy()
    row = (lost["patient"] == "P40") & (lost["limb"] == "RH") & (lost["joint"] == "MCP2")
    erosion, narrowing = (int(lost.loc[row, f"{d.value}_predicted"].iloc[0]) for d in Damage)
    lost.loc[row, ["erosion_predicted", "narrowing_predicted"]] = pd.NA
    nothing = lost["patient"] == "P41"
    lost.loc[nothing, ["erosion_predicted", "narrowing_predicted"]] = pd.NA
    true = finger_sums(scores)
    remaining = true["P40"] - erosion - narrowing

    scaled = compare_patients(lost, whole, scores, SPLIT).table.set_index("patient")
    assert scaled.loc["P40", "share_scored"] == pytest.approx(163 / 172)
    assert scaled.loc["P40", "predicted_joints"] == pytest.approx(remaining * 172 / 163)
    assert scaled.loc["P41", "predicted_joints"] == pytest.approx(true[PATIENTS[:30]].mean())
    assert scaled.loc["P42", "predicted_joints"] == true["P42"]


def test_only_patients_tested_by_both_pipelines_are_compared(
    joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    split = SPLIT.copy()
    split.loc[split["patient"] == "P40", "split"] = "train"  # tested by the whole image only
    split.loc[split["patient"] == "P00", "split"] = "test"  # tested by the joints only
    found = compare_patients(joints, whole, scores, split)
    assert not {"P40", "P00"} & set(found.table["patient"])
    assert (
        found.n_fitted == 29
    )  # P40 is no training patient of the whole image's, P00 not of joints


def test_who_is_left_out_is_counted(
    joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    twice = pd.concat([whole, whole[whole["patient"] == "P50"].assign(image_id="again")])
    wanting = scores.drop(scores.index[(scores["patient"] == "P51") & (scores["joint"] == "PIP3")])
    found = compare_patients(joints, twice, wanting, SPLIT)
    assert not {"P50", "P51"} & set(found.table["patient"])
    assert list(found.left_out.values()) == [1, 1]


def test_thirds_hold_equal_totals_together(compared: ComparedPatients) -> None:
    table = compared.table
    low, middle, high = (
        table.loc[table["third"] == third, "true_total"] for third in ("lower", "middle", "upper")
    )
    assert low.max() < middle.min()
    assert middle.max() < high.min()
    assert len(low) + len(middle) + len(high) == len(table)


def test_difference_is_of_the_same_patients_and_names_the_better(
    compared: ComparedPatients,
) -> None:
    found = pipelines_table(compared, data="phantom", seed=0)
    by_pipeline = found.set_index(["third", "pipeline"])
    for third in ("all", "lower", "middle", "upper"):
        whole, joint = (by_pipeline.loc[(third, name)] for name in ("whole-image", "joint-total"))
        assert whole["mae_difference"] == pytest.approx(whole["mae"] - joint["mae"])
        assert (
            whole["mae_difference_low"] <= whole["mae_difference"] <= whole["mae_difference_high"]
        )
    assert by_pipeline.loc[("all", "whole-image"), "better"] == "joint-total"
    same = compared.table.assign(whole_image_total=compared.table["joint_total"])
    level = ComparedPatients(same, 1, 0, 30, 0.9, {})
    found = pipelines_table(level, data="phantom", seed=0).set_index(["third", "pipeline"])
    assert found.loc[("all", "whole-image"), "better"] == "not told apart"


def test_bias_and_limits_are_those_of_the_differences(compared: ComparedPatients) -> None:
    found = pipelines_table(compared, data="phantom", seed=0).set_index(["third", "pipeline"])
    row = found.loc[("all", "whole-image")]
    difference = compared.table["whole_image_total"] - compared.table["true_total"]
    assert row["bias"] == pytest.approx(difference.mean())
    assert row["lower_limit"] == pytest.approx(difference.mean() - 1.96 * difference.std(ddof=1))
    assert row["upper_limit"] == pytest.approx(difference.mean() + 1.96 * difference.std(ddof=1))


def test_patients_who_only_share_names_are_doubted(
    joints: pd.DataFrame,
    whole: pd.DataFrame,
    scores: pd.DataFrame,
    caplog: pytest.LogCaptureFixture,
) -> None:
    compare_patients(joints, whole, scores, SPLIT)
    assert not caplog.records
    others = whole.assign(true=whole["true"].to_numpy()[::-1])
    compare_patients(joints, others, scores, SPLIT)
    assert "mean the same person" in caplog.text


def test_without_training_patients_there_is_no_line(
    joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    split = SPLIT.replace({"split": {"train": "validation"}})
    with pytest.raises(UserError, match=r"0 visits .* train both pipelines"):
        compare_patients(joints, whole, scores, split)


def test_two_cohorts_of_other_patients_give_an_empty_table_that_says_so(
    tmp_path: Path, joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    strangers = whole.assign(patient="W" + whole["patient"])
    found = compare_patients(joints, strangers, scores, SPLIT)
    table = pipelines_table(found, data="wang", seed=0)
    assert (table["n"] == 0).all()
    publish_pipelines(table, tmp_path, found, data="wang", experiment="total-stack-batch16")
    assert "nothing was compared" in (tmp_path / "pipelines.md").read_text()
    figure = draw_pipelines(found.table, table, data="wang")
    texts = [text.get_text() for text in figure.findobj(match=is_text)]
    assert texts.count("no shared test patients") == 5


def is_text(artist: object) -> bool:
    return hasattr(artist, "get_text")


def test_table_says_what_was_compared_with_what(tmp_path: Path, compared: ComparedPatients) -> None:
    table = pipelines_table(compared, data="phantom", seed=0)
    publish_pipelines(table, tmp_path, compared, data="phantom", experiment="total-stack-batch16")
    page = (tmp_path / "pipelines.md").read_text()
    for words in (
        *("not real radiographs", "without the wrists (0 to 172)", "30 training patients"),
        *("total-stack-batch16", "100.0% of the possible points", "Lower third, totals"),
    ):
        assert words in page
    back = read_table(tmp_path / "pipelines.csv")
    pd.testing.assert_series_equal(back["mae"], table["mae"], rtol=0, atol=0)
    assert (tmp_path / "pipelines.tex").read_text().isascii()


def test_figure_is_the_same_bytes_twice(tmp_path: Path, compared: ComparedPatients) -> None:
    table = pipelines_table(compared, data="phantom", seed=0, resamples=200)
    written = [
        save(
            draw_pipelines(compared.table, table, data="phantom"),
            tmp_path / name,
            suffixes=[".pdf"],
        )
        for name in ("one", "two")
    ]
    assert written[0][0].read_bytes() == written[1][0].read_bytes()


def test_numbers_are_the_same_from_files(
    tmp_path: Path, joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    lost = joints.copy()
    lost.loc[[3, 50], ["erosion_predicted", "narrowing_predicted"]] = pd.NA
    tables = [lost, whole, scores, SPLIT]
    read = []
    for number, table in enumerate(tables):
        write_table(table, tmp_path / f"{number}.csv")
        read.append(read_table(tmp_path / f"{number}.csv"))
    expected = compare_patients(*tables).table
    pd.testing.assert_frame_equal(compare_patients(*read).table, expected)


def test_the_line_of_a_bundle_is_that_of_the_comparison(
    joints: pd.DataFrame, whole: pd.DataFrame, scores: pd.DataFrame
) -> None:
    compared = compare_patients(joints, whole, scores, SPLIT)
    assert finger_line(whole, scores, SPLIT) == (compared.slope, compared.intercept)
    none_trains = SPLIT.assign(split="test")
    assert finger_line(whole, scores, none_trains) is None
