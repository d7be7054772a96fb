"""How films and scores fit together: the same film twice, patients without one or the other."""

from collections.abc import Iterable

import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.radiographs import Film
from sharpflow.cohorts.scores import PATIENT, ScoreTable


def where(film: Film) -> str:
    """Where a film stands, for a message."""
    return f"{film.listed}, film {film.image_id}" if film.listed else f"film {film.image_id}"


def same_content(table: pd.DataFrame, films: Iterable[Film]) -> list[Finding]:
    """Every film whose pixels another film has too."""
    by_id = {film.image_id: film for film in films}
    readable = table[table["height"] > 0]
    problems = []
    for _, group in readable.groupby("digest", sort=False):
        ids = group["image_id"].tolist()
        for image_id in ids if len(ids) > 1 else []:
            others = [other for other in ids if other != image_id]
            named = ", ".join(f"{o} (patient {by_id[o].patient})" for o in others)
            film = by_id[image_id]
            problems.append(
                Finding(
                    str(film.path),
                    f"{where(film)}, patient {film.patient}",
                    f"the same pixels as {named}",
                    "each film once",
                    "Find out whose it is and delete the other, or export the right film.",
                    Scope.FILM,
                    image_id,
                )
            )
    return problems


def unmatched(
    films_file: str, scores_file: str, films: Iterable[Film], table: ScoreTable
) -> list[Finding]:
    """Patients with films and no row of scores, with scores and no film, with several visits."""
    visits: dict[str, set[str]] = {}
    for film in films:
        visits.setdefault(film.patient, set()).add(film.visit)
    unscored = [
        Finding(
            scores_file,
            f"column {PATIENT}",
            f"no row for patient {patient}, who has films in {films_file}",
            "a row of scores for each patient with films",
            "Add the patient's row, correct the id, or remove the films.",
            Scope.PATIENT,
            patient,
        )
        for patient in sorted(visits.keys() - table.rows.keys())
    ]
    unknown = [
        Finding(
            scores_file,
            f"row {row}, column {PATIENT}",
            f"unknown patient {patient}, without a film in {films_file}",
            "patients who have films",
            "Correct the id, add the films, or delete the row.",
            Scope.PATIENT,
            patient,
        )
        for patient, row in table.rows.items()
        if patient not in visits
    ]
    several = [
        Finding(
            films_file,
            f"patient {patient}",
            f"films of visits {', '.join(sorted(visits[patient]))}",
            "films of the visit that was scored, as the score table has one row a patient",
            "List the films of that visit only, or give each visit a patient id of its own.",
            Scope.PATIENT,
            patient,
        )
        for patient in sorted(visits)
        if len(visits[patient]) > 1
    ]
    return unscored + unknown + several


def missing_limbs(films_file: str, films: Iterable[Film]) -> list[Finding]:
    """Visits of patients without all four limbs."""
    limbs: dict[tuple[str, str], set[str]] = {}
    for film in films:
        limbs.setdefault((film.patient, film.visit), set()).add(film.limb)
    return [
        Finding(
            films_file,
            f"patient {patient}, visit {visit}",
            f"films of {' '.join(limb for limb in LIMBS if limb in found)} only",
            f"films of {' '.join(LIMBS)}",
            "Add "
            + ", ".join(f"{patient}-{limb}" for limb in LIMBS if limb not in found)
            + ", or set require_all_limbs to false.",
            Scope.PATIENT,
            patient,
        )
        for (patient, visit), found in sorted(limbs.items())
        if len(found) < len(LIMBS)
    ]
