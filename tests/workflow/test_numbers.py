"""The way back from a table to what it was computed from, with pandas alone.

docs/how-to/trace_a_number.md says where the numbers of each table come from; each test here goes
one such way.
"""

from pathlib import Path

import pandas as pd
import pytest

from .projects import Project

STACK, MEMBER = "total-stack-batch16", "total-mobilenetv2-irbs3"
CLASSIFIER = "severity-mobilenetv2-irbs3"
MODELS = ("narrowing-hand", "narrowing-foot", "erosion-hand", "erosion-foot")


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"patient": str, "image_id": str})


def table(project: Project, name: str) -> pd.DataFrame:
    return read(project.results / f"{name}.csv")


def of_test_patients(project: Project, path: str) -> pd.DataFrame:
    predictions = read(project.results / path / "predictions.csv")
    return predictions[predictions["split"] == "test"]


def detected(project: Project, body_part: str) -> tuple[int, int]:
    """How many true joints the test radiographs have, and how many a box overlaps by half."""
    folder = project.results / "detection" / body_part
    split = read(project.results / "cohort/joints/split.csv").set_index("patient")["split"]
    radiographs = read(project.results / "detection/radiographs.csv").set_index("image_id")
    true = read(folder / "true_joints.csv")
    true = true[true["image_id"].map(radiographs["patient"]).map(split) == "test"]
    pairs = true.merge(read(folder / "boxes.csv"), on="image_id", suffixes=("", "_found"))
    shared, area, area_found = 1.0, 1.0, 1.0
    for axis in "xy":
        low, high = (pairs[[f"{axis}_{end}", f"{axis}_{end}_found"]] for end in ("min", "max"))
        shared *= (high.min(axis=1) - low.max(axis=1)).clip(lower=0)
        area *= pairs[f"{axis}_max"] - pairs[f"{axis}_min"]
        area_found *= pairs[f"{axis}_max_found"] - pairs[f"{axis}_min_found"]
    pairs["iou"] = shared / (area + area_found - shared)
    best = pairs.groupby(["image_id", "joint"])["iou"].max()
    return len(true), int((best >= 0.5).sum())


@pytest.mark.parametrize("model", MODELS)
def test_joint_scoring_is_the_mean_recall_of_the_heads_predictions(
    finished: Project, model: str
) -> None:
    joints = of_test_patients(finished, f"heads/{model}")
    recalls = (joints["predicted"] == joints["true"]).groupby(joints["true"]).mean()
    row = table(finished, "tables/joint_scoring").set_index("model").loc[model]
    assert row["n"] == len(joints)
    assert row["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert row["mae"] == pytest.approx((joints["predicted"] - joints["true"]).abs().mean())
    rows = table(finished, "tables/joint_recalls").query("model == @model and n > 0")
    assert rows.set_index("score")["recall"].to_dict() == pytest.approx(recalls.to_dict())


@pytest.mark.parametrize("body_part", ["hand", "foot"])
def test_detection_counts_true_joints_that_a_box_overlaps_by_half(
    finished: Project, body_part: str
) -> None:
    joints, found = detected(finished, body_part)  # no box overlaps two true joints by half
    rows = table(finished, "tables/detection").query("limb == @body_part")
    assert set(rows["n_joints"]) == {joints}
    assert rows["found"].to_list() == pytest.approx([found / joints] * len(rows))


def test_mask_yield_counts_the_chosen_masks(finished: Project) -> None:
    chosen = read(finished.results / "masks/chosen/hand.csv")["chosen"]
    row = table(finished, "tables/mask_yield").set_index("limb").loc["hand"]
    assert row["share"] == pytest.approx(chosen.mean())


def test_little_found_counts_boxes_and_named_joints(finished: Project) -> None:
    rows = table(finished, "tables/little_found")
    row = rows.iloc[0]
    boxes = read(finished.results / "detection" / row["body_part"] / "boxes.csv")
    assert row["boxes"] == (boxes["image_id"] == row["image_id"]).sum()


def test_totals_are_sums_of_scored_joints(finished: Project) -> None:
    joints = table(finished, "scores/joints").dropna(subset=["erosion_true"])
    sums = joints.groupby("patient")["erosion_true"].sum()
    totals = table(finished, "scores/totals").set_index("patient")
    assert totals["erosion_true_all_joints"].to_dict() == sums.to_dict()


def test_whole_regression_is_the_error_of_an_experiments_predictions(
    finished_whole_image: Project,
) -> None:
    images = of_test_patients(finished_whole_image, f"whole_image/{MEMBER}")
    row = table(finished_whole_image, "tables/whole_regression").set_index("row").loc[MEMBER]
    errors = images["predicted"] - images["true"]
    assert row["n"] == len(images)
    assert row["mae"] == pytest.approx(errors.abs().mean())
    assert row["rmse"] == pytest.approx((errors**2).mean() ** 0.5)


def test_whole_severity_is_the_share_of_right_classes(finished_whole_image: Project) -> None:
    images = of_test_patients(finished_whole_image, f"whole_image/{CLASSIFIER}")
    row = table(finished_whole_image, "tables/whole_severity").set_index("row").loc[CLASSIFIER]
    assert row["accuracy"] == pytest.approx((images["predicted"] == images["true"]).mean())


def test_whole_differences_are_those_of_two_experiments(finished_whole_image: Project) -> None:
    rows = table(finished_whole_image, "tables/whole_differences")
    row = rows.query("question == 'stacking' and row == @STACK and metric == 'mae'").iloc[0]
    errors = []
    for name in (STACK, row["compared_with"]):
        images = of_test_patients(finished_whole_image, f"whole_image/{name}")
        errors.append((images["predicted"] - images["true"]).abs().mean())
    assert row["difference"] == pytest.approx(errors[0] - errors[1])


def test_times_are_those_of_benchmarks_and_histories(
    finished: Project, finished_whole_image: Project
) -> None:
    jobs = (finished.results / "benchmarks/segment").glob("*.tsv")
    seconds = sum(pd.read_csv(job, sep="\t")["s"].sum() for job in jobs)
    minutes = table(finished, "timing/minutes_per_patient").set_index("step")
    assert minutes.loc["segment", "seconds"] == pytest.approx(seconds)
    taught = finished_whole_image.results / "whole_image/bone-age-mobilenetv2/history.csv"
    times = table(finished_whole_image, "timing/whole_image_time")
    row = times.query("cohort == 'bone_age' and network == 'mobilenetv2'").iloc[0]
    assert row["seconds_per_epoch"] == pytest.approx(read(taught)["seconds"].median())
