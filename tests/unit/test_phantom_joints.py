"""Joints made one by one: equal scores, the same picture as the radiograph's."""

import numpy as np
import pytest

from sharpflow.anatomy import BodyPart, Damage, Side, n_classes
from sharpflow.phantom.bones.hands import LimbScores
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.cohorts.single_joints import make_synthetic_joints
from sharpflow.phantom.projection.placement import place_limb
from sharpflow.phantom.projection.radiographs import pose_limb
from sharpflow.phantom.projection.render import trace


@pytest.mark.parametrize("body_part", list(BodyPart))
def test_every_score_equally_often_and_boxes_inside(body_part: BodyPart) -> None:
    erosions, narrowings = (
        n_classes(body_part, Damage.EROSION),
        n_classes(body_part, Damage.NARROWING),
    )
    patches, rows = make_synthetic_joints(
        erosions * narrowings, body_part=body_part, seed=1, height=200
    )
    assert patches.dtype == np.uint8 and patches.shape[0] == len(rows)
    assert rows["erosion"].value_counts().tolist() == [narrowings] * erosions
    scored = rows["narrowing"].dropna()
    assert set(scored) == set(range(narrowings))
    assert rows["narrowing"].isna().equals((rows["joint"] == "IP") & (body_part == BodyPart.HAND))
    side = patches.shape[1]
    assert (rows[["x_min", "y_min"]] >= 0).all().all()
    assert (rows[["x_max", "y_max"]] <= side).all().all()
    assert (rows["x_max"] - rows["x_min"] > side / 8).all()
    assert patches.std(axis=(1, 2)).min() > 1


def test_a_joint_depends_on_seed_and_number_alone() -> None:
    few, _ = make_synthetic_joints(3, body_part=BodyPart.HAND, seed=4, height=200)
    more, _ = make_synthetic_joints(5, body_part=BodyPart.HAND, seed=4, height=200)
    other, _ = make_synthetic_joints(3, body_part=BodyPart.HAND, seed=5, height=200)
    assert (few == more[:3]).all()
    assert (few != other).any()


@pytest.mark.parametrize("body_part", list(BodyPart))
def test_a_window_shows_what_the_radiograph_shows(body_part: BodyPart) -> None:
    rng = np.random.default_rng(2)
    posed = pose_limb(body_part, Person(), LimbScores({"IP": 2}, {}), rng)
    view = place_limb(posed.limb, side=Side.RIGHT, mirrored=False, size=(240, 200), rng=rng).view
    radiograph = trace(posed.limb, view)
    site = posed.limb.sites["IP"]
    x, y = view.to_radiograph([(site.x, site.y)])[0].round().astype(int)
    left, top = int(x) - 17, int(y) - 13
    window = trace(posed.limb, view.window(left, top, 33, 31))
    for name in ("mineral", "flesh", "inside"):
        part = getattr(radiograph, name)[top : top + 31, left : left + 33]
        np.testing.assert_allclose(getattr(window, name), part, atol=2e-3)
    assert window.mineral.max() > 1
