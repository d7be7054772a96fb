"""Check each patient: missing limbs, radiographs without scores and the reverse."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.near_ids import plain_id
from sharpflow.cohorts.radiographs import (
    AT,
    ONLY_VISIT,
    SUFFIXES,
    Radiograph,
    file_name,
    in_subfolders,
    named_alike,
    places_of,
)
from sharpflow.cohorts.scores import ScoreTable
from sharpflow.cohorts.visits import PATIENT, VISIT, Visit, unscored_visits, visits_of
from sharpflow.errors import first_of


def unmatched(
    radiographs_file: str, scores_file: str, radiographs: Sequence[Radiograph], table: ScoreTable
) -> list[Finding]:
    """Visits with radiographs but no scores, or scores but no radiograph; rows of unclear visit.

    Visits without scores are no problem where most rows of scores have their radiographs: these
    visits are predicted only (see `visits.unscored_visits`).
    """
    visits, places = visits_of(radiographs), places_of(radiographs)
    spelled: dict[tuple[str, ...], list[str]] = {}
    for patient in sorted(visits):
        spelled.setdefault(plain_id(patient), []).append(patient)
    # Which of several visits a row is of that names none?
    unclear = {p: row for p, row in table.without_visit.items() if len(visits.get(p, ())) > 1}
    several = [
        Finding(
            scores_file,
            f"row {row}, column {VISIT}",
            f"no visit of patient {patient}, who has radiographs of visits "
            f"{', '.join(sorted(visits[patient]))} in {radiographs_file}",
            "which visit was scored, in each row of a patient with several visits",
            f"Add the column {VISIT} beside {PATIENT} and fill it in. (A file named "
            f"<patient>{AT}2-<limb> is of visit 2, one named <patient>-<limb> of {ONLY_VISIT}.)",
            Scope.VISIT,
            patient,
            ONLY_VISIT,
        )
        for patient, row in unclear.items()
    ]
    predicted_only = unscored_visits(radiographs, table.rows)
    every = {(patient, visit) for patient, names in visits.items() for visit in names}
    missing = every - table.rows.keys() - predicted_only
    strays = {
        visit: row
        for visit, row in table.rows.items()
        if visit not in every and unclear.get(visit[0]) != row
    }
    near = {visit: spelled.get(plain_id(visit[0]), []) for visit in strays}
    # Visits whose scores stand under another spelling: told with that row, and not once more.
    meant = {
        visit: (other, visit[1])
        for visit, others in near.items()
        for other in others
        if (other, visit[1]) in missing
    }
    within = in_subfolders(radiographs_file, SUFFIXES)
    unknown = [
        _unknown(
            radiographs_file,
            scores_file,
            visit,
            row,
            known=visits.get(visit[0], set()),
            near=[f"{other} ({first_of(places[other])})" for other in near[visit]],
            within=[name for name in within if _is_of(name, visit[0])],
            unscored=sorted({patient for patient, _ in predicted_only}),
            concerns=meant.get(visit, visit),
        )
        for visit, row in strays.items()
    ]
    unscored = [
        _unscored(radiographs_file, scores_file, visit, several=len(visits[visit[0]]) > 1)
        for visit in sorted(missing - set(meant.values()))
        if visit[0] not in unclear
    ]
    return unscored + unknown + several


def _is_of(path: str, patient: str) -> bool:
    """Whether a radiograph in a folder within is named after a patient."""
    return Path(path).stem.startswith((f"{patient}-", f"{patient}{AT}"))


def _unscored(radiographs_file: str, scores_file: str, visit: Visit, *, several: bool) -> Finding:
    patient, name = visit
    who = f"{f'visit {name} of ' if several else ''}patient {patient}"
    return Finding(
        scores_file,
        f"column {PATIENT}",
        f"no row for {who}, who has radiographs in {radiographs_file}",
        "a row of scores for each patient with radiographs, as long as so many rows have none",
        "Add the patient's row, correct the id, or remove the radiographs.",
        Scope.VISIT,
        patient,
        name,
    )


def _unknown(
    radiographs_file: str,
    scores_file: str,
    visit: Visit,
    row: int,
    *,
    known: set[str],
    near: Sequence[str],
    within: Sequence[str],
    unscored: Sequence[str],
    concerns: Visit,
) -> Finding:
    patient, name = visit
    remedy = f"Correct the {'visit' if known else 'id'}, add the radiographs, or delete the row."
    if unscored and not (known or near):
        remedy += f" (Without scores are {first_of(unscored)}.)"
    if known:
        found = f"unknown visit {name} of patient {patient}, whose radiographs in "
        found += f"{radiographs_file} are of {', '.join(sorted(known))}"
        expected = "visits that have radiographs"
    else:
        found = f"unknown patient {patient}, without a radiograph in {radiographs_file}"
        found += "".join(f", which has {other}" for other in near[:1])
        found += f"; in folders within, which are not read: {first_of(within)}" * bool(within)
        expected = "patients who have radiographs"
    return Finding(
        scores_file,
        f"row {row}, column {VISIT if known else PATIENT}",
        found,
        expected,
        remedy,
        Scope.VISIT,
        *concerns,
    )


def limbs_without_columns(
    radiographs_file: str, scores_file: str, radiographs: Iterable[Radiograph], table: ScoreTable
) -> list[Finding]:
    """Limbs with radiographs of scored visits, of which the table of scores has no column."""
    scored = set(table.scores["limb"])
    limbs = {r.limb for r in radiographs if (r.patient, r.visit) in table.rows}
    return [
        Finding(
            scores_file,
            f"columns {limb}_…",
            f"no score of {limb}, of which there are radiographs in {radiographs_file}",
            "scores of each limb that has radiographs",
            f"Add the columns of {limb}, or leave its radiographs out.",
        )
        for limb in LIMBS
        if limb in limbs and scored and limb not in scored
    ]


def missing_limbs(radiographs_file: str, radiographs: Iterable[Radiograph]) -> list[Finding]:
    """Visits of patients without all four limbs, and which of these lie in folders within."""
    limbs: dict[tuple[str, str], set[str]] = {}
    for radiograph in radiographs:
        limbs.setdefault((radiograph.patient, radiograph.visit), set()).add(radiograph.limb)
    within = {
        named_alike(Path(name).stem): name for name in in_subfolders(radiographs_file, SUFFIXES)
    }
    findings = []
    for (patient, visit), found in sorted(limbs.items()):
        missing = [file_name(patient, visit, limb) for limb in LIMBS if limb not in found]
        if not missing:
            continue
        lost = ", ".join(within[name] for name in missing if name in within)
        absent = ", ".join(name for name in missing if name not in within)
        steps = [f"move {lost} up"] * bool(lost) + [f"add {absent}"] * bool(absent)
        remedy = f"{' and '.join(steps)}, or set require_all_limbs to false."
        findings.append(
            Finding(
                radiographs_file,
                f"patient {patient}, visit {visit}",
                f"radiographs of {' '.join(limb for limb in LIMBS if limb in found)} only"
                + f"; in folders within, which are not read: {lost}" * bool(lost),
                f"radiographs of {' '.join(LIMBS)}",
                remedy[0].upper() + remedy[1:],
                Scope.VISIT,
                patient,
                visit,
            )
        )
    return findings
