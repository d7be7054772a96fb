"""Check a joint cohort before anything costly: every problem at once, each with its remedy."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from sharpflow.cohorts.boxes import BOX_TABLE, read_boxes
from sharpflow.cohorts.check_patients import limbs_without_columns, missing_limbs, unmatched
from sharpflow.cohorts.check_radiographs import (
    RADIOGRAPH_TABLE,
    read_radiographs,
    same_content,
    unreadable,
)
from sharpflow.cohorts.findings import Finding, Scope, by_row, visit_in_words
from sharpflow.cohorts.near_ids import near_id_problems
from sharpflow.cohorts.own_split import read_own_split, split_patients_of
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.said_of_images import read_verdicts
from sharpflow.cohorts.sampled_split import SampledSplit
from sharpflow.cohorts.scores import LONG_COLUMNS, read_score_table
from sharpflow.cohorts.set_aside import PROBLEM_TABLE, refused
from sharpflow.cohorts.split_sizes import body_parts_of
from sharpflow.cohorts.visits import Visit, only_visits, unscored_visits
from sharpflow.errors import Problem, ProblemsError
from sharpflow.imaging.dicom_limb import OnContradiction
from sharpflow.imaging.image_error import MAX_PIXELS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JointCohort:
    """A checked cohort. Scores and boxes are empty tables where the cohort has none.

    Attributes:
        radiographs: image_id, patient, limb, body_part, side, visit, file, height, width (pixels),
            digest (of the decoded pixels).
        unscored: the same of radiographs of visits that nobody has scored: they are predicted, and
            never trained on or measured.
        scores: patient, visit, limb, joint, damage, score.
        boxes: image_id, class, joint (blank where the label gives the class alone), x_min, y_min,
            x_max, y_max (radiograph pixels).
        problems: file, where, found, expected, remedy, set_aside (what was left out for it).
    """

    radiographs: pd.DataFrame
    unscored: pd.DataFrame
    scores: pd.DataFrame
    boxes: pd.DataFrame
    problems: pd.DataFrame

    def summary(self) -> str:
        """How many radiographs, patients and visits there are, in words."""
        counts = _counted(self.radiographs)
        if len(self.unscored):
            counts += f"; {_counted(self.unscored)} have no scores: predicted only"
        return counts


def check_joint_cohort(
    radiographs: str | Path,
    scores: str | Path | None,
    boxes: str | Path | None,
    *,
    max_pixels: int = MAX_PIXELS,
    require_all_limbs: bool = True,
    ignored_classes: Collection[str] = (),
    on_problem: Literal["stop", "set_aside"] = "stop",
    contradicting_headers: OnContradiction = "problem",
    radiograph_table: pd.DataFrame | None = None,
    own_split: str | Path | None = None,
    sampled_split: SampledSplit | None = None,
    verdicts: str | Path | None = None,
    near_ids: Iterable[Mapping[str, Sequence[str]]] = (),
    workers: int = 1,
) -> JointCohort:
    """Read radiographs, scores, joint boxes, splits and verdicts, and check how they fit together.

    Every radiograph is decoded, unless `radiograph_table` is given: only so are truncated
    radiographs found, and radiographs that are there twice with other names or metadata (not those
    compressed anew).

    Args:
        radiographs: a folder or CSV (see `list_radiographs`).
        scores: a RA2-DREAM table (`read_score_table`); None where the cohort has none.
        boxes: a folder of labelImg's files (`read_boxes`); None where the cohort has none.
        max_pixels: a radiograph with more pixels cannot be used.
        require_all_limbs: whether each patient's visit needs LH, RH, LF and RF.
        ignored_classes: boxes of these classes are left out.
        on_problem: "stop", any problem raises; "set_aside", what a problem touches is left out, and
            the problem returned. Left out are a radiograph that cannot be used, with its boxes and
            its limb's scores; a visit with wrong or missing scores or limbs, with all that is of
            it; a row of scores that has no radiographs; the boxes of a radiograph with a wrong box.
        contradicting_headers: see `read_radiographs`.
        radiograph_table: what `read_radiographs` gave for all of the radiographs, so that they are
            not decoded again.
        own_split: the user's split of the patients (`read_own_split`); None where it is sampled.
        sampled_split: how it will be sampled then; None where that is not judged.
        verdicts: a person's verdicts on masks (`read_verdicts`); None where there are none.
        near_ids: groups of patients' ids that may mean one person (`near_id_problems`).
        workers: number of threads that decode.

    Returns:
        The cohort, and the problems for which something was set aside.

    Raises:
        ProblemsError: with "stop", there is a problem; the error lists all. With "set_aside", a
            table cannot be read at all, or nothing of the cohort is left.
    """
    listed = list_radiographs(radiographs)
    problems = [*listed.problems, *near_id_problems(str(radiographs), near_ids)]
    if radiograph_table is None:
        radiograph_table = read_radiographs(
            listed.radiographs,
            max_pixels=max_pixels,
            contradicting_headers=contradicting_headers,
            workers=workers,
        )
    problems += unreadable(radiograph_table, listed.radiographs) + same_content(
        radiograph_table, listed.radiographs
    )
    radiograph_table = radiograph_table[RADIOGRAPH_TABLE]
    score_table = pd.DataFrame(columns=LONG_COLUMNS)
    unscored: set[Visit] = set()
    if scores is not None:
        table = read_score_table(scores, only_visits(listed.radiographs))
        unscored = unscored_visits(listed.radiographs, table.rows)
        score_table = table.scores
        problems += table.problems
        is_read = all(problem.scope is not Scope.COHORT for problem in table.problems)
        if listed.radiographs and (table.rows or is_read):
            problems += unmatched(str(radiographs), str(scores), listed.radiographs, table)
            problems += limbs_without_columns(
                str(radiographs), str(scores), listed.radiographs, table
            )
    if require_all_limbs:
        problems += missing_limbs(str(radiographs), listed.radiographs)
    if own_split is not None and listed.radiographs:
        body_parts, others = split_patients_of(listed.radiographs, unscored)
        problems += read_own_split(own_split, body_parts, others).problems
    if verdicts is not None and listed.radiographs:
        problems += read_verdicts(verdicts, {r.image_id for r in listed.radiographs}).problems
    box_table = pd.DataFrame(columns=BOX_TABLE)
    if boxes is not None:
        box_table, wrong = read_boxes(boxes, radiograph_table, ignored_classes)
        problems += wrong
    problems = by_row(problems)
    fatal = [problem for problem in problems if problem.scope is Scope.COHORT]
    if fatal or (problems and on_problem == "stop"):
        raise ProblemsError(problems)
    cohort = _set_aside(
        radiograph_table,
        score_table,
        box_table,
        problems,
        require_all_limbs=require_all_limbs,
        unscored=unscored,
    )
    body_parts = body_parts_of(cohort.radiographs)  # without those that were set aside
    if sampled_split is not None:
        fatal = sampled_split.problems(str(radiographs), body_parts)
    elif own_split is not None and problems:  # a part may have lost all its patients
        left = read_own_split(own_split, body_parts).problems
        fatal = [problem for problem in left if problem.scope is Scope.COHORT]
    if fatal or cohort.radiographs.empty:
        raise ProblemsError([*problems, *fatal])
    for problem, left_out in zip(problems, cohort.problems["set_aside"], strict=True):
        log.warning("set aside %s: %s", left_out, problem)
    log.info(
        "%s; %d boxes; %d problems set aside", cohort.summary(), len(cohort.boxes), len(problems)
    )
    return cohort


def refused_cohort(problems: Sequence[Problem]) -> JointCohort:
    """A cohort that cannot be used: its problems (see `refused`), and nothing kept."""
    return JointCohort(
        radiographs=pd.DataFrame(columns=RADIOGRAPH_TABLE),
        unscored=pd.DataFrame(columns=RADIOGRAPH_TABLE),
        scores=pd.DataFrame(columns=LONG_COLUMNS),
        boxes=pd.DataFrame(columns=BOX_TABLE),
        problems=refused(problems),
    )


def _set_aside(
    radiographs: pd.DataFrame,
    scores: pd.DataFrame,
    boxes: pd.DataFrame,
    problems: list[Finding],
    *,
    require_all_limbs: bool,
    unscored: set[Visit],
) -> JointCohort:
    """Leave out what the problems touch, and the visits that this leaves without a limb."""
    names = {scope: {n for p in problems if p.scope is scope for n in p.names} for scope in Scope}
    bad_radiographs = radiographs[radiographs["image_id"].isin(names[Scope.RADIOGRAPH])]
    patients = names[Scope.PATIENT]
    visits = {(p.name, p.visit) for p in problems if p.scope is Scope.VISIT}
    also: dict[tuple[Scope, str], str] = {}  # visits that are set aside with a radiograph
    if require_all_limbs:
        visits |= set(_visits(bad_radiographs))
        also = {
            (Scope.RADIOGRAPH, image_id): visit_in_words(*visit)
            for image_id, visit in zip(
                bad_radiographs["image_id"], _visits(bad_radiographs), strict=True
            )
        }
    radiographs = radiographs[
        ~radiographs["image_id"].isin(bad_radiographs["image_id"])
        & ~radiographs["patient"].isin(patients)
        & ~_visits(radiographs).isin(visits)
    ]
    key = ["patient", "visit", "limb"]
    lost = pd.MultiIndex.from_frame(bad_radiographs[key])
    of_lost = pd.MultiIndex.from_frame(scores[key]).isin(lost)
    scores = scores[~of_lost & _visits(scores).isin(set(_visits(radiographs)))]
    is_unscored = _visits(radiographs).isin(unscored)
    radiographs, without_scores = radiographs[~is_unscored], radiographs[is_unscored]
    boxes = boxes[boxes["image_id"].isin(radiographs["image_id"])]
    table = []
    for p in problems:
        with_it = dict.fromkeys(also[p.scope, name] for name in p.names if (p.scope, name) in also)
        aside = p.set_aside + f" and with it {' and '.join(with_it)}" * bool(with_it)
        table.append((p.file, p.where, p.found, p.expected, p.remedy, aside))
    return JointCohort(
        radiographs.reset_index(drop=True),
        without_scores.reset_index(drop=True),
        scores.reset_index(drop=True),
        boxes.reset_index(drop=True),
        pd.DataFrame(table, columns=PROBLEM_TABLE),
    )


def _visits(table: pd.DataFrame) -> "pd.Series[Any]":
    """The visit of each row, as a pair of patient and visit."""
    pairs = list(zip(table["patient"], table["visit"], strict=True))
    return pd.Series(pairs, index=table.index, dtype=object)


def _counted(radiographs: pd.DataFrame) -> str:
    """ "8 radiographs of 1 patient, 2 visits"; the visits only where there are several."""
    patients = radiographs["patient"].nunique()
    visits = len(radiographs[["patient", "visit"]].drop_duplicates())
    text = f"{len(radiographs)} radiographs of {patients} patient{'s' * (patients != 1)}"
    return text if visits == patients else f"{text}, {visits} visits"
