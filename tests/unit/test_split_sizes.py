"""Too few patients for a split are refused in words, before anything is made."""

import pandas as pd
import pytest

from sharpflow.cohorts.split_sizes import check_body_parts, few_tested, split_sizes
from sharpflow.cohorts.splits import split_patients
from sharpflow.errors import UserError


def test_the_sizes_are_those_of_the_split() -> None:
    for patients in (3, 4, 7, 10, 19, 37):
        for shares in ({"test": 0.1, "validation": 0.1}, {"test": 0.3, "validation": 0.2}):
            made = split_patients(map(str, range(patients)), **shares)["split"].value_counts()
            assert split_sizes(patients, **shares) == made.to_dict()


@pytest.mark.parametrize(
    ("patients", "test", "validation", "message"),
    [
        (1, 0.1, 0.1, r"of 1 patient, test 0\.1.* 0 to train, 0 to .*At least three patients"),
        (2, 0.1, 0.1, r"of 2 patients.* 0 to train, 1 to validation, 1 to test.*At least three"),
        (40, 0.9, 0.99, r"test 0\.9 and validation 0\.99.* 0 to train.*Lower these shares"),
    ],
)
def test_an_empty_part_is_told_in_words(
    patients: int, test: float, validation: float, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        split_sizes(patients, test=test, validation=validation)


def test_few_test_patients_are_warned_of() -> None:
    assert "only 1 of 9 patients" in few_tested(split_sizes(9, test=0.1, validation=0.1))
    assert few_tested(split_sizes(50, test=0.1, validation=0.1)) == ""


def test_each_part_has_each_body_part() -> None:
    split = pd.DataFrame({"patient": ["a", "b", "c"], "split": ["train", "validation", "test"]})
    hands = pd.DataFrame({"patient": ["a", "b", "c"], "body_part": "hand"})
    check_body_parts(split, hands)
    feet = pd.DataFrame({"patient": ["a", "c"], "body_part": "foot"})
    with pytest.raises(UserError, match=r"of 2 patients with .* a foot, none is in .*validation"):
        check_body_parts(split, pd.concat([hands, feet]))
