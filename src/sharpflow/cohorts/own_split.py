"""A split of the patients that the user made: patient, split.

Only the standard library is imported: the workflow looks at it while it is parsed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.near_ids import plain_id
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.cohorts.split_sizes import PARTS, lacking_parts
from sharpflow.cohorts.visits import Visit

COLUMNS = ("patient", "split")


@dataclass(frozen=True)
class OwnSplit:
    """The part of each patient of a table whose rows are right, and what is wrong with the rest."""

    parts: dict[str, str] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)


def read_own_split(
    path: str | Path, patients: Mapping[str, Collection[str]], unscored: Collection[str] = ()
) -> OwnSplit:
    """Read a user's split, and collect all that is wrong with it.

    Args:
        path: a CSV with the columns patient and split (train, validation or test, in any case).
        patients: the body parts of each patient's radiographs; each needs a row.
        unscored: patients who belong to no split, and may have a row all the same.
    """
    file, what = str(path), f"a split: {', '.join(COLUMNS)}"
    table = read_rows(Path(path), COLUMNS, what, may_be_empty=True, partial=True)
    split = OwnSplit(problems=list(table.problems))
    known = {*patients, *unscored}
    meant = _meant(table.rows, known)
    named: dict[str, Row] = {}
    for row in table.rows:
        right = meant.get(row.number)
        wrong = (
            _respelled(file, row, right, named.get(right), is_split=right in patients)
            if right
            else _row_problem(file, row, named, known)
        )
        if wrong:
            split.problems.append(wrong)
        elif COLUMNS[1] in row.values:
            split.parts[row.values["patient"]] = row.values["split"].lower()
        if patient := row.values.get("patient"):
            named.setdefault(right or patient, row)
    if named or not table.problems:  # else no row names anyone, which was told
        split.problems.extend(_missing(file, patients, named))
    if not table.problems:
        meant_parts = {p: named[p].values["split"].lower() for p in meant.values()}
        split.problems.extend(_empty(file, patients, meant_parts | split.parts))
    for patient in [name for name in split.parts if name not in patients]:
        del split.parts[patient]
    return split


def split_patients_of(
    radiographs: Iterable[Radiograph], unscored: Collection[Visit]
) -> tuple[dict[str, set[str]], set[str]]:
    """Who is split, with the body parts of their radiographs; and who is of no split.

    Args:
        radiographs: of the cohort.
        unscored: visits that are predicted only.
    """
    split: dict[str, set[str]] = {}
    others: set[str] = set()
    for radiograph in radiographs:
        if (radiograph.patient, radiograph.visit) in unscored:
            others.add(radiograph.patient)
        else:
            body_part = str(LIMBS[radiograph.limb].body_part)
            split.setdefault(radiograph.patient, set()).add(body_part)
    return split, others - split.keys()


def _meant(rows: Iterable[Row], known: Collection[str]) -> dict[int, str]:
    """The patient whom a row means whose id is spelled otherwise, by the row's number.

    Only a patient without a row of their own id is meant.
    """
    ids = {row.number: row.values.get("patient", "") for row in rows}
    lacking = {plain_id(patient): patient for patient in set(known) - set(ids.values())}
    return {
        number: lacking[plain]
        for number, patient in ids.items()
        if (plain := plain_id(patient)) and patient not in known and plain in lacking
    }


def _respelled(file: str, row: Row, right: str, earlier: Row | None, *, is_split: bool) -> Finding:
    """What is said of a row whose patient the cohort calls `right`, as perhaps an `earlier` row."""
    place = f"row {row.number}"
    return Finding(
        file,
        place,
        f"patient {row.values['patient']}, whom the cohort calls {right}",
        "each patient once, by the id in the names or the list of the radiographs",
        f"Delete this row or row {earlier.number}." if earlier else f"Correct the id to {right}.",
        *((Scope.PATIENT, right) if is_split else (Scope.ENTRY, place)),
    )


def _row_problem(
    file: str, row: Row, named: Mapping[str, Row], known: Collection[str]
) -> Finding | None:
    """The first thing wrong with a row, if any; a column that is missing was told already."""
    patient, part = row.values.get("patient"), row.values.get("split", PARTS[0])
    place = f"row {row.number}"
    aside = (Scope.PATIENT, patient or "")
    if patient == "":
        wrong = ("no patient", "one in each row", "Fill it in, or delete the row.")
        aside = (Scope.ENTRY, place)
    elif patient is not None and patient in named:
        wrong = (f"patient {patient} again", "each once", "Delete one row.")
        if part.lower() == named[patient].values.get("split", "").lower():
            aside = (Scope.ENTRY, place)
    elif patient and patient not in known:
        wrong = (f"patient {patient}", "a patient of the cohort", "Delete the row.")
        aside = (Scope.ENTRY, place)
    elif part.lower() not in PARTS:
        wrong = (f"split {part!r}", ", ".join(PARTS), "Correct the split.")
    else:
        return None
    return Finding(file, place, *wrong, *aside)


def _missing(file: str, patients: Collection[str], named: Collection[str]) -> Iterator[Finding]:
    for patient in sorted(set(patients) - set(named)):
        found, expected = f"no row for patient {patient}", "a row for each patient"
        yield Finding(file, "", found, expected, "Add the row.", Scope.PATIENT, patient)


def _empty(
    file: str, patients: Mapping[str, Collection[str]], parts: Mapping[str, str]
) -> Iterator[Finding]:
    """Parts without a patient, and those without one of a body part that others have."""
    placed = {parts[patient] for patient in patients if patient in parts}
    for part in PARTS:
        if part not in placed:
            yield Finding(
                file, "", f"no patient in {part}", "at least one", f"Put some into {part}."
            )
    for lacking in lacking_parts(patients, parts):
        if lacking.part in placed:
            yield Finding(
                file,
                "",
                str(lacking),
                "each body part in each part of the split",
                f"Put such a patient into {lacking.part}.",
            )
