"""Splits that stay when patients come and go."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sharpflow.cohorts.lasting_splits import read_earlier_split
from sharpflow.cohorts.splits import split_patients
from sharpflow.errors import UserError
from sharpflow.files import read_table, write_table
from sharpflow.whole_image.data.splits import dealt_by, split_bone_age, split_images

from .scripts import run_script

OLD = [f"P{number:02}" for number in range(20)]
SHARES = {"test": 0.2, "validation": 0.25, "random_state": 42}


def parts(split: pd.DataFrame) -> dict[str, str]:
    return dict(zip(split["patient"], split["split"], strict=True))


def test_new_patients_move_nobody_and_the_shares_are_kept() -> None:
    kept = parts(split_patients(OLD, **SHARES))
    new = [f"A{number}" for number in range(5)]  # before all others in the alphabet
    split = split_patients(OLD + new, **SHARES, kept=kept)
    assert {patient: part for patient, part in parts(split).items() if patient in kept} == kept
    # As of 25 patients split at once: 5 test, a quarter of the other 20 validate.
    assert split["split"].value_counts().to_dict() == {"train": 15, "validation": 5, "test": 5}


def test_a_split_that_has_lost_its_patients_is_filled_first() -> None:
    kept = parts(split_patients(OLD, **SHARES))
    left = [patient for patient in OLD if kept[patient] != "test"]
    split = parts(split_patients([*left, "new"], **SHARES, kept=kept))
    assert split["new"] == "test"
    with pytest.raises(UserError, match="leave none for test"):
        split_patients(left, **SHARES, kept=kept)


def test_nobody_kept_is_the_papers_split() -> None:
    pd.testing.assert_frame_equal(
        split_patients(OLD, **SHARES, kept={"gone": "test"}), split_patients(OLD, **SHARES)
    )


def run_split(folder: Path, patients: list[str], **shares: Any) -> dict[str, str]:
    """Run the rule's script in a folder where it may have run before."""
    write_table(
        pd.DataFrame({"patient": patients, "body_part": "hand"}), folder / "radiographs.csv"
    )
    run_script(
        "split_patients",
        folder,
        input={"radiographs": [f"{folder}/radiographs.csv"], "table": []},
        output={"split": f"{folder}/split.csv", "record": f"{folder}/split.json"},
        params={"shares": SHARES | shares, "unscored": []},
    )
    return parts(read_table(folder / "split.csv"))


def test_a_study_keeps_its_split_and_says_what_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = run_split(tmp_path, OLD)
    assert (tmp_path / "split.csv").read_text() == "patient,split\n" + "".join(
        f"{patient},{part}\n" for patient, part in parts(split_patients(OLD, **SHARES)).items()
    )
    assert capfd.readouterr().err == ""
    fewer = run_split(tmp_path, [*OLD[1:], "new"])
    assert {p: part for p, part in fewer.items() if p in first} == {p: first[p] for p in OLD[1:]}
    said = capfd.readouterr().err
    assert "19 patients keep their split; new: 1 in " in said
    assert "gone: P00" in said
    # Who comes back gets the old split back.
    assert run_split(tmp_path, OLD) == first
    capfd.readouterr()

    other = run_split(tmp_path, OLD, random_state=7)
    assert other == parts(split_patients(OLD, **SHARES | {"random_state": 7}))
    assert "all 20 patients are split anew" in capfd.readouterr().err
    (tmp_path / "split.csv").unlink()
    assert run_split(tmp_path, OLD) == first


def test_a_split_without_a_record_is_kept(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"patient": ["a"], "split": ["test"]}), tmp_path / "split.csv")
    earlier = read_earlier_split(tmp_path / "split.csv", tmp_path / "split.json")
    assert earlier.kept_by(SHARES) == {"a": "test"}
    assert read_earlier_split(tmp_path / "none.csv", tmp_path / "split.json").kept_by({}) == {}


def test_the_record_tells_what_dealt_it(tmp_path: Path) -> None:
    run_split(tmp_path, OLD)
    run_split(tmp_path, OLD[1:])
    record = json.loads((tmp_path / "split.json").read_text())
    assert record["dealt_by"] == SHARES
    assert list(record["gone"]) == ["P00"]


IMAGES = pd.DataFrame({"image_id": [f"i{n:02}" for n in range(20)]}).assign(
    patient=lambda table: table["image_id"]
)
IMAGE_SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}


def test_new_images_move_no_others() -> None:
    kept = parts(split_images(IMAGES, **IMAGE_SHARES, random_state=1))
    more = pd.concat([IMAGES, IMAGES.head(4).replace("i", "a", regex=True)])
    split = split_images(more, **IMAGE_SHARES, random_state=1, kept=kept)
    assert {p: part for p, part in parts(split).items() if p in kept} == kept
    assert split["split"].value_counts().to_dict() == {"train": 12, "validation": 6, "test": 6}
    # The joint cohort's split comes first.
    given = pd.DataFrame({"patient": ["i00"], "split": ["validation"]})
    mixed = split_images(
        IMAGES, **IMAGE_SHARES, random_state=1, given=given, kept={**kept, "i00": "test"}
    )
    assert parts(mixed)["i00"] == "validation"


def test_new_children_move_no_others() -> None:
    children = IMAGES.assign(part="training")
    kept = parts(split_bone_age(children, random_state=1, validation=0.2))
    more = pd.concat([children, children.head(5).replace("^i", "a", regex=True)])
    split = parts(split_bone_age(more, random_state=1, validation=0.2, kept=kept))
    assert {p: part for p, part in split.items() if p in kept} == kept
    assert list(split.values()).count("validation") == 5


def test_numbers_of_images_may_change_without_dealing_anew() -> None:
    settings = {"train": 15, "validation": 3, "test": 2, "random_state": 1}
    settings["bone_age_validation"] = 0.1
    assert dealt_by(settings, "whole_image") == {"random_state": 1}
    assert dealt_by(settings | IMAGE_SHARES, "whole_image") == {**IMAGE_SHARES, "random_state": 1}
    assert dealt_by(settings, "bone_age") == {"bone_age_validation": 0.1, "random_state": 1}
