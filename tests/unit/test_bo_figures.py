"""Figures of Bo et al.: what they show is in the data, and what is missing is said."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from sharpflow.evaluation.deciles import decile_means
from sharpflow.evaluation.grad_cam import summarize_heat
from sharpflow.evaluation.learning_curves import curve_numbers, error_curve
from sharpflow.reporting.bo_grad_cam import draw_grad_cam
from sharpflow.reporting.bo_grad_cam_table import write_grad_cam_table
from sharpflow.reporting.bo_learning_curves import draw_learning_curves
from sharpflow.reporting.bo_radiograph import (
    draw_radiograph_and_classes,
    typical_damaged_radiograph,
)
from sharpflow.reporting.bo_scores import (
    FIGURE_2_EXPERIMENTS,
    FIGURE_4_EXPERIMENTS,
    draw_predicted_true,
    draw_severity_confusion,
    printed_classes,
    shown_experiments,
)
from sharpflow.reporting.bo_titles import experiment_title
from sharpflow.reporting.style import save
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS


def all_text(figure: Figure) -> list[str]:
    texts = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        texts += [axes.get_title(loc="left"), axes.get_xlabel()]
        texts += [text.get_text() for text in axes.texts]
        legend = axes.get_legend()
        texts += [text.get_text() for text in legend.get_texts()] if legend else []
    return texts


def of(true: list[float], predicted: list[float], split: str = "test") -> pd.DataFrame:
    return pd.DataFrame({"split": split, "true": true, "predicted": predicted})


def test_the_figures_show_experiments_that_exist() -> None:
    assert {*FIGURE_2_EXPERIMENTS, *FIGURE_4_EXPERIMENTS} <= set(EXPERIMENTS)


def test_deciles_have_the_means_and_sds_of_their_images() -> None:
    true = list(range(20))
    predicted = [2 * t + (1 if t % 2 else 0) for t in true]  # pairs 0,3 4,7 8,11 ...
    means = decile_means(of(true, predicted))
    assert len(means) == 10
    np.testing.assert_allclose(means["true"], np.arange(10) * 2 + 0.5)
    np.testing.assert_allclose(means["predicted"], np.arange(10) * 4 + 1.5)
    np.testing.assert_allclose(means["sd"], 3 / np.sqrt(2))


def test_totals_that_most_images_share_make_one_group() -> None:
    means = decile_means(of([0] * 16 + [1, 2, 3, 4], [1.0] * 20))
    assert means["n"].tolist() == [16, 2, 2]
    assert decile_means(of([5, 5, 5], [1.0, 2, 3]))["predicted"].tolist() == [2]


def test_predicted_against_true_shows_test_images_and_what_was_run_alone() -> None:
    table = pd.concat([of([1, 2, 3], [1, 3, 2]), of([9] * 50, [9] * 50, split="train")])
    metrics = {"total-resnet50-rbs1": {"pcc": 0.5, "mae": 2 / 3, "rmse": 0.8165}}
    figure = draw_predicted_true({"total-resnet50-rbs1": table}, metrics, data="phantom")
    points = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_array_equal(points, [[1, 1], [2, 3], [3, 2]])
    texts = all_text(figure)
    assert "PCC 0.500\nMAE 0.67\nRMSE 0.82" in texts
    assert len(figure.axes) == 1
    assert "(a) ResNet-50: RBs-1 (n = 3)" in texts


def test_figures_show_the_papers_experiments_or_those_that_were_run() -> None:
    run = {name: of([1, 2], [1, 2]) for name in EXPERIMENTS if "bone-age" not in name}
    assert shown_experiments(run, "total") == dict(FIGURE_2_EXPERIMENTS)
    assert shown_experiments(run, "severity") == dict(FIGURE_4_EXPERIMENTS)
    few = {
        n: run[n] for n in ("total-resnet34-rbs2", "total-stack-batch16", "severity-resnet50-rbs1")
    }
    assert shown_experiments(few, "total") == {
        "total-stack-batch16": "Stack, batch 16",
        "total-resnet34-rbs2": "ResNet-34: RBs-2",
    }
    texts = all_text(draw_predicted_true(few, {}, data="phantom"))
    assert "(b) ResNet-34: RBs-2 (n = 2)" in texts
    assert "(c)" not in " ".join(texts)
    del run["total-stack-batch16"]
    assert len(shown_experiments(run, "total")) == 6  # a page of 22
    note = draw_predicted_true(run, {}, data="phantom").texts[0].get_text()
    assert "6 of 22 experiments; the table has all." in note
    (told, *_), nothing = all_text(draw_severity_confusion({}, data="mine")), {}
    assert shown_experiments(nothing, "severity") == {}
    assert "mine" in told


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("total-resnet50-smooth-batch4", "ResNet-50, baseline, smooth loss, batch 4"),
        ("severity-resnet50-finetuned", "ResNet-50: finetuned"),
        ("severity-resnet34-finetuned-balanced", "ResNet-34: finetuned, balanced sampling"),
        ("severity-stack-all-batch4", "Stack of classes, all classes, batch 4"),
        ("severity-binned-stack", "Stack of totals, batch 16, binned"),
    ],
)
def test_experiments_have_titles_in_words(name: str, title: str) -> None:
    assert experiment_title(name) == title


def test_confusion_shows_numbers_and_shares_of_a_true_class() -> None:
    table = of([0, 0, 0, 9], [0, 0, 1, 9])
    figure = draw_severity_confusion({"severity-binned-stack": table}, data="phantom")
    texts = all_text(figure)
    assert {"2\n0.67", "1\n0.33", "1\n1.00"} <= set(texts)
    assert texts.count("no test image") == 8
    assert "(a) Stack of totals, batch 16, binned (n = 4)" in texts
    assert printed_classes()[0] == "0–5"
    assert printed_classes()[-1] == "≥140"


def history(losses: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"epoch": range(1, len(losses) + 1), "validation_loss": losses})


def test_the_curve_of_mse_is_its_root_and_that_of_the_smooth_loss_itself() -> None:
    mse, smooth = (EXPERIMENTS[f"total-resnet50-{loss}-batch4"] for loss in ("mse", "smooth"))
    assert error_curve(history([4, 1]), mse).tolist() == [2, 1]
    assert error_curve(history([4, 1]), smooth).tolist() == [4, 1]


def test_swing_and_settling_by_hand() -> None:
    steady = [64.0, 16.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    swinging = [8.0, 4.0, 2.0, 1.0, 1.0, 2.0, 1.0, 2.0]
    numbers = curve_numbers(
        {
            "total-resnet50-mse-batch4": history(steady),
            "total-resnet50-smooth-batch4": history(swinging),
        }
    ).set_index("row")
    assert numbers["swing"]["total-resnet50-mse-batch4"] == 0
    assert numbers["settled"]["total-resnet50-mse-batch4"] == 4
    # Second half 1, 2, 1, 2: changes of log 2, -log 2, log 2; median 1.5.
    expected = np.log(2) * np.std([1, -1, 1], ddof=1)
    assert numbers["swing"]["total-resnet50-smooth-batch4"] == pytest.approx(expected)
    assert numbers["plateau"]["total-resnet50-smooth-batch4"] == 1.5
    assert numbers["settled"]["total-resnet50-smooth-batch4"] == 4


def test_doubling_every_loss_leaves_the_swing_as_it_was() -> None:
    losses = np.random.default_rng(0).uniform(0.5, 1, 20)
    swings = [
        curve_numbers({"total-resnet50-mse-batch4": history(list(times * losses))})["swing"][0]
        for times in (1, 2)
    ]
    assert swings[0] == pytest.approx(swings[1])


def test_curves_of_what_was_run_alone_and_of_a_single_epoch() -> None:
    histories = {"total-resnet34-mse-batch4": history([1.0])}
    texts = all_text(draw_learning_curves(histories, data="phantom"))
    assert texts.count("MSE: settled 1") == 1
    assert "(a) ResNet-34, batch 4" in texts
    assert not any("not run" in text or "(b)" in text for text in texts)
    assert not any("wing" in text for text in texts)
    data, told = all_text(draw_learning_curves({}, data="phantom"))
    assert "phantom" in data
    assert told.startswith("No network was trained")


def test_each_network_that_was_trained_has_a_curve() -> None:
    names = [name for name, e in EXPERIMENTS.items() if isinstance(e, NetworkExperiment)]
    names = [name for name in names if not name.startswith("bone-age")]
    figure = draw_learning_curves({name: history([3, 2, 1]) for name in names}, data="phantom")
    curves = sum(len(axes.lines) for axes in figure.axes)
    in_two_rows = [name for name in names if name.endswith("mse-batch4")]
    assert curves == len(names) + len(in_two_rows)


def test_curves_of_classes_are_their_losses() -> None:
    curve = error_curve(history([4, 1]), EXPERIMENTS["severity-resnet34-batch4"])
    assert curve.tolist() == [4, 1]


RADIOGRAPH = np.full((60, 100), 90, np.uint8)
SITES = pd.DataFrame(
    {
        "image_id": "a",
        "limb": ["LH", "LH", "RH", "RH"],
        "joint": ["PIP2", "radcar", "MCP3", "IP"],
        "x_min": [10.0, 30.0, 60.0, 80.0],
        "y_min": [10.0, 40.0, 20.0, 20.0],
        "x_max": [20.0, 45.0, 70.0, 90.0],
        "y_max": [20.0, 55.0, 30.0, 30.0],
        "erosion": [0, np.nan, 3, 0],
        "narrowing": [0, 2, 1, np.nan],
    }
)
TOTALS = pd.DataFrame(
    {"split": ["train"] * 3 + ["validation", "test"], "total": [0, 4.5, 5, 139, 200]}
)


def test_the_radiograph_numbers_its_damage_and_boxes_every_site() -> None:
    figure = draw_radiograph_and_classes(RADIOGRAPH, SITES, TOTALS, label="a", data="phantom")
    axes = figure.axes[0]
    labels = [text.get_text() for text in axes.texts]
    assert sorted(labels) == ["MCP3  E3 N1", "radcar  N2"]
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert len(boxes) == len(SITES)
    assert axes.get_title(loc="left") == "(a) a: total 6 (erosion 3, narrowing 3)"


def test_a_cohort_without_joint_scores_shows_the_radiograph_alone() -> None:
    figure = draw_radiograph_and_classes(RADIOGRAPH, None, TOTALS, label="a", data="Wang")
    assert not figure.axes[0].patches
    assert "no scores by joint" in figure.axes[0].get_title(loc="left")


def test_the_classes_are_counted_by_split() -> None:
    axes = draw_radiograph_and_classes(RADIOGRAPH, None, TOTALS, label="a", data="Wang").axes[1]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights[0] == pytest.approx([200 / 3, 100 / 3, *[0] * 8])
    assert heights[1] == pytest.approx([0] * 8 + [100, 0])
    assert heights[2] == pytest.approx([0] * 9 + [100])


def test_the_typical_radiograph_is_the_nearest_to_the_quantile() -> None:
    images = pd.DataFrame({"image_id": ["d", "c", "b", "a"], "total": [0, 10, 10, 100]})
    assert typical_damaged_radiograph(images, quantile=0.5) == "b"


CASES = pd.DataFrame(
    {
        "panel": ["TN", "FP", "TP"],
        "image_id": ["x", "y", "a"],
        "true": [2.0, 10.0, 90.0],
        "predicted": [4.0, 70.0, 88.0],
        "met": [True, True, False],
        "rule": ["true < 5, |error| < 10", "error > +50", "true > 200, |error| < 10"],
        "height": [60, 60, 60],
        "width": [100, 100, 100],
    }
)
PACKED = np.full((3, 20, 20), 90, np.uint8)
HEAT = np.stack([np.eye(20), np.zeros((20, 20)), np.eye(20)]).astype(np.float32)


def grad_cam_figure() -> Figure:
    comments = {"x": "Sound wrists.", "unknown": "?"}
    return draw_grad_cam(
        CASES, PACKED, HEAT, task="total", title="ResNet-50: RBs-1", data="phantom", joints=SITES,
        comments=comments,
    )  # fmt: skip


def test_grad_cam_panels_say_what_they_show() -> None:
    figure = grad_cam_figure()
    texts = [text.replace("\N{NO-BREAK SPACE}", " ") for text in all_text(figure)]
    assert "(a) True negative\ntrue 2, predicted 4.0" in texts
    assert "TN: true < 5, |error| < 10\n“Sound wrists.”" in texts
    assert "TP: true > 200, |error| < 10\nNo case met the rule: nearest shown." in texts
    assert "no test image left" in texts
    assert "no heat: nothing speaks\nfor this output" in texts


def test_damaged_sites_are_circled_in_packed_pixels() -> None:
    figure = grad_cam_figure()
    circles = [patch for axes in figure.axes for patch in axes.patches if type(patch) is Ellipse]
    centres = sorted(tuple(circle.center) for circle in circles)
    np.testing.assert_allclose(centres, [(37.5 * 0.2, 47.5 / 3), (13, 25 / 3)])


SHARES = pd.DataFrame(
    {
        "row": "total-resnet50-rbs1",
        "image_id": ["a", "b", "c"],
        "patient": ["p", "q", "r"],
        "has_heat": [True, True, False],
        "joints_heat": [0.4, 0.2, np.nan],
        "joints_area": [0.1, 0.1, 0.1],
        "damaged_heat": [0.3, np.nan, np.nan],
        "damaged_area": [0.05, np.nan, 0.05],
        "other_heat": [0.05, np.nan, 0.1],
    }
)


def test_heat_over_area_by_hand() -> None:
    table = summarize_heat(SHARES, data="phantom", seed=1, resamples=200).set_index("region")
    assert table["n"].to_dict() == {
        "joints": 2, "damaged": 1, "damaged_in_joints": 1, "other_radiograph": 2
    }  # fmt: skip
    assert table["ratio"].to_dict() == pytest.approx(
        {"joints": 3, "damaged": 6, "damaged_in_joints": 1.5, "other_radiograph": 1.5}
    )
    assert np.isnan([table["ratio_low"]["joints"], table["ratio_high"]["joints"]]).all()  # of two
    assert (table["without_heat"] == 1).all()


def test_the_heat_table_is_written_for_readers_too(tmp_path: Path) -> None:
    undamaged = SHARES.assign(damaged_heat=np.nan, damaged_area=np.nan, other_heat=np.nan)
    shares = pd.concat([SHARES, undamaged.assign(row="severity-resnet50-finetuned")])
    table = summarize_heat(shares, data="phantom", seed=1, resamples=50)
    paths = write_grad_cam_table(table, tmp_path)
    text = paths[1].read_text(encoding="utf-8")
    assert re.search(r"\b3\.00\b", text)
    assert "left out: 2" in text
    assert "synthetic radiographs" in text


def learning_curves() -> Figure:
    losses = list(np.random.default_rng(0).uniform(0.5, 1, 8))
    return draw_learning_curves({"total-resnet50-mse-batch4": history(losses)}, data="phantom")


@pytest.mark.parametrize("draw", [learning_curves, grad_cam_figure])
def test_the_same_figure_is_the_same_bytes(draw: Callable[[], Figure], tmp_path: Path) -> None:
    first = save(draw(), tmp_path / "first", suffixes=(".pdf",))
    second = save(draw(), tmp_path / "second", suffixes=(".pdf",))
    assert first[0].read_bytes() == second[0].read_bytes()
