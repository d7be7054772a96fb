"""Who is trained on, validated on, tested on, among whole images (Bo et al., 2.1 and 2.3).

The paper: 2,700, 760 and 358 of 3,818 images; for bone age the RSNA's own training and validation
parts. How the images were split is silent: ours is at random, and no patient is on two sides. A
patient whom another cohort has split already keeps that split, so that both papers' ways can be
held against each other on patients whom neither was trained on.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sharpflow.cohorts.splits import SPLITS, share_out
from sharpflow.errors import UserError


def split_images(
    images: pd.DataFrame,
    *,
    train: float,
    validation: float,
    test: float,
    random_state: int,
    given: pd.DataFrame | None = None,
    kept: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Split images at random, by patient.

    Args:
        images: image_id, patient (the image_id, where patients are unknown); in any order.
        train: number of images (the three add up to all), or a share (they add up to 1).
        validation: likewise.
        test: likewise.
        random_state: of the choice.
        given: patient, split. These patients keep their split; of the others so many are chosen
            that the three come as near to what is asked as whole patients allow.
        kept: patient -> split, from an earlier run: kept likewise, unless `given` says otherwise.

    Returns:
        image_id, patient, split, sorted by image_id.

    Raises:
        UserError: the numbers do not fit the images, or a split would be empty.
    """
    sizes = images.groupby("patient").size().sort_index()
    wanted = _wanted(len(images), (train, validation, test))
    fixed = {p: split for p, split in (kept or {}).items() if p in sizes.index}
    fixed |= _fixed(given, set(sizes.index))
    had = {name: sum(int(sizes[p]) for p, s in fixed.items() if s == name) for name in SPLITS}
    free = sizes[~sizes.index.isin(list(fixed))]
    lacking = np.array([max(0, wanted[name] - had[name]) for name in SPLITS], float)
    quota = dict(zip(SPLITS, share_out(int(free.sum()), lacking), strict=True))
    split_of = fixed | _allot(free, quota, random_state)
    splits = images["patient"].map(split_of)
    found = {name: int((splits == name).sum()) for name in SPLITS}
    if not all(found.values()):
        raise UserError(
            f"{len(images)} images of {len(sizes)} patients would be split into {_said(found)} "
            f"(asked for: {_said(wanted)}), and none may be empty. Give more images, or change "
            "the numbers or shares of the split."
        )
    return _table(images, splits)


