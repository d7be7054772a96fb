"""Figures: the same bytes twice, what is missing is said, and what they show is in the data."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sharpflow.anatomy import MODELS, n_classes
from sharpflow.evaluation.joint_scoring import model_confusions
from sharpflow.evaluation.score_counts import has_wrist_sites, score_counts
from sharpflow.reporting.pipeline_stages import (
    JointTables,
    PipelineStages,
    radiographs_to_show,
    stages_of,
)
from sharpflow.reporting.style import new_figure, save
from sharpflow.reporting.tan_radiographs import (
    draw_boxed_joints,
    draw_clahe,
    draw_good_masks,
    draw_pipeline,
    image_numbers,
    pick_radiographs,
)
from sharpflow.reporting.tan_scores import (
    draw_confusion_matrices,
    draw_score_distributions,
)


def all_text(figure: Figure) -> list[str]:
    texts = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        texts += [axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)]
    return texts


def radiograph(value: int = 100) -> np.ndarray:
    image = np.zeros((60, 48), np.uint8)
    image[10:50, 10:40] = value
    return image


BOXES = pd.DataFrame(
    {
        "joint": ["PIP2", "MCP2"],
        "class": ["PIP", "MCP"],
        "confidence": [0.9, 0.8],
        "x_min": [12.0, 12.0],
        "y_min": [12.0, 30.0],
        "x_max": [20.0, 20.0],
        "y_max": [20.0, 38.0],
    }
)


def test_score_distributions_write_the_count_of_each_score() -> None:
    scores = pd.DataFrame(
        {
            "patient": "P1",
            "limb": ["LH"] * 6,
            "joint": ["PIP2", "PIP3", "PIP4", "PIP5", "MCP1", "MCP2"],
            "damage": "erosion",
            "score": [0, 0, 0, 0, 2, 5],
        }
    )
    figure = draw_score_distributions(score_counts(scores), with_wrist=False, data="phantom")
    assert len(figure.axes) == 8
    first = [text.get_text() for text in figure.axes[0].texts]
    assert first == ["4", "0", "1", "0", "0", "1"]
    foot_erosion = [text.get_text() for text in figure.axes[2].texts]
    assert foot_erosion == ["0"] * 11  # a limb without scores is shown with counts of 0
    assert any("Finger and toe joints" in text for text in all_text(figure))
    hands = score_counts(scores)[lambda counts: counts["limb"].isin(["LH", "RH"])]
    figure = draw_score_distributions(hands, with_wrist=False, data="phantom")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        f"({letter}) {side} hand"
        for letter, side in zip("abcd", ["Left", "Right"] * 2, strict=True)
    ]


def test_wrist_sites_in_the_distribution_are_said() -> None:
    scores = pd.DataFrame(
        {"patient": "P1", "limb": "LH", "joint": ["ulna"], "damage": "erosion", "score": [1]}
    )
    assert has_wrist_sites(scores) and not has_wrist_sites(scores.assign(joint="MCP2"))
    figure = draw_score_distributions(score_counts(scores), with_wrist=True, data="x")
    assert any("wrist included" in text for text in all_text(figure))


def test_every_score_that_a_limb_can_have_is_counted() -> None:
    scores = pd.DataFrame(
        {"limb": ["LH", "LH", "RF"], "joint": "IP", "damage": "erosion", "score": [2, 2, 10]}
    )
    counts = score_counts(scores)
    assert len(counts) == 2 * (6 + 11) + 4 * 5
    of_limb = counts[counts["damage"] == "erosion"].groupby("limb")["n"].agg(list)
    assert of_limb["LH"] == [0, 0, 2, 0, 0, 0]
    assert of_limb["RF"] == [0] * 10 + [1]
    assert of_limb["LF"] == [0] * 11


def test_confusion_matrices_mark_scores_without_joints() -> None:
    table = pd.DataFrame({"true": [0, 0, 0, 0, 2], "predicted": [0, 0, 0, 1, 2]})
    table = pd.concat([table.assign(split="test"), table.assign(split="train")])
    confusions = model_confusions({"narrowing-hand": table, "erosion-foot": table[:0]})
    assert {model: len(counts) for model, counts in confusions.items()} == {
        model: n_classes(body_part, damage)
        for model, (damage, body_part) in MODELS.items()
        if model in ("narrowing-hand", "erosion-foot")
    }
    figure = draw_confusion_matrices(confusions, data="phantom")
    assert len(figure.axes) == 2 + 1  # the models of the study, and the bar of colours
    hand = figure.axes[0]
    texts = [text.get_text() for text in hand.texts]
    assert "75%\n3" in texts
    assert "25%\n1" in texts
    assert "100%\n1" in texts
    hatched = [p for p in hand.patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert [(p.get_y(), p.get_height()) for p in hatched] == [(1, 1), (3, 2)]
    assert hand.get_title(loc="left") == "(a) Narrowing, hands (n = 5)"
    # A model without test joints is all hatched.
    foot = figure.axes[1]
    assert [p.get_height() for p in foot.patches if p.get_hatch()] == [11]


def test_radiographs_are_picked_by_the_seed_and_of_both_body_parts() -> None:
    radiographs = pd.DataFrame(
        {
            "image_id": [f"{body_part}{n}" for body_part in "HF" for n in range(20)],
            "body_part": ["hand"] * 20 + ["foot"] * 20,
        }
    )
    picked = pick_radiographs(radiographs, 4, seed=42, name="clahe")
    assert [image_id[0] for image_id in picked] == ["H", "H", "F", "F"]
    shuffled = radiographs.sample(frac=1, random_state=1)
    assert pick_radiographs(shuffled, 4, seed=42, name="clahe") == picked
    assert pick_radiographs(radiographs, 4, seed=43, name="clahe") != picked
    assert len(pick_radiographs(radiographs.iloc[:3], 4, seed=1, name="x")) == 3
    assert image_numbers(radiographs, ["F1", "H2"]) == [21, 2]


def test_boxed_joints_name_every_box() -> None:
    figure = draw_boxed_joints(
        [radiograph(), radiograph()], [BOXES, BOXES.iloc[:1]], ["a", "b"], data="phantom"
    )
    assert [text.get_text() for text in figure.axes[0].texts] == ["PIP2", "MCP2"]
    assert len(figure.axes[1].patches) == 1


def test_a_study_without_such_radiographs_gets_a_figure_that_says_so(tmp_path: Path) -> None:
    for figure in (
        draw_good_masks(
            np.zeros((0, 60, 48), np.uint8), np.zeros((0, 60, 48), np.uint8), [], data="x"
        ),
        draw_boxed_joints([], [], [], data="x"),
    ):
        assert any(text.startswith("No radiograph") for text in all_text(figure))
        save(figure, tmp_path / "empty")


def test_pipeline_shows_each_stage_and_the_scores_of_the_crops() -> None:
    scores = pd.DataFrame({"joint": ["IP", "MCP2"], "erosion": [3, 1], "narrowing": [None, 4]})
    stages = PipelineStages(
        raw=radiograph(),
        standardized=radiograph(),
        entropy_mask=radiograph(255),
        unet_mask=radiograph(255),
        masked=radiograph(),
        boxes=BOXES,
        joints=BOXES,
        crops=np.zeros((2, 16, 16), np.uint8),
        crop_scores=scores,
    )
    figure = draw_pipeline(stages, label="P1-LH", data="phantom")
    assert len([a for a in figure.axes if a.get_title(loc="left")]) == 8
    assert {"IP\nE 3", "MCP2\nE 1\nN 4"} <= set(all_text(figure))


def test_stages_are_those_of_the_radiograph_and_its_test_crops() -> None:
    crops = pd.DataFrame(
        {
            "image_id": ["a", "b", "b", "b"],
            "joint": ["IP", "IP", "MCP2", "MCP3"],
            "split": ["train", "test", "train", "test"],
        }
    )
    scores = pd.DataFrame(
        {
            "image_id": ["b", "b", "c"],
            "joint": ["MCP3", "IP", "MCP3"],
            "erosion_predicted": [4, 1, 5],
            "narrowing_predicted": [2, None, 3],
        }
    )
    named = pd.concat([BOXES.assign(rule=rule) for rule in ("paper", "template")])
    tables = JointTables(
        boxes=pd.concat([BOXES.assign(image_id=name) for name in "ab"]),
        joints=pd.concat([named.assign(image_id=name) for name in "ab"]),
        crops=crops,
        scores=scores,
    )
    rows = pd.DataFrame({"image_id": list("abc")})
    assert radiographs_to_show(rows, tables)["image_id"].tolist() == ["b"]
    assert radiographs_to_show(rows[2:], tables)["image_id"].tolist() == ["c"]
    mask = np.zeros((60, 48), np.uint8)
    mask[:20] = 255
    stages = stages_of(
        "b",
        tables,
        rule="paper",
        raw=radiograph(),
        standardized=radiograph(),
        entropy_mask=mask,
        unet_mask=mask,
        crops=np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8),
    )
    assert stages.crops[:, 0, 0].tolist() == [1, 3]
    assert stages.crop_scores["joint"].tolist() == ["IP", "MCP3"]
    assert stages.crop_scores["erosion"].tolist() == [1, 4]
    assert stages.crop_scores["narrowing"].isna().tolist() == [True, False]
    assert len(stages.boxes) == len(stages.joints) == 2
    assert stages.masked[:20].any() and not stages.masked[20:].any()


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_clahe([radiograph(20)] * 2, [radiograph()] * 2, ["a", "b"], data="phantom"),
        lambda: draw_good_masks(
            [radiograph()] * 2, [radiograph(255)] * 2, ["a", "b"], data="phantom"
        ),
    ],
)
def test_same_figure_same_bytes_and_data_named(draw: Callable[[], Figure], tmp_path: Path) -> None:
    assert any("phantom" in text for text in all_text(draw()))
    first = save(draw(), tmp_path / "one" / "figure")
    second = save(draw(), tmp_path / "two" / "figure")
    assert [path.suffix for path in first] == [".png", ".pdf"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_pdf_text_is_text_and_carries_no_date(tmp_path: Path) -> None:
    _, pdf = save(new_figure(3.5, 1, note="Data: phantom"), tmp_path / "figure")
    content = pdf.read_bytes()
    assert b"CreationDate" not in content
    assert b"/TrueType" in content or b"/Type42" in content or b"/CIDFontType2" in content


def test_a_log_is_not_filled_with_glyphs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        save(new_figure(3.5, 1, note="Data: phantom"), tmp_path / "figure")
    assert caplog.text == ""
