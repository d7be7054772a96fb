"""The splits of whole images: by patient, as near to what is asked as it comes."""

import pandas as pd
import pytest

from sharpflow.errors import UserError
from sharpflow.whole_image.data.splits import split_bone_age, split_images

SHARES = {"train": 0.7, "validation": 0.2, "test": 0.1}


def images(patients: list[str]) -> pd.DataFrame:
    names = [f"i{number:04d}" for number in range(len(patients))]
    return pd.DataFrame({"image_id": names, "patient": patients})


def counts(split: pd.DataFrame) -> dict[str, int]:
    return split["split"].value_counts().to_dict()


def one_each(number: int) -> pd.DataFrame:
    return images([f"p{patient}" for patient in range(number)])


def test_the_papers_numbers_are_met() -> None:
    asked = {"train": 2700, "validation": 760, "test": 358}
    split = split_images(one_each(3818), **asked, random_state=42)
    assert counts(split) == asked
    assert split["image_id"].tolist() == sorted(split["image_id"])
    assert set(split["patient"]) == set(one_each(3818)["patient"])


def test_shares_become_whole_images() -> None:
    split = split_images(one_each(101), **SHARES, random_state=42)
    assert counts(split) == {"train": 71, "validation": 20, "test": 10}


def test_no_patient_is_on_two_sides_and_the_numbers_are_still_met() -> None:
    patients = [f"p{number}" for number in range(60) for _ in range(1 + number % 3)]
    split = split_images(images(patients), **SHARES, random_state=7)
    assert not split.drop_duplicates(["patient", "split"])["patient"].duplicated().any()
    assert counts(split) == {"train": 84, "validation": 24, "test": 12}


def test_large_patients_come_as_near_as_whole_patients_allow() -> None:
    patients = [f"p{number}" for number in range(10) for _ in range(7)]
    split = split_images(images(patients), train=0.6, validation=0.3, test=0.1, random_state=0)
    assert counts(split) == {"train": 42, "validation": 21, "test": 7}
    split = split_images(images(patients), train=48, validation=17, test=5, random_state=0)
    assert counts(split) == {"train": 49, "validation": 14, "test": 7}


def test_order_of_rows_changes_nothing_and_the_state_does() -> None:
    every = images([f"p{number % 40}" for number in range(90)])
    split = split_images(every, **SHARES, random_state=1)
    mixed = every.sample(frac=1, random_state=3)
    assert split_images(mixed, **SHARES, random_state=1).equals(split)
    assert not split_images(every, **SHARES, random_state=2).equals(split)


def test_patients_split_elsewhere_keep_their_split() -> None:
    given = pd.DataFrame({"patient": [f"p{number}" for number in range(30)] + ["stranger"]})
    given["split"] = (["train"] * 20 + ["validation"] * 4 + ["test"] * 6) + ["test"]
    split = split_images(one_each(100), **SHARES, random_state=42, given=given)
    kept = split.merge(given, on="patient", suffixes=("", "_given"))
    assert len(kept) == 30
    assert (kept["split"] == kept["split_given"]).all()
    assert counts(split) == {"train": 70, "validation": 20, "test": 10}


def test_where_too_many_are_given_the_rest_is_shared_by_the_others() -> None:
    given = pd.DataFrame({"patient": [f"p{number}" for number in range(19)], "split": "test"})
    split = split_images(one_each(100), **SHARES, random_state=42, given=given)
    assert counts(split) == {"train": 63, "validation": 18, "test": 19}


def test_all_given() -> None:
    given = pd.DataFrame({"patient": ["p0", "p1", "p2"], "split": ["test", "train", "validation"]})
    split = split_images(one_each(3), **SHARES, random_state=42, given=given)
    assert split["split"].tolist() == ["test", "train", "validation"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((2700, 760, 358), r"3818 images together, and the cohort has 50"),
        ((30, 10, 5), r"45 images together, and the cohort has 50"),
        ((40, 9.5, 0.5), r"whole numbers of images, or three shares"),
        ((0.98, 0.01, 0.01), r"train 49, validation 1, test 0"),
    ],
)
def test_numbers_that_do_not_fit_are_said(asked: tuple[float, float, float], said: str) -> None:
    train, validation, test = asked
    with pytest.raises(UserError, match=said):
        split_images(one_each(50), train=train, validation=validation, test=test, random_state=1)


def test_one_patient_cannot_be_split() -> None:
    with pytest.raises(UserError, match="20 images of 1 patients"):
        split_images(images(["p"] * 20), **SHARES, random_state=1)


def test_a_given_split_that_makes_no_sense() -> None:
    twice = pd.DataFrame({"patient": ["p1", "p1"], "split": ["train", "test"]})
    with pytest.raises(UserError, match="p1 on two sides"):
        split_images(one_each(20), **SHARES, random_state=1, given=twice)
    wrong = pd.DataFrame({"patient": ["p1"], "split": ["tests"]})
    with pytest.raises(UserError, match="'tests'; expected train"):
        split_images(one_each(20), **SHARES, random_state=1, given=wrong)


def test_bone_ages_own_validation_part_is_kept() -> None:
    parts = ["training"] * 7 + ["validation"] * 3
    split = split_bone_age(one_each(10).assign(part=parts), random_state=1)
    assert split["split"].tolist() == ["train"] * 7 + ["validation"] * 3


def test_bone_age_without_a_validation_part() -> None:
    every = one_each(60).assign(part="training")
    split = split_bone_age(every, random_state=1)
    assert counts(split) == {"train": 54, "validation": 6}
    assert split_bone_age(every[::-1], random_state=1).equals(split)
    assert not split_bone_age(every, random_state=2).equals(split)
    with pytest.raises(UserError, match="train 3, validation 0"):
        split_bone_age(every[:3], random_state=1)
