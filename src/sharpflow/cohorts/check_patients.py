"""Check each patient: missing limbs, radiographs without scores and the reverse, several visits."""

from collections.abc import Iterable

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.near_ids import plain_id
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.cohorts.scores import PATIENT, ScoreTable


def unmatched(
    radiographs_file: str, scores_file: str, radiographs: Iterable[Radiograph], table: ScoreTable
) -> list[Finding]:
    """Patients with radiographs but no scores, scores but no radiograph, or several visits."""
    visits: dict[str, set[str]] = {}
    for radiograph in radiographs:
        visits.setdefault(radiograph.patient, set()).add(radiograph.visit)
    spelled: dict[tuple[str, ...], list[str]] = {}
    for patient in sorted(visits):
        spelled.setdefault(plain_id(patient), []).append(patient)
    unscored = [
        Finding(
            scores_file,
            f"column {PATIENT}",
            f"no row for patient {patient}, who has radiographs in {radiographs_file}",
            "a row of scores for each patient with radiographs",
            "Add the patient's row, correct the id, or remove the radiographs.",
            Scope.PATIENT,
            patient,
        )
        for patient in sorted(visits.keys() - table.rows.keys())
    ]
    unknown = [
        Finding(
            scores_file,
            f"row {row}, column {PATIENT}",
            f"unknown patient {patient}, without a radiograph in {radiographs_file}"
            + "".join(f", which has {near}" for near in spelled.get(plain_id(patient), [])[:1]),
            "patients who have radiographs",
            "Correct the id, add the radiographs, or delete the row.",
            Scope.PATIENT,
            patient,
        )
        for patient, row in table.rows.items()
        if patient not in visits
    ]
    several = [
        Finding(
            radiographs_file,
            f"patient {patient}",
            f"radiographs of visits {', '.join(sorted(visits[patient]))}",
            "radiographs of the visit that was scored, as the score table has one row a patient",
            "List the radiographs of that visit only, or give each visit a patient id of its own.",
            Scope.PATIENT,
            patient,
        )
        for patient in sorted(visits)
        if len(visits[patient]) > 1
    ]
    return unscored + unknown + several


def limbs_without_columns(
    radiographs_file: str, scores_file: str, radiographs: Iterable[Radiograph], table: ScoreTable
) -> list[Finding]:
    """Limbs with radiographs of which the table of scores has no column."""
    scored = set(table.scores["limb"])
    limbs = {radiograph.limb for radiograph in radiographs}
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
            + ", ".join(f"{patient}-{limb}" for limb in LIMBS if limb not in found)
            + ", or set require_all_limbs to false.",
            Scope.PATIENT,
            patient,
        )
        for (patient, visit), found in sorted(limbs.items())
        if len(found) < len(LIMBS)
    ]