def split_bone_age(
    images: pd.DataFrame,
    *,
    random_state: int,
    validation: float = 0.1,
    kept: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The split of the bone-age images: the RSNA's own, else sampled.

    Args:
        images: image_id, patient, part; those of the part "validation" are the validation split.
        random_state: of the choice, where no image is of that part.
        validation: then the share of the training part (ours: a tenth, as in the RSNA's).
        kept: then patient -> split, from an earlier run; these keep their split.

    Returns:
        image_id, patient, split, sorted by image_id.

    Raises:
        UserError: a split would be empty.
    """
    splits = images["part"].map({"training": "train", "validation": "validation"})
    if not (splits == "validation").any():
        names = sorted(set(images["patient"]))
        chosen_names = {n for n in names if kept and kept.get(n) == "validation"}
        free = [name for name in names if not kept or name not in kept]
        lacking = max(0, round(len(names) * validation) - len(chosen_names))
        chosen = np.random.default_rng(random_state).permutation(len(free))
        chosen_names |= {free[i] for i in chosen[:lacking]}
        splits = splits.mask(images["patient"].isin(chosen_names), "validation")
    found = {name: int((splits == name).sum()) for name in SPLITS[:2]}
    if not all(found.values()):
        raise UserError(
            f"{len(images)} images of bone age are split into {_said(found)}, and neither may be "
            "empty. Give more images, or change the share of the validation split."
        )
    return _table(images, splits)


def split_as_asked(
    images: pd.DataFrame,
    *,
    cohort: str,
    asked: Mapping[str, Any],
    given: pd.DataFrame | None = None,
    kept: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The split of a cohort's images by the settings.

    Args:
        images: as for `split_images` or `split_bone_age`.
        cohort: "whole_image" or "bone_age".
        asked: all of `whole_image: split`.
        given: as for `split_images`.
        kept: patient -> split, from an earlier run.

    Raises:
        UserError: as for these.
    """
    asked = dict(asked)
    share = asked.pop("bone_age_validation")
    if cohort == "bone_age":
        random_state = asked["random_state"]
        return split_bone_age(images, random_state=random_state, validation=share, kept=kept)
    return split_images(images, **asked, given=given, kept=kept)


def dealt_by(settings: Mapping[str, Any], images: str) -> dict[str, Any]:
    """The settings of a split that deal all patients anew when they change.

    Shares do; numbers of images do not, since they change with every image that comes.

    Args:
        settings: all of `whole_image: split`.
        images: "whole_image" or "bone_age".
    """
    names = ["bone_age_validation"] if images == "bone_age" else list(SPLITS)
    shares = {name: settings[name] for name in names if settings[name] < 1}
    return {**shares, "random_state": settings["random_state"]}


def _wanted(images: int, asked: tuple[float, float, float]) -> dict[str, int]:
    """Images of each split that were asked for, as numbers.

    `asked` is above 0, and shares add up to 1: the settings have refused all else.
    """
    said = " ".join(f"{name} {value:g}" for name, value in zip(SPLITS, asked, strict=True))
    if max(asked) < 1:
        return dict(zip(SPLITS, share_out(images, np.array(asked)), strict=True))
    if any(value % 1 or value < 1 for value in asked):
        raise UserError(
            f"The split asks for {said}: give three whole numbers of images, or three shares "
            "that add up to 1."
        )
    if sum(asked) != images:
        raise UserError(
            f"The split asks for {said}, {sum(asked):g} images together, and the cohort has "
            f"{images}. Give numbers that add up to {images}, or shares that add up to 1."
        )
    return {name: int(value) for name, value in zip(SPLITS, asked, strict=True)}


def _fixed(given: pd.DataFrame | None, patients: set[str]) -> dict[str, str]:
    """The splits of patients who have one already."""
    if given is None:
        return {}
    known = given[given["patient"].isin(patients)].drop_duplicates(["patient", "split"])
    twice = known.loc[known["patient"].duplicated(), "patient"].tolist()
    if twice:
        raise UserError(f"The given split has patient {twice[0]} on two sides: give each one.")
    wrong = sorted(set(known["split"]) - set(SPLITS))
    if wrong:
        raise UserError(f"The given split has {wrong[0]!r}; expected {', '.join(SPLITS)}.")
    return dict(zip(known["patient"], known["split"], strict=True))


def _allot(sizes: "pd.Series[int]", quota: Mapping[str, int], random_state: int) -> dict[str, str]:
    """Choose patients for test, then validation, until each is as near its number as it comes."""
    names = [str(name) for name in sizes.index]
    left = [names[i] for i in np.random.default_rng(random_state).permutation(len(names))]
    chosen_names: dict[str, str] = {}
    for split in ("test", "validation"):
        room = quota[split]
        passed = []
        for name in left:
            if sizes[name] <= room:
                chosen_names[name] = split
                room -= int(sizes[name])
            else:
                passed.append(name)
        # One patient too large for the room left may still bring it nearer.
        nearest = min(passed, key=lambda name: abs(int(sizes[name]) - room), default=None)
        if nearest is not None and abs(int(sizes[nearest]) - room) < room:
            chosen_names[nearest] = split
            passed.remove(nearest)
        left = passed
    return chosen_names | dict.fromkeys(left, "train")


def _table(images: pd.DataFrame, splits: "pd.Series[str]") -> pd.DataFrame:
    table = images[["image_id", "patient"]].assign(split=splits)
    return table.sort_values("image_id", ignore_index=True)


def _said(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())
