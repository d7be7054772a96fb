"""Check a cohort whole before anything costly: every problem at once, each with its remedy."""

import logging
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.boxes import BOX_COLUMNS, read_boxes
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.matching import missing_limbs, same_content, unmatched, where
from sharpflow.cohorts.radiographs import Film, list_films
from sharpflow.cohorts.refusal import PROBLEM_TABLE, refused
from sharpflow.cohorts.scores import LONG_COLUMNS, read_score_table
from sharpflow.errors import Problem, ProblemsError
from sharpflow.imaging.reading import MAX_PIXELS, ImageError, image_digest, read_image

log = logging.getLogger(__name__)

FILM_TABLE = [
    "image_id",
    "patient",
    "limb",
    "limb_kind",
    "side",
    "visit",
    "file",
    "height",
    "width",
    "digest",
]
# What is wrong with a film that cannot be read; blank for the others.
WRONG = ["found", "expected", "remedy"]


@dataclass(frozen=True)
class JointCohort:
    """A checked cohort.

    `films`: image_id, patient, limb, limb_kind, side, visit, file, height, width (pixels), digest
    (of the decoded pixels). `scores`: patient, limb, joint, damage, score. `boxes`: image_id,
    class, joint (blank where the label gives the class alone), x_min, y_min, x_max, y_max (film
    pixels). `problems`: file, where, found, expected, remedy, set_aside (what was left out for it).
    Scores and boxes are empty tables where the cohort has none.
    """

    films: pd.DataFrame
    scores: pd.DataFrame
    boxes: pd.DataFrame
    problems: pd.DataFrame


def check_joint_cohort(
    films: str | Path,
    scores: str | Path | None,
    boxes: str | Path | None,
    *,
    max_pixels: int = MAX_PIXELS,
    require_all_limbs: bool = True,
    ignored_classes: Collection[str] = (),
    on_problem: Literal["stop", "set_aside"] = "stop",
    film_table: pd.DataFrame | None = None,
    workers: int = 1,
) -> JointCohort:
    """Read films, scores and joint boxes, and check each and how they fit together.

    `films` is a folder or CSV (see `list_films`), `scores` a RA2-DREAM table (`read_scores`),
    `boxes` a folder of labelImg's files (`read_boxes`). Every film is decoded, in `workers`
    threads, unless `film_table` has what `read_films` gave for all of them: only so are truncated
    films found, and films that are there twice with other names or metadata (not those compressed
    anew). `require_all_limbs` asks for LH RH LF RF of each patient's visit.

    With `on_problem="stop"` any problem raises ProblemsError, which lists all. With "set_aside"
    what a problem touches is left out, and the problem returned: a film that cannot be used with
    its boxes and its limb's scores, a patient with wrong or missing scores or limbs with all that
    is theirs, the boxes of a film with a wrong box. A table that cannot be read at all, or a
    cohort of which nothing is left, still raises ProblemsError.
    """
    listed = list_films(films)
    problems = list(listed.problems)
    if film_table is None:
        film_table = read_films(listed.films, max_pixels=max_pixels, workers=workers)
    problems += _unreadable(film_table, listed.films) + same_content(film_table, listed.films)
    film_table = film_table[FILM_TABLE]
    score_table = pd.DataFrame(columns=LONG_COLUMNS)
    if scores is not None:
        table = read_score_table(scores)
        score_table = table.scores
        problems += table.problems
        if listed.films and all(problem.scope is not Scope.COHORT for problem in table.problems):
            problems += unmatched(str(films), str(scores), listed.films, table)
    if require_all_limbs:
        problems += missing_limbs(str(films), listed.films)
    box_table = pd.DataFrame(columns=BOX_COLUMNS)
    if boxes is not None:
        box_table, wrong = read_boxes(boxes, film_table, ignored_classes)
        problems += wrong
    fatal = [problem for problem in problems if problem.scope is Scope.COHORT]
    if fatal or (problems and on_problem == "stop"):
        raise ProblemsError(problems)
    cohort = _set_aside(
        film_table, score_table, box_table, problems, require_all_limbs=require_all_limbs
    )
    if cohort.films.empty:
        raise ProblemsError(problems)
    for problem, left_out in zip(problems, cohort.problems["set_aside"], strict=True):
        log.warning("set aside %s: %s", left_out, problem)
    log.info(
        "%d films of %d patients, %d boxes; %d problems set aside",
        len(cohort.films),
        cohort.films["patient"].nunique(),
        len(cohort.boxes),
        len(problems),
    )
    return cohort


