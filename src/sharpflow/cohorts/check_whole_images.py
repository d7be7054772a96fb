"""Check a cohort of whole images before any training: every problem at once, with its remedy."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from sharpflow.cohorts.bone_age import list_bone_age, read_bone_age
from sharpflow.cohorts.findings import Finding, Scope, by_row
from sharpflow.cohorts.labelled import ImageList, LabelledImage
from sharpflow.cohorts.near_ids import near_id_problems
from sharpflow.cohorts.said_of_images import read_comments
from sharpflow.cohorts.set_aside import PROBLEM_TABLE, refused
from sharpflow.cohorts.whole_images import list_whole_images, read_whole_images
from sharpflow.errors import Problem, ProblemsError, UserError

log = logging.getLogger(__name__)

OnProblem = Literal["stop", "set_aside"]
Split = Callable[[pd.DataFrame], object]


@dataclass(frozen=True)
class ImageCohort:
    """A checked cohort: its images as its reader gives them, and what was set aside.

    `unscored` has the images that nobody has scored, which are predicted only. `problems`: file,
    where, found, expected, remedy, set_aside (what was left out for it).
    """

    images: pd.DataFrame
    unscored: pd.DataFrame
    problems: pd.DataFrame

    def summary(self) -> str:
        """How many images there are, in words."""
        more = (
            f"; {len(self.unscored)} have no scores: predicted only" if len(self.unscored) else ""
        )
        return f"{len(self.images)} images{more}"


def check_whole_images(
    table: str | Path,
    images: str | Path,
    columns: Mapping[str, str | None],
    *,
    packed: pd.DataFrame,
    unpacked: pd.DataFrame,
    on_problem: OnProblem = "stop",
    near_ids: Iterable[Mapping[str, Sequence[str]]] = (),
    comments: str | Path | None = None,
    split: Split | None = None,
) -> ImageCohort:
    """Check radiographs of both hands: their labels (`read_whole_images`), what packing found.

    Args:
        table: a CSV of labels, a row an image.
        images: the folder of the files.
        columns: what the table calls our values (see `list_whole_images`).
        packed: image_id and digest (of the original's pixels) of the packed images of all shards.
        unpacked: image_id, file, found, expected, remedy of the images that could not be packed.
        on_problem: "stop", any problem raises; "set_aside", the images concerned are left out, and
            the problems returned.
        near_ids: groups of patients' ids that may mean one person (`near_id_problems`).
        comments: a reader's comments on the images (`read_comments`); None where there are none.
        split: splits the images that have scores; UserError where that is not possible.

    Returns:
        The images as `read_whole_images` gives them, and the problems for which some were set
        aside.

    Raises:
        ProblemsError: with "stop", there is a problem; the error lists all. With "set_aside", a
            table cannot be read at all, or nothing of the cohort is left.
        ValueError: an image that is kept is missing from `packed`.
    """
    listed = list_whole_images(table, images, columns)
    labels, problems = read_whole_images(listed)
    problems += near_id_problems(str(table), near_ids)
    if comments is not None and listed.images:
        problems += read_comments(comments, {image.image_id for image in listed.images}).problems
    total = str(columns["total"])
    has_column = any(total in image.row.values for image in listed.images)
    if len(labels) and has_column and labels["total"].isna().all():
        where, found = f"column {total}", "no total in any row"
        expected, remedy = "totals to learn from", "Fill them in, or correct the column's name."
        problems.append(Finding(str(table), where, found, expected, remedy))
    cohort = _check(
        labels, problems, listed, packed=packed, unpacked=unpacked, on_problem=on_problem
    )
    return _with_split(cohort, split, table, problems)


def check_bone_age(
    training_table: str | Path,
    training_images: str | Path,
    validation_table: str | Path | None,
    validation_images: str | Path | None,
    *,
    packed: pd.DataFrame,
    unpacked: pd.DataFrame,
    on_problem: OnProblem = "stop",
    split: Split | None = None,
) -> ImageCohort:
    """Check the children's hands: their bone ages (`read_bone_age`) and what packing found.

    Args:
        training_table: a CSV in either of the RSNA's layouts.
        training_images: the folder of its files.
        validation_table: a second such CSV, or None to check the training part alone.
        validation_images: the folder of its files, or None.
        packed: as for `check_whole_images`, as are the next two.
        unpacked: images that could not be packed.
        on_problem: "stop" or "set_aside".
        split: splits the images; UserError where that is not possible.

    Returns:
        The images as `read_bone_age` gives them, and the problems for which some were set aside.

    Raises:
        ProblemsError: as for `check_whole_images`.
        ValueError: an image that is kept is missing from `packed`.
    """
    listed = list_bone_age(training_table, training_images, validation_table, validation_images)
    labels, problems = read_bone_age(listed, training_table)
    cohort = _check(
        labels, problems, listed, packed=packed, unpacked=unpacked, on_problem=on_problem
    )
    return _with_split(cohort, split, training_table, problems)


def refused_images(problems: Sequence[Problem]) -> ImageCohort:
    """A cohort that cannot be used: its problems (see `refused`), and no images."""
    none = pd.DataFrame(columns=["image_id"])
    return ImageCohort(none, none, refused(problems))


def _check(
    labels: pd.DataFrame,
    problems: list[Finding],
    listed: ImageList,
    *,
    packed: pd.DataFrame,
    unpacked: pd.DataFrame,
    on_problem: OnProblem,
) -> ImageCohort:
    by_id = {image.image_id: image for image in listed.images}
    packed = packed[packed["image_id"].isin(by_id)]
    unpacked = unpacked[unpacked["image_id"].isin(by_id)]
    problems = by_row([*problems, *_unreadable(unpacked, by_id), *_same_content(packed, by_id)])
    fatal = [problem for problem in problems if problem.scope is Scope.COHORT]
    if fatal or (problems and on_problem == "stop"):
        raise ProblemsError(problems)
    aside = {n for problem in problems if problem.scope is Scope.RADIOGRAPH for n in problem.names}
    kept = labels[~labels["image_id"].isin(aside)].reset_index(drop=True)
    if kept.empty:
        raise ProblemsError(problems)
    missing = sorted(set(kept["image_id"]) - set(packed["image_id"]))
    if missing:
        raise ValueError(f"{len(missing)} images were not packed, first {missing[0]}")
    for problem in problems:
        log.warning("set aside %s: %s", problem.set_aside, problem)
    rows = [(p.file, p.where, p.found, p.expected, p.remedy, p.set_aside) for p in problems]
    scored = kept["total"].notna() if "total" in kept else pd.Series(True, index=kept.index)
    cohort = ImageCohort(
        kept[scored].reset_index(drop=True),
        kept[~scored].drop(columns="total", errors="ignore").reset_index(drop=True),
        pd.DataFrame(rows, columns=PROBLEM_TABLE),
    )
    log.info("%s; %d problems set aside", cohort.summary(), len(problems))
    return cohort


def _with_split(
    cohort: ImageCohort, split: Split | None, table: str | Path, problems: Sequence[Problem]
) -> ImageCohort:
    """The cohort, if its images can be split; else ProblemsError."""
    try:
        if split:
            split(cohort.images)
    except UserError as error:
        found, expected = f"no possible split ({error})", "images in each part of the split"
        remedy = "Add images, or change whole_image: split."
        raise ProblemsError(
            [*problems, Finding(str(table), "", found, expected, remedy)]
        ) from error
    return cohort


def _unreadable(unpacked: pd.DataFrame, by_id: Mapping[str, LabelledImage]) -> Iterable[Finding]:
    """A finding for each image that could not be read: its file, and the row that names it."""
    for row in unpacked.sort_values("image_id").to_dict("records"):
        image = by_id[row["image_id"]]
        yield Finding(
            row["file"],
            f"{image.where} of {image.table}",
            row["found"],
            row["expected"],
            row["remedy"],
            Scope.RADIOGRAPH,
            image.image_id,
        )


def _same_content(packed: pd.DataFrame, by_id: Mapping[str, LabelledImage]) -> Iterable[Finding]:
    """A finding for each group of images that have the same pixels."""
    doubled = packed[packed.duplicated("digest", keep=False)].sort_values("image_id")
    for _, group in doubled.groupby("digest", sort=False):
        first, *others = [by_id[image_id] for image_id in group["image_id"]]
        named = [f"{other.path} ({other.where} of {other.table})" for other in others]
        yield Finding(
            str(first.path),
            f"{first.where} of {first.table}",
            f"the same pixels as {' and '.join(named)}",
            "each radiograph once",
            "Find out whose it is and delete the other row, or export the right radiograph.",
            Scope.RADIOGRAPH,
            first.image_id,
            also=tuple(other.image_id for other in others),
        )
