"""Check each patient: missing limbs, radiographs without scores and the reverse."""

from collections.abc import Iterable, Sequence

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.near_ids import plain_id
from sharpflow.cohorts.radiographs import AT, ONLY_VISIT, Radiograph, file_name
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
    visits = visits_of(radiographs)
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
    unknown = [
        _unknown(
            radiographs_file,
            scores_file,
            visit,
            row,
            known=visits.get(visit[0], set()),
            near=spelled.get(plain_id(visit[0]), []),
            unscored=sorted({patient for patient, _ in predicted_only}),
        )
        for visit, row in table.rows.items()
        if visit[1] not in visits.get(visit[0], ()) and unclear.get(visit[0]) != row
    ]
    every = {(patient, visit) for patient, names in visits.items() for visit in names}
    missing = every - table.rows.keys() - predicted_only
    unscored = [
        _unscored(radiographs_file, scores_file, visit, several=len(visits[visit[0]]) > 1)
        for visit in sorted(missing)
        if visit[0] not in unclear
    ]
    return unscored + unknown + several


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
    unscored: Sequence[str],
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
        expected = "patients who have radiographs"
    return Finding(
        scores_file,
        f"row {row}, column {VISIT if known else PATIENT}",
        found,
        expected,
        remedy,
        Scope.VISIT,
        patient,
        name,
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
    """Visits of patients without all four limbs."""
    limbs: dict[tuple[str, str], set[str]] = {}
    for radiograph in radiographs:
        limbs.setdefault((radiograph.patient, radiograph.visit), set()).add(radiograph.limb)
    return [
        Finding(
            radiographs_file,
            f"patient {patient}, visit {visit}",
            f"radiographs of {' '.join(limb for limb in LIMBS if limb in found)} only",
            f"radiographs of {' '.join(LIMBS)}",
            "Add "
            + ", ".join(file_name(patient, visit, limb) for limb in LIMBS if limb not in found)
            + ", or set require_all_limbs to false.",
            Scope.VISIT,
            patient,
            visit,
        )
        for (patient, visit), found in sorted(limbs.items())
        if len(found) < len(LIMBS)
    ]
