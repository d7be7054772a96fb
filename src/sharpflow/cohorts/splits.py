"""The study's one split, by patient, and one by joint, which Tan et al. (2.4.1) may mean.

The paper: test 10% of the data with random state 42, validation 10% of the rest. Whether a patient
may lie on both sides is not said there; ours never does, unless the split by joint is asked for.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS
from sharpflow.errors import UserError

SPLITS = ("train", "validation", "test")


def split_patients(
    patients: Iterable[str],
    *,
    test: float = 0.1,
    validation: float = 0.1,
    random_state: int = 42,
    kept: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Split patients at random into test, validation and train.

    Args:
        patients: their order and repetition do not matter.
        test: share of all patients.
        validation: share of the rest.
        random_state: decides who goes where.
        kept: patient -> split, from an earlier run. These patients keep their split; the others are
            dealt so that the shares come as near to what is asked as they can.

    Returns:
        patient, split ("train", "validation" or "test"), sorted by patient.

    Raises:
        UserError: there are too few patients for three splits, or one would be empty.
    """
    names = sorted(set(patients))
    fixed = {name: kept[name] for name in names if kept and name in kept}
    if fixed:
        tests = math.ceil(test * len(names))  # rounded as by train_test_split
        validations = math.ceil(validation * (len(names) - tests))
        wanted = (len(names) - tests - validations, validations, tests)
        splits = fixed | _deal(names, fixed, dict(zip(SPLITS, wanted, strict=True)), random_state)
    else:
        splits = _split(names, test, validation, random_state, "patients")
    return pd.DataFrame({"patient": names, "split": [splits[name] for name in names]})


def _deal(
    names: list[str], fixed: Mapping[str, str], wanted: Mapping[str, int], random_state: int
) -> dict[str, str]:
    """Deal the patients without a split, so that each comes near to its number."""
    new = [name for name in names if name not in fixed]
    had = Counter(fixed.values())
    lacking = np.array([max(0, wanted[split] - had[split]) for split in SPLITS], float)
    quota = Counter(dict(zip(SPLITS, share_out(len(new), lacking), strict=True)))
    for split in SPLITS:
        if not had[split] + quota[split] and new:
            quota[quota.most_common(1)[0][0]] -= 1
            quota[split] = 1
    empty = [split for split in SPLITS if not had[split] + quota[split]]
    if empty:
        raise UserError(
            f"{len(names)} patients, of whom {len(fixed)} keep their split, leave none for "
            f"{' and '.join(empty)}. Give more patients, or delete the study's split.csv, which "
            "splits all patients anew."
        )
    order = np.random.default_rng(random_state).permutation(len(new))
    parts = [split for split in ("test", "validation", "train") for _ in range(quota[split])]
    return {new[number]: part for number, part in zip(order, parts, strict=True)}


def share_out(number: int, weights: "np.typing.NDArray[np.float64]") -> list[int]:
    """A whole number shared out by weight, by the largest remainders."""
    total = weights.sum()
    exact = number * weights / total if total else np.zeros(len(weights))
    whole = np.floor(exact + 1e-9).astype(int)
    rest = number - whole.sum() if total else 0
    for index in np.argsort(-(exact - whole), kind="stable")[:rest]:
        whole[index] += 1
    return [int(value) for value in whole]


def every_joint(radiographs: pd.DataFrame) -> pd.DataFrame:
    """The finger and toe joints that radiographs show, found or not.

    Args:
        radiographs: image_id, patient, visit, limb.

    Returns:
        image_id, patient, visit, limb, joint: in the order of `radiographs`, then anatomy's.
    """
    columns = ["image_id", "patient", "visit", "limb"]
    joints = [
        (*row, joint.name)
        for row in radiographs[columns].itertuples(index=False, name=None)
        for joint in DETECTED_JOINTS[LIMBS[row[-1]].body_part]
    ]
    return pd.DataFrame(joints, columns=[*columns, "joint"])


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
        radiographs: image_id, patient, visit, limb, split (the patient's), a row for each.
        unit: "patient", a joint's split is its patient's; "joint", joints of hands, and those of
            feet, are split at random whoever's they are: a patient may be in train and in test.
        test: share of all joints of a body part, for the unit "joint", as are the next two.
        validation: share of the rest.
        random_state: decides who goes where.

    Returns:
        image_id, patient, visit, limb, joint, split: in the order of `radiographs`, then anatomy's.
    """
    joints = every_joint(radiographs)
    split_of = radiographs.set_index("image_id")["split"]
    joints["split"] = joints["image_id"].map(split_of).to_numpy()
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
