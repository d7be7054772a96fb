"""Radiographs that can be read and are implausible: phantom limbs made bad, one way at a time."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml

from sharpflow.cohorts.plausible_radiographs import implausible_radiographs
from sharpflow.cohorts.warnings import WARNING_TABLE, CohortWarning, warning_table
from sharpflow.imaging.appearance import APPEARANCE_TABLE, Look, appearance_row
from sharpflow.imaging.reading import read_image
from sharpflow.imaging.silhouettes import (
    PACKED_SIDE,
    pack_silhouette,
    silhouette,
    unpack_silhouette,
)
from sharpflow.phantom.bones.limb import sample_person
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.radiographs import make_radiograph
from sharpflow.reporting.warning_sheet import MOST, draw_warning_sheet

Grey = npt.NDArray[np.uint8]
LIMITS = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["checks"][
    "warnings"
]


@pytest.fixture(scope="module")
def limbs() -> dict[str, Grey]:
    """A left hand and a left foot, neither shown mirrored."""
    person = sample_person(np.random.default_rng(1))
    scores = sample_scores("P1", 5)
    made = {
        code: make_radiograph(code, person, scores, seed=5, patient="P1", height=400)
        for code in ("LH", "LF")
    }
    assert not any(limb.row["mirrored"] for limb in made.values())
    return {code: limb.image for code, limb in made.items()}


def warned(image: Grey, body_part: str = "hand", side: str = "left", limbs: int = 1) -> list[str]:
    """What is said of one radiograph."""
    table = pd.DataFrame([appearance_row("P1-LH", image)], columns=APPEARANCE_TABLE)
    table = table.assign(file="f.png", body_part=body_part, side=side, expected_limbs=limbs)
    return [warning.warning for warning in implausible_radiographs(table, LIMITS)]


def turned(times: int) -> Callable[[Grey], Grey]:
    return lambda image: np.rot90(image, times).copy()


def twice(image: Grey) -> Grey:
    return np.hstack([image, image[:, ::-1]])


def chest(image: Grey) -> Grey:
    """Two dark lungs in a bright trunk."""
    picture = np.full((400, 350), 170, np.uint8)
    for x in (95, 255):
        cv2.ellipse(picture, (x, 190), (58, 135), 0, 0, 360, 60, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 6), np.uint8)


BAD: dict[str, tuple[Callable[[Grey], Grey], str]] = {
    "upside down": (turned(2), "upside down"),
    "turned left": (turned(1), "fingers to the left"),
    "turned right": (turned(3), "fingers to the right"),
    "inverted": (lambda image: 255 - image, "inverted"),
    "mirrored": (lambda image: image[:, ::-1].copy(), "looks like a right hand, or mirrored"),
    "black": (lambda image: (image * 0.02).astype(np.uint8), "black, or nearly"),
    "uniform": (lambda image: np.full_like(image, 120), "almost uniform"),
    "tiny": (lambda image: cv2.resize(image, (75, 100), interpolation=3), "very small"),
    "two hands": (twice, "more than one hand"),
    "wrist": (lambda image: image[int(0.66 * len(image)) :].copy(), "no fingers found"),
    "chest": (chest, "no fingers found"),
    "small": (
        lambda image: np.pad(image, 230),
        "small in the picture",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_hand_made_bad_is_warned_of(name: str, limbs: dict[str, Grey]) -> None:
    spoil, said = BAD[name]
    found = warned(spoil(limbs["LH"]))
    assert len(found) == 1, found
    assert said in found[0]


def test_good_limbs_are_not_warned_of(limbs: dict[str, Grey]) -> None:
    assert warned(limbs["LH"]) == []
    assert warned(limbs["LH"][:, ::-1].copy(), side="right") == []
    assert warned(limbs["LF"], "foot") == []


def test_two_hands_are_expected_of_a_radiograph_of_both(limbs: dict[str, Grey]) -> None:
    both = twice(limbs["LH"])
    assert warned(both, side="", limbs=2) == []
    alone = "only one hand, in a cohort of both hands"
    assert warned(limbs["LH"], side="", limbs=2) == [alone]
    assert warned(turned(2)(limbs["LH"]), side="", limbs=2) == [alone]
    assert warned(turned(2)(both), side="", limbs=2) == ["upside down"]


def test_a_hand_of_unknown_side_may_be_either(limbs: dict[str, Grey]) -> None:
    assert warned(limbs["LH"][:, ::-1].copy(), side="") == []


def test_a_foot_made_bad_is_warned_of(limbs: dict[str, Grey]) -> None:
    foot = limbs["LF"]
    assert warned(twice(foot), "foot") == ["more than one foot on the radiograph"]
    assert "inverted" in warned(np.asarray(255 - foot), "foot")[0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 3), (17, 17), (300, 20)])
@pytest.mark.parametrize("fill", ["black", "noise", "white"])
def test_any_picture_can_be_measured(shape: tuple[int, int], fill: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = {"black": noise * 0, "noise": noise, "white": noise * 0 + 255}[fill]
    row = appearance_row("x", image)
    assert len(row) == len(APPEARANCE_TABLE)
    assert row[1:3] == list(shape)
    if fill != "noise":
        assert any("black" in said or "uniform" in said for said in warned(image))


def test_a_packed_silhouette_reads_back_the_same() -> None:
    mask = np.zeros((PACKED_SIDE, PACKED_SIDE), np.uint8)
    mask[10:30, 5:50] = 1
    np.testing.assert_array_equal(unpack_silhouette(pack_silhouette(mask)), mask)


def test_a_dark_frame_and_a_bright_border_are_no_limb() -> None:
    hand = np.full((200, 160), 60, np.uint8)
    cv2.rectangle(hand, (60, 90), (100, 199), 160, cv2.FILLED)
    framed = np.pad(hand, 20)
    mask = silhouette(framed)
    assert mask[150, 100] == 1
    assert mask[:15].sum() == 0
    assert mask[60, 40] == 0
    hand[:, :6] = 255
    assert silhouette(hand)[:, :6].sum() == 0


def test_measures_of_threads_come_out_by_name(limbs: dict[str, Grey]) -> None:
    look = Look()
    for name in ("b", "a"):
        look(name, limbs["LH"])
    assert look.table()["image_id"].tolist() == ["a", "b"]
    assert Look().table().columns.tolist() == APPEARANCE_TABLE


def some_warnings(file: Path, number: int) -> pd.DataFrame:
    return warning_table(
        CohortWarning("f", f"P{n}", "hand", "upside down", "1.5", "0.8", "Turn it.", str(file))
        for n in range(number)
    )


def test_the_sheet_shows_each_radiograph_once(limbs: dict[str, Grey], tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(2)]
    for file in files:
        cv2.imwrite(str(file), limbs["LH"])
    table = pd.concat([some_warnings(files[0], 2), some_warnings(files[1], 1)])
    draw_warning_sheet(table, tmp_path / "sheet.png", max_pixels=10**6)
    assert frames(tmp_path / "sheet.png") == 2
    assert read_image(tmp_path / "sheet.png").shape[1] == 4 * 276


def frames(sheet: Path) -> int:
    """How many radiographs a sheet shows: each has an orange frame."""
    orange = (cv2.imread(str(sheet)) == (0, 159, 230)).all(2)
    return cv2.connectedComponents(orange.astype(np.uint8))[0] - 1


def test_a_sheet_without_pictures_or_with_too_many(tmp_path: Path) -> None:
    nothing = warning_table([CohortWarning("s.csv", "P1", "", "one score", "2", "differ", "Look.")])
    for name, table in (("none", nothing[:0]), ("no picture", nothing)):
        draw_warning_sheet(table, tmp_path / f"{name}.png", max_pixels=10**6)
        assert frames(tmp_path / f"{name}.png") == 0
    many = pd.concat([some_warnings(tmp_path / f"{number}.png", 1) for number in range(MOST + 5)])
    draw_warning_sheet(many, tmp_path / "many.png", max_pixels=10**6)  # the files are gone
    assert frames(tmp_path / "many.png") == MOST
    assert nothing.columns.tolist() == WARNING_TABLE
