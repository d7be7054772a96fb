"""Children's hands that ossify, and both hands on one radiograph."""

import numpy as np
import pytest

from sharpflow.phantom.bones.children import make_childs_hand, make_young
from sharpflow.phantom.bones.growth import CARPALS, EPIPHYSES
from sharpflow.phantom.bones.hands import HandPose, LimbScores, build_hand
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.bones.solids import Blob, Tube
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.bilateral import make_bilateral

CARPAL_NAMES = set(CARPALS) - {"hook"}


def bones(years: float, *, male: bool = True, seed: int = 1) -> set[str]:
    hand = build_hand(Person(), HandPose(), LimbScores(), np.random.default_rng(0))
    young = make_young(hand, years, male=male, rng=np.random.default_rng(seed))
    return {bone.name for bone in young.bones}


def test_carpals_appear_one_after_another() -> None:
    counts = [len(bones(years) & CARPAL_NAMES) for years in (0.05, 1, 3, 7.5, 14)]
    assert counts == [0, 2, 3, 7, 8]
    assert {"capitate", "hamate"} <= bones(1)


def test_epiphyses_come_and_go() -> None:
    def open_plates(years: float, *, male: bool = True) -> int:
        return sum(name.endswith("-epiphysis") for name in bones(years, male=male))

    assert open_plates(0.3) == 0
    assert open_plates(10) == len(EPIPHYSES)
    assert open_plates(22) == 0
    assert 0 < open_plates(15.8) < len(EPIPHYSES)
    assert open_plates(15, male=False) < open_plates(15, male=True)  # girls are ahead
    assert len(bones(3, male=False)) > len(bones(3, male=True))


def test_grown_hand_is_the_adults() -> None:
    hand = build_hand(Person(), HandPose(), LimbScores(), np.random.default_rng(0))
    grown = make_young(hand, 25, male=True, rng=np.random.default_rng(1))
    for before, after in zip(hand.bones, grown.bones, strict=True):
        if isinstance(before, Tube):
            assert after is before
        else:
            assert isinstance(after, Blob)
            np.testing.assert_allclose(after.radius, before.radius, rtol=1e-5)


@pytest.mark.parametrize("months", [3, 60, 130, 216])
def test_a_childs_radiograph(months: float) -> None:
    radiograph = make_childs_hand(months, male=True, seed=2, image_id="c1", height=160)
    again = make_childs_hand(months, male=True, seed=2, image_id="c1", height=160)
    assert (radiograph.image == again.image).all()
    assert (
        radiograph.image.shape
        == radiograph.mask.shape
        == (radiograph.row["height"], radiograph.row["width"])
    )
    assert len(radiograph.joints) == 22
    by_name = {row["joint"]: row for row in radiograph.joints}
    assert by_name["IP"]["x"] > by_name["MCP5"]["x"]  # a left hand
    assert (radiograph.mask == 255).mean() > 0.1


def test_children_grow() -> None:
    radiographs = [
        make_childs_hand(m, male=False, seed=2, image_id="c", height=160) for m in (24, 168)
    ]
    lengths = []
    for radiograph in radiographs:
        by_name = {row["joint"]: row for row in radiograph.joints}
        pixels = by_name["lunate"]["y"] - by_name["PIP3"]["y"]
        lengths.append(pixels * radiograph.row["mm_per_pixel"])
    assert 0.45 < lengths[0] / lengths[1] < 0.7


def test_both_hands_on_one_radiograph() -> None:
    scores = sample_scores("p", 1)
    radiograph = make_bilateral(Person(), scores, seed=3, patient="p", height=160)
    again = make_bilateral(Person(), scores, seed=3, patient="p", height=160)
    assert (radiograph.image == again.image).all()
    height, width = radiograph.image.shape
    assert (radiograph.row["height"], radiograph.row["width"]) == (height, width)
    places = {(row["limb"], row["joint"]): row for row in radiograph.joints}
    assert len(places) == 44
    left, right = places["LH", "IP"], places["RH", "IP"]
    assert places["LH", "MCP5"]["x"] < left["x"] < width / 2 < right["x"]
    assert right["x"] < places["RH", "MCP5"]["x"]  # the thumbs point at each other
    assert places["RH", "MCP2"]["erosion"] == next(
        score for (limb, joint, damage), score in scores.items()
        if (limb, joint, str(damage)) == ("RH", "MCP2", "erosion")
    )  # fmt: skip
    for row in radiograph.joints:
        assert 0 <= row["x_min"] < row["x_max"] < width
        assert 0 <= row["y_min"] < row["y_max"] < height
