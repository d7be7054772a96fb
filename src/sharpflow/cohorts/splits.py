"""The study's one split, by patient, and one by joint, which Tan et al. (2.4.1) may mean.

The paper: test 10% of the data with random state 42, validation 10% of the rest. Whether a patient
may lie on both sides is not said there; ours never does, unless the split by joint is asked for.
"""

from collections.abc import Iterable
from typing import Any, Literal

import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS
from sharpflow.cohorts.csv_rows import row_numbers
from sharpflow.errors import Problem, ProblemsError, UserError

SPLITS = ("train", "validation", "test")


def split_patients(
    patients: Iterable[str], *, test: float = 0.1, validation: float = 0.1, random_state: int = 42
) -> pd.DataFrame:
    """Split patients at random into test, validation and train.

    Args:
        patients: their order and repetition do not matter.
        test: share of all patients.
        validation: share of the rest.
        random_state: decides who goes where.

    Returns:
        patient, split ("train", "validation" or "test"), sorted by patient.

    Raises:
        UserError: there are too few patients for three splits.
    """
    names = sorted(set(patients))
    splits = _split(names, test, validation, random_state, "patients")
    return pd.DataFrame({"patient": names, "split": [splits[name] for name in names]})


def split_joints(
    radiographs: pd.DataFrame,
    *,
    unit: Literal["patient", "joint"],
    test: float = 0.1,
    validation: float = 0.1,
    random_state: int = 42,
) -> pd.DataFrame:
    """The split of each joint that radiographs show, found or not.

    Args:
        radiographs: image_id, patient, limb, split (the patient's), a row for each.
        unit: "patient", a joint's split is its patient's; "joint", joints of hands, and those of
            feet, are split at random whoever's they are: a patient may be in train and in test.
        test: share of all joints of a body part, for the unit "joint", as are the next two.
        validation: share of the rest.
        random_state: decides who goes where.

    Returns:
        image_id, patient, limb, joint, split: in the order of `radiographs`, then anatomy's.
    """
    joints = pd.DataFrame(
        [
            (row.image_id, row.patient, row.limb, joint.name, row.split)
            for row in radiographs.itertuples()
            for joint in DETECTED_JOINTS[LIMBS[str(row.limb)].body_part]
        ],
        columns=["image_id", "patient", "limb", "joint", "split"],
    )
    if unit == "patient":
        return joints
    for _, rows in joints.groupby([LIMBS[limb].body_part for limb in joints["limb"]]):
        keys = list(zip(rows["image_id"], rows["joint"], strict=True))
        splits = _split(sorted(keys), test, validation, random_state, "joints")
        joints.loc[rows.index, "split"] = [splits[key] for key in keys]
    return joints


def _split(
    things: list[Any], test: float, validation: float, random_state: int, what: str
) -> dict[Any, str]:
    from sklearn.model_selection import train_test_split

    try:
        rest, tested = train_test_split(things, test_size=test, random_state=random_state)
        train, validated = train_test_split(rest, test_size=validation, random_state=random_state)
    except ValueError as error:
        raise UserError(
            f"{len(things)} {what} cannot be split into test {test:g} and validation "
            f"{validation:g} of the rest: {error}. Give more {what} or change the shares."
        ) from error
    parts = zip(SPLITS, (train, validated, tested), strict=True)
    return {thing: split for split, part in parts for thing in part}


def check_split(
    table: pd.DataFrame, patients: Iterable[str], *, file: str = "split.csv"
) -> pd.DataFrame:
    """Check a split that the user made: every patient once, in a known split, none left empty.

    Gives patient, split, sorted by patient. ProblemsError with everything that is wrong; `file`
    names the table in it. Row 2 is the first below the header.
    """
    missing = [name for name in ("patient", "split") if name not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns)) or "no columns"
        raise ProblemsError(
            [Problem(file, "header", found, "columns patient, split", "Add the missing column.")]
        )
    table = table[["patient", "split"]].astype(str)
    known = set(patients)
    problems = list(_row_problems(table, known, file))
    problems += [
        Problem(file, "", f"no row for patient {patient}", "a row for each patient", "Add the row.")
        for patient in sorted(known - set(table["patient"]))
    ]
    problems += [
        Problem(file, "", f"no patient in {split}", "at least one", f"Put patients into {split}.")
        for split in SPLITS
        if split not in set(table["split"])
    ]
    if problems:
        raise ProblemsError(problems)
    return table.sort_values("patient", ignore_index=True)


def _row_problems(table: pd.DataFrame, known: set[str], file: str) -> Iterable[Problem]:
    seen: set[str] = set()
    for row, patient, split in zip(
        row_numbers(table), table["patient"], table["split"], strict=True
    ):
        where = f"row {row}"
        if patient in seen:
            yield Problem(file, where, f"patient {patient} again", "each once", "Delete one row.")
        elif patient not in known:
            yield Problem(
                file, where, f"patient {patient}", "a patient of the cohort", "Delete the row."
            )
        seen.add(patient)
        if split not in SPLITS:
            yield Problem(file, where, f"split {split!r}", ", ".join(SPLITS), "Correct the split.")
