"""How unlike the joints of training a radiograph's are, by hand."""

import numpy as np
import pytest

from sharpflow.joints.scoring.familiarity import Familiar, fit_familiar, how_far


def test_a_radiograph_is_as_far_off_as_its_middle_joint() -> None:
    familiar = Familiar((1.0, 2.0), (1.0, 2.0), most=9.0)
    features = [[1, 2], [2, 4], [4, 8], [1, 2 + 2 * np.sqrt(8)]]
    far = how_far(features, ["a", "a", "a", "b"], familiar)  # 0, 1 and 3 of a; 2 of b
    assert far.to_dict() == pytest.approx({"a": 1.0, "b": 2.0})
    assert how_far(np.empty((0, 2)), [], familiar).empty


def test_what_a_study_learned_from_is_familiar_and_test_joints_do_not_count() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(600, 512))
    features[:, 3] = 7  # never varies
    radiographs = [f"r{number // 10}" for number in range(600)]
    splits = ["train"] * 400 + ["validation"] * 100 + ["test"] * 100
    features[500:] += 50
    found = fit_familiar(features, radiographs, splits)
    assert abs(np.mean(found.mean) - 7 / 512) < 0.01
    far = how_far(features, radiographs, found)
    assert found.most == far.iloc[:50].max()  # 99% of 50 radiographs are all of them
    assert 0.9 < found.most < 1.1
    assert (far.iloc[50:] > 40).all()
    odd = features[:10].copy()
    odd[:, 3] = 8
    assert how_far(odd, ["r"] * 10, found).iloc[0] < 1.1


def test_one_in_a_hundred_is_beyond_what_is_familiar() -> None:
    features = np.arange(1.0, 202) * np.resize([1, -1], 201)
    radiographs = [f"r{place}" for place in range(201)]
    found = fit_familiar(features[:, None], radiographs, ["train"] * 201)
    far = how_far(features[:, None], radiographs, found)
    assert set(far.index[far > found.most]) == {"r199", "r200"}
