"""What part each radiograph had, in which of them little was found, and which are shown."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.joints.masks.contact_sheet import UNET_LEGEND, draw_contact_sheet
from sharpflow.joints.radiographs import (
    found_joints,
    judge_masks,
    little_found,
    mask_share,
    parts,
    shown_joints,
    unnamed_in_words,
    warn_of_unnamed,
)
from sharpflow.reporting.little_found import publish_little_found
from sharpflow.reporting.overlays import part_sentence


@pytest.fixture
def radiographs() -> pd.DataFrame:
    """Of a training patient all, one and no trained radiograph; one validates, one tests."""
    table = pd.DataFrame(
        {
            "image_id": ["A-LH", "A-RH", "A-LF", "B-LH", "C-LH"],
            "limb": ["LH", "RH", "LF", "LH", "LH"],
            "split": ["train", "train", "train", "validation", "test"],
        }
    )
    chosen = pd.DataFrame(
        {"image_id": table["image_id"], "chosen": [True, False, False, False, True]}
    )
    scored = pd.DataFrame(
        {
            "image_id": ["A-LH", "A-RH", "B-LH", "C-LH"],
            "split": ["train", "train", "validation", "test"],
        }
    )
    return parts(table, chosen=chosen, boxed={"A-LH", "C-LH"}, scored=[scored])


def test_a_radiograph_had_the_part_that_anything_learned_from_it(radiographs: pd.DataFrame) -> None:
    assert radiographs["part"].tolist() == ["train", "train", "none", "validation", "test"]
    table = radiographs.set_index("image_id")[["unet", "detector", "heads"]]
    assert table.loc["A-LH"].tolist() == ["train"] * 3
    assert table.loc["A-RH"].tolist() == ["", "", "train"]
    assert table.loc["C-LH"].tolist() == [""] * 3  # boxed and well masked, but of a test patient


def test_overlays_show_exactly_what_had_no_part_in_training(radiographs: pd.DataFrame) -> None:
    joints = radiographs[["image_id"]].assign(
        joint="MCP2", split=["train", "test", "train", "train", "test"]
    )

    def shown(which: str, unit: str = "patient") -> list[str]:
        return shown_joints(joints, radiographs, which, unit=unit)["image_id"].tolist()

    assert shown("unseen") == ["A-LF", "C-LH"]
    assert shown("all") == joints["image_id"].tolist()
    assert shown("unseen", "joint") == ["A-RH", "A-LF", "C-LH"]  # the test joint of one, too


def test_an_overlay_says_which_part_its_radiograph_had(radiographs: pd.DataFrame) -> None:
    sentences = [part_sentence(row) for _, row in radiographs.iterrows()]
    assert sentences[0].startswith(
        "Training radiograph: the U-Net, the detector and the scoring models learned from it"
    )
    assert "Scores are of the labelled boxes" in sentences[0]
    assert sentences[1].startswith("Training radiograph: the scoring models learned")
    assert "labelled boxes" not in sentences[1]
    assert sentences[2].startswith("No part in training") and "a training patient" in sentences[2]
    assert sentences[3].startswith("Validation radiograph")
    assert sentences[4] == "Test radiograph: it had no part in training."


def test_radiographs_with_few_joints_or_a_strange_mask_are_listed(
    radiographs: pd.DataFrame, tmp_path: Path
) -> None:
    names = {"A-LH": 10, "A-RH": 7, "B-LH": 8, "C-LH": 10}
    named = pd.DataFrame(
        [(image, 0.9 - 0.01 * n) for image, count in names.items() for n in range(count)],
        columns=["image_id", "confidence"],
    )
    boxes = pd.concat([named, pd.DataFrame({"image_id": ["A-LF"] * 3})])
    table = found_joints(radiographs, boxes, named)
    assert table["joints"].tolist() == [10, 7, 0, 8, 10]
    assert table["joints_expected"].tolist() == [10, 10, 6, 10, 10]
    assert table["boxes"].tolist() == [10, 7, 3, 8, 10]
    assert table["lowest_confidence"].round(2).fillna(-1).tolist() == [0.81, 0.84, -1, 0.83, 0.81]
    shares = [0.3, 0.3, 0.0, 0.3, 0.9]
    table = table.assign(mask_share=shares, mask=judge_masks(shares, mask_from=0.1, mask_to=0.8))
    listed = little_found(table, least=0.75)
    assert listed["image_id"].tolist() == ["A-LF", "A-RH", "C-LH"]
    assert listed["mask"].tolist() == ["empty", "", "large"]
    for name, rows in (("some", listed), ("none", listed[:0])):
        publish_little_found(
            rows,
            tmp_path / name,
            counts={"train": 2, "validation": 1, "test": 1, "none": 1},
            data="mine",
            unnamed=unnamed_in_words(table, 0.5),
            joints=0.75,
            mask_from=0.1,
            mask_to=0.8,
        )
        assert (tmp_path / name / "little_found.csv").exists()
    text = (tmp_path / "some" / "little_found.md").read_text()
    assert "0 of 6" in text and "7 of 10" in text and "| large" in text.replace("  ", "")
    assert "Listed: 3 of all 5 radiographs" in text
    assert "- 1 of 5 radiographs have no named joint: the detector found boxes (at most 3" in text
    assert "Listed: 0 of all 5" in (tmp_path / "none" / "little_found.md").read_text()


def found(*counts: tuple[int, int]) -> pd.DataFrame:
    """Of a hand each: how many boxes, how many of them are named."""
    return pd.DataFrame(counts, columns=["boxes", "joints"]).assign(joints_expected=10)


def test_no_boxes_are_told_from_boxes_without_a_name() -> None:
    assert unnamed_in_words(found((10, 10), (4, 4)), 0.5) == ""
    chosen = unnamed_in_words(found((0, 0)), "auto")
    assert chosen.endswith("no boxes above the confidence that validation chose.")
    assert unnamed_in_words(found((0, 0), (0, 0), (9, 9)), 0.25) == (
        "2 of 3 radiographs have no named joint: the detector found no boxes above the confidence "
        "0.25."
    )
    assert unnamed_in_words(found((2, 0), (3, 0)), 0.5) == (
        "2 of 2 radiographs have no named joint: the detector found boxes (at most 3 a "
        "radiograph), of which none could be named."
    )
    assert unnamed_in_words(found((0, 0), (0, 0), (3, 0), (10, 10)), 0.5) == (
        "3 of 4 radiographs have no named joint: on 2 of them the detector found no boxes above "
        "the confidence 0.5; on 1 the detector found boxes (at most 3 a radiograph), of which none "
        "could be named."
    )


def test_it_is_warned_where_nearly_all_radiographs_have_no_named_joint() -> None:
    def said(*counts: tuple[int, int], rule: str = "paper") -> str:
        return warn_of_unnamed(
            found(*counts),
            body_part="hand",
            confidence=0.5,
            rule=rule,
            table="boxes.csv",
            results="results/x",
        )

    some, nothing, boxes = (10, 10), (0, 0), (7, 0)
    assert said() == said(some) == said(*[nothing] * 8, some, some) == ""
    empty = said(*[nothing] * 9, some)
    assert empty.startswith("hand: 9 of 10 radiographs have no named joint: the detector found no")
    for words in (
        "max_batches",
        "detector: confidence",
        "results/x/detector/hand/history.csv",
        "-unet.png",
    ):
        assert words in empty
    assert "boxes.csv" not in empty
    few = said(boxes)
    assert "boxes.csv" in few
    assert "The rule `paper` needs 10 boxes" in few
    assert "paper" not in said(boxes, rule="template")


def test_a_masks_share_is_of_the_radiograph_without_its_padding() -> None:
    image = np.zeros((100, 80), np.uint8)
    image[20:80] = np.random.default_rng(0).integers(1, 255, (60, 80), dtype=np.uint8)
    mask = np.zeros_like(image)
    mask[20:50] = 255
    assert mask_share(image, mask) == 0.5
    assert mask_share(image, np.zeros_like(mask)) == 0
    assert mask_share(np.zeros_like(image), mask) == 0
    assert judge_masks([0, 0.05, 0.1, 0.8, 0.81], mask_from=0.1, mask_to=0.8) == [
        *("empty", "small", "", "", "large")
    ]


def test_a_sheet_of_the_unets_masks_frames_the_implausible(tmp_path: Path) -> None:
    image, mask = np.full((120, 96), 90, np.uint8), np.zeros((120, 96), np.uint8)
    rows = [
        {"image_id": f"P{n}-LH", "share": share, "judgement": judgement}
        for n, (share, judgement) in enumerate(((0.3, ""), (0, "empty")))
    ]
    path = tmp_path / "page.png"
    draw_contact_sheet(
        [image] * 2, [mask] * 2, rows, path, legend=UNET_LEGEND, columns=2, thumbnail=120
    )
    page = cv2.imread(str(path))[40:]
    blue, orange = ((page == colour).all(axis=2) for colour in ((178, 114, 0), (0, 159, 230)))
    half = page.shape[1] // 2
    assert blue[:, :half].any() and not blue[:, half:].any()
    assert orange[:, half:].any() and not orange[:, :half].any()
