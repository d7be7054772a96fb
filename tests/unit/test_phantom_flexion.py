"""Radiographs of one patient that differ in the fingers' flexion, or in noise, alone."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sharpflow.phantom.bones import measurements as mm
from sharpflow.phantom.bones.hands import MOST_FLEXION
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.bilateral import make_bilateral
from sharpflow.phantom.projection.radiographs import SyntheticRadiograph

HEIGHT = 240


@cache
def make(flexion: float | None, noise: int = 0) -> SyntheticRadiograph:
    scores = sample_scores("P", 5, severity=3.0)
    return make_bilateral(
        Person(), scores, seed=5, patient="P", height=HEIGHT, flexion=flexion, noise=noise
    )


def joints_of(radiograph: SyntheticRadiograph) -> pd.DataFrame:
    return pd.DataFrame(radiograph.joints).set_index(["limb", "joint"])


def test_flexion_leaves_exposure_place_scores_and_joint_spaces() -> None:
    flat, bent = make(0.0), make(MOST_FLEXION)
    assert bent.row == flat.row
    same = ["erosion", "narrowing", "gap_mm"]
    pd.testing.assert_frame_equal(joints_of(bent)[same], joints_of(flat)[same])


def test_only_fingers_move() -> None:
    flat, bent = joints_of(make(0.0)), joints_of(make(MOST_FLEXION))
    moved = (bent[["x", "y"]] - flat[["x", "y"]]).abs().max(axis=1)
    beyond = moved.index.get_level_values("joint").str.match("PIP|IP")
    assert beyond.sum() == 10
    assert moved[beyond].min() > 1
    assert moved[~beyond].max() == 0


@pytest.mark.parametrize("finger", [2, 3, 4, 5])
def test_a_proximal_phalanx_is_shortened_by_half_of_what_the_cosine_takes(finger: int) -> None:
    places = [joints_of(make(degrees)).loc["LH"] for degrees in (0.0, MOST_FLEXION)]
    flat, bent = (place.loc[f"PIP{finger}", ["x", "y"]].to_numpy(float) for place in places)
    lost = np.linalg.norm(bent - flat) * make(0.0).row["mm_per_pixel"]
    expected = mm.HAND_PROXIMAL[finger].length * (1 - np.cos(np.deg2rad(MOST_FLEXION))) / 2
    assert lost == pytest.approx(expected, rel=0.02)  # a tilt of the hand narrows it, too


def test_the_wrist_and_the_noise_on_it_are_the_same() -> None:
    flat, bent = make(0.0), make(MOST_FLEXION)
    wrist = int(joints_of(flat)["y"].max())
    # Scatter from the fingers reaches the wrist by less than rounding.
    apart = np.abs(flat.image[wrist:].astype(int) - bent.image[wrist:])
    assert apart.max() <= 1
    assert np.abs(flat.image[:wrist].astype(int) - bent.image[:wrist]).max() > 20


def test_other_noise_changes_nothing_else() -> None:
    one, other = make(0.0), make(0.0, noise=1)
    assert other.row == one.row
    pd.testing.assert_frame_equal(joints_of(other), joints_of(one))
    np.testing.assert_array_equal(other.mask, one.mask)
    apart = one.image.astype(float) - other.image
    assert apart.std() > 0.5
    assert abs(apart.mean()) < 0.1


def test_without_a_flexion_the_fingers_are_as_sampled() -> None:
    sampled = make(None)
    assert not np.array_equal(sampled.image, make(0.0).image)
    exposure = ["brightness", "background", "range", "gamma", "noise", "blur_mm", "rotation"]
    assert {key: sampled.row[key] for key in exposure} == {
        key: make(0.0).row[key] for key in exposure
    }