def refused_cohort(problems: Sequence[Problem]) -> JointCohort:
    """A cohort that cannot be used: its problems (see `refused`), and nothing kept."""
    return JointCohort(
        films=pd.DataFrame(columns=FILM_TABLE),
        scores=pd.DataFrame(columns=LONG_COLUMNS),
        boxes=pd.DataFrame(columns=BOX_COLUMNS),
        problems=refused(problems),
    )


def read_films(films: Sequence[Film], *, max_pixels: int, workers: int = 1) -> pd.DataFrame:
    """Decode films, in `workers` threads, for what a check must know of them.

    Gives a row a film, in order: image_id, patient, limb, limb_kind, side, visit, file, height,
    width (pixels; 0 for a film that cannot be read), digest (of the decoded pixels) and, for one
    that cannot be read, found, expected, remedy.
    """

    def content(film: Film) -> tuple[int, int, str, str, str, str]:
        try:
            image = read_image(film.path, max_pixels)
        except ImageError as error:
            return 0, 0, "", error.found, error.expected, error.remedy
        return *image.shape, image_digest(image), "", "", ""

    with ThreadPoolExecutor(workers) as pool:
        contents = list(pool.map(content, films))
    rows = []
    for film, seen in zip(films, contents, strict=True):
        limb = LIMBS[film.limb]
        names = (film.image_id, film.patient, film.limb, str(limb.kind), str(limb.side))
        rows.append((*names, film.visit, str(film.path), *seen))
    return pd.DataFrame(rows, columns=[*FILM_TABLE, *WRONG])


def _unreadable(table: pd.DataFrame, films: Sequence[Film]) -> list[Finding]:
    """A finding for each film that could not be read."""
    by_id = {film.image_id: film for film in films}
    return [
        Finding(
            str(row["file"]),
            where(by_id[row["image_id"]]),
            row["found"],
            row["expected"],
            row["remedy"],
            Scope.FILM,
            row["image_id"],
        )
        for row in table[table["height"] == 0].to_dict("records")
    ]


def _set_aside(
    films: pd.DataFrame,
    scores: pd.DataFrame,
    boxes: pd.DataFrame,
    problems: list[Finding],
    *,
    require_all_limbs: bool,
) -> JointCohort:
    """Leave out what the problems touch, and the patients whom that leaves without a limb."""
    names = {scope: {p.name for p in problems if p.scope is scope} for scope in Scope}
    bad_films = films[films["image_id"].isin(names[Scope.FILM])]
    patients = set(names[Scope.PATIENT])
    also: dict[tuple[Scope, str], str] = {}
    if require_all_limbs:
        patients |= set(bad_films["patient"])
        also = {
            (Scope.FILM, image_id): f" and with it patient {patient}"
            for image_id, patient in zip(bad_films["image_id"], bad_films["patient"], strict=True)
        }
    films = films[~films["image_id"].isin(bad_films["image_id"]) & ~films["patient"].isin(patients)]
    lost = pd.MultiIndex.from_frame(bad_films[["patient", "limb"]])
    of_lost = pd.MultiIndex.from_frame(scores[["patient", "limb"]]).isin(lost)
    scores = scores[~of_lost & ~scores["patient"].isin(patients)]
    boxes = boxes[boxes["image_id"].isin(films["image_id"])]
    table = [
        (
            p.file,
            p.where,
            p.found,
            p.expected,
            p.remedy,
            p.set_aside + also.get((p.scope, p.name), ""),
        )
        for p in problems
    ]
    return JointCohort(
        films.reset_index(drop=True),
        scores.reset_index(drop=True),
        boxes.reset_index(drop=True),
        pd.DataFrame(table, columns=PROBLEM_TABLE),
    )
