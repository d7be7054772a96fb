"""The quality of masks, and choosing them."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from sharpflow.joints.masks.contact_sheet import draw_contact_sheet
from sharpflow.joints.masks.quality import LIMITS, choose_masks, mask_quality

HEIGHT, WIDTH = 320, 256


def synthetic_hand() -> tuple[np.ndarray, np.ndarray]:
    """A bright hand of a palm, a wrist and five fingers on a dark radiograph, and its mask."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.rectangle(mask, (95, 230), (160, HEIGHT - 1), 255, cv2.FILLED)
    cv2.ellipse(mask, (128, 195), (58, 62), 0, 0, 360, 255, cv2.FILLED)
    for x, y in ((60, 70), (100, 40), (138, 35), (178, 55), (232, 140)):
        cv2.line(mask, (128, 190), (x, y), 255, 22)
    radiograph = np.where(mask > 0, 150, 30) + np.random.default_rng(0).normal(0, 4, mask.shape)
    return radiograph.astype(np.uint8), mask


def spoiled(mask: np.ndarray) -> dict[str, np.ndarray]:
    """Masks that an eye would leave out."""
    broken, leaking, marker = mask.copy(), mask.copy(), mask.copy()
    broken[:, 110:150] = 0
    leaking[:, WIDTH // 2 :] = 255
    marker[240:300, 5:50] = 255
    fingers = mask.copy()
    fingers[:190] = 0
    noisy = cv2.bitwise_or(mask, np.zeros_like(mask))
    noise = np.random.default_rng(1).random(mask.shape) < 0.5
    band = cv2.dilate(mask, np.ones((31, 31), np.uint8)) > mask
    noisy[noise & band] = 255
    return {
        "inverted": cv2.bitwise_not(mask),
        "broken": broken,
        "leaking": leaking,
        "marker": marker,
        "fraying": noisy,
        "whole radiograph": np.full_like(mask, 255),
        "empty": np.zeros_like(mask),
        "not at the bottom": np.where(np.arange(HEIGHT)[:, None] < 290, mask, 0).astype(np.uint8),
    }


def test_a_good_mask_is_better_than_any_spoiled_one() -> None:
    radiograph, mask = synthetic_hand()
    good = mask_quality(radiograph, mask)
    assert good["quality"] > 0.9
    assert set(LIMITS) < set(good)
    for name, other in spoiled(mask).items():
        bad = mask_quality(radiograph, other)
        assert 0 <= bad["quality"] < 0.5, name
        assert bad["weakest"] in LIMITS, name


def test_padding_does_not_change_the_quality() -> None:
    radiograph, mask = synthetic_hand()
    padded, padded_mask = (
        cv2.copyMakeBorder(each, 0, 0, 60, 60, cv2.BORDER_CONSTANT, value=0)
        for each in (radiograph, mask)
    )
    assert mask_quality(padded, padded_mask) == mask_quality(radiograph, mask)


def quality_table() -> pd.DataFrame:
    return pd.DataFrame(
        {"image_id": ["A-LH", "A-RH", "B-LH"], "body_part": "hand", "quality": [0.9, 0.2, 0.5]}
    )


def test_quality_proposes_and_a_person_overrules() -> None:
    chosen = choose_masks(quality_table(), {"A-LH": False, "A-RH": True, "A-LF": True}, 0.5)
    assert chosen["proposed"].tolist() == [True, False, True]
    assert chosen["chosen"].tolist() == [False, True, True]
    assert chosen["chosen_by"].tolist() == ["person", "person", "quality"]
    alone = choose_masks(quality_table(), {}, 0.5)
    assert alone["chosen"].tolist() == alone["proposed"].tolist()
    assert chosen["chosen"].dtype == bool


def test_a_contact_sheet_shows_every_radiograph_and_frames_the_proposed(tmp_path: Path) -> None:
    radiograph, mask = synthetic_hand()
    rows = [
        {"image_id": f"P{n}-LH", "quality": 0.1 * n, "weakest": "edge", "proposed": n > 1}
        for n in range(3)
    ]
    path = tmp_path / "sheets" / "page.png"
    draw_contact_sheet([radiograph] * 3, [mask] * 3, rows, path, columns=2, thumbnail=120)
    page = cv2.imread(str(path))
    blue = (page == (178, 114, 0)).all(axis=2)
    orange = (page == (0, 159, 230)).all(axis=2)
    middle, half = page.shape[0] // 2 + 17, page.shape[1] // 2
    assert orange[40:middle, :half].any() and orange[40:middle, half:].any()
    assert not blue[40:middle].any()
    assert blue[middle:, :half].any() and not blue[middle:, half:].any()


def test_a_contact_sheet_of_an_empty_shard_has_its_legend(tmp_path: Path) -> None:
    draw_contact_sheet([], [], [], tmp_path / "page.png")
    page = cv2.imread(str(tmp_path / "page.png"))
    assert (page == (178, 114, 0)).all(axis=2).any()
