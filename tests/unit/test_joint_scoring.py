"""Splits, under-sampling and the ordinal code."""

import numpy as np
import pandas as pd
import pytest

from sharpflow.cohorts.splits import split_joints, split_patients
from sharpflow.errors import UserError
from sharpflow.joints.scoring.head_training import class_weights
from sharpflow.joints.scoring.ordinal import decode, encode
from sharpflow.joints.scoring.undersampling import undersample

PATIENTS = [f"UAB{n:03d}" for n in range(1, 368)]


def test_split_has_the_papers_shares_and_every_patient_once() -> None:
    table = split_patients(PATIENTS)
    assert table["patient"].tolist() == PATIENTS
    # 10% of 367 and 10% of the remaining 330, both rounded up as scikit-learn does
    assert table["split"].value_counts().to_dict() == {"train": 297, "validation": 33, "test": 37}


def test_split_depends_on_the_patients_alone_not_on_their_order() -> None:
    shuffled = list(np.random.default_rng(0).permutation(PATIENTS * 2))
    pd.testing.assert_frame_equal(split_patients(shuffled), split_patients(PATIENTS))
    assert not split_patients(PATIENTS, random_state=1).equals(split_patients(PATIENTS))


def test_too_few_patients_is_the_users_error() -> None:
    with pytest.raises(UserError, match="1 patients"):
        split_patients(["a"])


RADIOGRAPHS = pd.DataFrame(
    {
        "image_id": ["a-LH", "a-LF", "b-LH", "b-LF", "c-LH", "c-LF"],
        "patient": list("aabbcc"),
        "visit": "1",
        "limb": ["LH", "LF"] * 3,
        "split": ["train"] * 2 + ["validation"] * 2 + ["test"] * 2,
    }
)


def test_a_joint_has_its_patients_split() -> None:
    joints = split_joints(RADIOGRAPHS, unit="patient")
    assert len(joints) == 3 * (10 + 6)
    assert joints[["patient", "split"]].drop_duplicates().to_numpy().tolist() == [
        ["a", "train"],
        ["b", "validation"],
        ["c", "test"],
    ]


def test_by_joint_hands_and_feet_are_split_each_for_itself() -> None:
    joints = split_joints(RADIOGRAPHS, unit="joint", test=0.2, validation=0.25)
    hands = joints["limb"] == "LH"
    assert joints.loc[hands, "split"].value_counts().to_dict() == {
        "train": 18,
        "validation": 6,
        "test": 6,
    }
    feet = RADIOGRAPHS[RADIOGRAPHS["limb"] == "LF"]
    alone = split_joints(feet, unit="joint", test=0.2, validation=0.25)
    pd.testing.assert_frame_equal(alone, joints[~hands].reset_index(drop=True))
    # Whose radiographs are whose does not matter.
    again = split_joints(RADIOGRAPHS[::-1], unit="joint", test=0.2, validation=0.25)
    key = ["image_id", "joint"]
    pd.testing.assert_frame_equal(
        again.sort_values(key, ignore_index=True), joints.sort_values(key, ignore_index=True)
    )


def test_zeros_are_cut_to_the_next_largest_class() -> None:
    scores = np.array([0] * 50 + [3] * 7 + [1] * 4)
    kept = undersample(scores, np.random.default_rng(1))
    assert np.bincount(scores[kept]).tolist() == [7, 4, 0, 7]
    assert (np.diff(kept) > 0).all()
    assert not np.array_equal(kept, undersample(scores, np.random.default_rng(2)))


def test_undersampling_leaves_alone_what_is_not_too_many() -> None:
    assert undersample([0, 1, 1, 2], np.random.default_rng(1)).tolist() == [0, 1, 2, 3]
    assert undersample([0, 0, 0], np.random.default_rng(1)).tolist() == [0, 1, 2]


def test_every_score_weighs_the_same_in_validation() -> None:
    scores = np.array([0] * 6 + [2] * 3 + [5])
    weights = class_weights(scores)
    assert weights.mean() == pytest.approx(1)
    assert [weights[scores == k].sum() for k in (0, 2, 5)] == pytest.approx([10 / 3] * 3)


def test_bits_are_the_papers() -> None:
    assert encode([0, 1, 2], 3).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert encode([0, 1, 2], 3).dtype == np.float32
    for wrong in ([3], [-1], [0.5], [np.nan]):
        with pytest.raises(ValueError, match="0 to 2"):
            encode(wrong, 3)


def test_decoding_undoes_encoding() -> None:
    scores = np.arange(11)
    assert decode(encode(scores, 11)).tolist() == scores.tolist()


def test_decoding_of_bits_that_do_not_fall() -> None:
    odd = np.array([[1.0, 0.2, 0.9], [0.1, 0.9, 0.9], [0.5, 0.5, 0.49], [0.0, 0.0, 0.0]])
    assert decode(odd).tolist() == [0, 2, 1, 0]


def test_the_first_bit_says_nothing() -> None:
    bits = encode(np.arange(5), 5)
    bits[:, 0] = 0  # a network that doubts what is always so
    assert decode(bits).tolist() == list(range(5))
