"""Make the list of a joint cohort's radiographs from DICOM headers.

    python -m sharpflow.cohorts.dicom_table FOLDER --key FILE --output radiographs.csv

A header's patient number leaves as a hash under a key that stays with the user, and visits are
numbered by date; nothing else that could name a patient is read. The list is made once and looked
at by a person: the workflow itself takes limbs and patients from lists and names alone.
"""

import argparse
import csv
import hashlib
import hmac
import io
import os
import re
import secrets
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sharpflow.cohorts.csv_rows import read_rows
from sharpflow.cohorts.findings import Finding
from sharpflow.cohorts.radiographs import ID, ID_RULE, ONLY_VISIT, RADIOGRAPH_COLUMNS
from sharpflow.cohorts.text import is_text
from sharpflow.errors import Problem, UserError, in_short
from sharpflow.files import atomic_write
from sharpflow.imaging.dicom import attempt, check_header, is_dicom, read_elements
from sharpflow.imaging.dicom_limb import read_limb
from sharpflow.imaging.image_error import ImageError

COLUMNS = (*RADIOGRAPH_COLUMNS, "visit")
_KEY_BYTES = 32
# Of DICOM, of its first version (with points), of ISO 8601.
_DATE = re.compile(r"([0-9]{4})([.-]?)([0-9]{2})\2([0-9]{2})")
_HASH_DIGITS = 16  # 64 bits: no two of a million patients alike


@dataclass(frozen=True)
class Listed:
    """A DICOM radiograph of the list; `date` and `limb` are empty where its header lacks them."""

    patient: str
    date: str
    limb: str
    path: Path


def list_dicom(
    folder: Path, key: bytes | None, patients: Mapping[str, str] | None = None
) -> tuple[list[Listed], list[Problem]]:
    """Read the headers of a folder's DICOM files, in folders within too.

    Args:
        folder: other files in it are passed over, as is a DICOMDIR.
        key: of the hash that stands for a header's PatientID; None keeps the id.
        patients: the user's patient by file, relative to the folder; other files are passed over,
            and no PatientID is read.

    Returns:
        The radiographs; and what is wrong with the other DICOM files, which are no radiographs or
        have no patient, and with files of `patients` that are not there.
    """
    listed, problems, found = [], [], set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        # os.path raises nothing for a link into a locked folder.
        is_file = os.path.isfile(path)  # noqa: PTH113
        if hidden or not is_file or path.name.upper() == "DICOMDIR":
            continue
        if not is_dicom(path) or (patients is not None and name not in patients):
            continue
        found.add(name)
        try:
            listed.append(_listed(path, key, None if patients is None else patients[name]))
        except ImageError as error:
            problems.append(Problem(str(path), "", error.found, error.expected, error.remedy))
    problems += [
        Problem(
            str(folder / name),
            "",
            "no DICOM file",
            "one, as the table of patients says",
            "Correct its path there, which is relative to the folder, or delete the row.",
        )
        for name in sorted(set(patients or ()) - found)
    ]
    return listed, problems


def hashed(patient_id: str, key: bytes) -> str:
    """What stands for a patient number: 16 hexadecimal digits of its HMAC-SHA-256 under the key."""
    return hmac.new(key, patient_id.strip().encode(), hashlib.sha256).hexdigest()[:_HASH_DIGITS]


def read_key(path: Path) -> bytes:
    """Read a key, or make one where there is none, which only its owner may read.

    Raises:
        UserError: the file holds no key and cannot be made, or lies among results, which people
            publish.
    """
    real, here = path.resolve(), Path.cwd()
    if "results" in (real.relative_to(here) if real.is_relative_to(here) else real).parts:
        raise UserError(
            f"{path}: found a key among results, which people publish; expected one elsewhere. "
            "Name another file."
        )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise UserError(
            f"{path}: found a file that cannot be made ({in_short(error)}); expected one in a "
            "folder that is there and yours. Correct the path."
        ) from error
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        key = b""
    if len(key) < _KEY_BYTES:
        raise UserError(
            f"{path}: found no key; expected {2 * _KEY_BYTES} hexadecimal digits. Name a new file, "
            "and a key is made; patients then get other names than before."
        )
    return key


def visit_numbers(seen: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Visits, numbered by date for each patient, from patients and dates.

    Where the date is empty the visit is the first: look whether that is right.
    """
    dates: dict[str, set[str]] = {}
    for patient, date in seen:
        dates.setdefault(patient, set()).add(date)
    numbers: dict[tuple[str, str], str] = {}
    for patient, own in dates.items():
        known = sorted(own - {""})
        numbers |= {(patient, date): str(number) for number, date in enumerate(known, 1)}
        numbers[patient, ""] = ONLY_VISIT
    return numbers


def table_rows(listed: Iterable[Listed], beside: Path) -> list[dict[str, str]]:
    """Rows of a list of radiographs: a patient's visits numbered by date, files as seen from it.

    Radiographs of one patient, visit and limb get image_ids that differ, for the check to name.
    """
    listed = list(listed)
    visits = visit_numbers((each.patient, each.date) for each in listed)
    rows, seen = [], dict[str, int]()
    for each in listed:
        visit = visits[each.patient, each.date]
        name = f"{each.patient}-{visit}-{each.limb or 'limb'}"
        seen[name] = seen.get(name, 0) + 1
        rows.append(
            {
                "image_id": name if seen[name] == 1 else f"{name}-{seen[name]}",
                "patient": each.patient,
                "limb": each.limb,
                "file": os.path.relpath(each.path, beside),
                "visit": visit,
            }
        )
    return sorted(rows, key=lambda row: row["image_id"])


def _listed(path: Path, key: bytes | None, own: str | None) -> Listed:
    """A radiograph as it is listed; ImageError where it cannot be. `own`: the user's patient."""
    if not is_text(path):
        found, remedy = "a name that is no text", "Rename the file and its folders."
        raise ImageError(path, found, "names in UTF-8", remedy)
    check_header(path)
    patient = own or header_patient(path, key)
    if not patient:
        found, remedy = "no PatientID", "List your patients in a CSV (--patients)."
        raise ImageError(path, found, "a header with PatientID", remedy)
    return Listed(patient, header_date(path), read_limb(path).limb, path)


def header_date(path: Path) -> str:
    """The date of a DICOM radiograph, as 20200131; for numbering visits alone.

    Empty without one, or where it is no date of eight digits, so that visits are never ordered by
    anything else.
    """
    text = _text(path, "StudyDate").strip()
    date = _DATE.fullmatch(text)
    if not date:
        return ""
    digits = date[1] + date[3] + date[4]
    with suppress(ValueError):
        datetime.strptime(digits, "%Y%m%d")
        return digits
    return ""


def header_patient(path: Path, key: bytes | None) -> str:
    """What a DICOM radiograph's patient is called; empty where its header has no PatientID.

    Args:
        path: of the file.
        key: of the hash that stands for the PatientID; None keeps the id.

    Raises:
        ImageError: the id cannot be read, or not be kept as it is.
    """
    number = _text(path, "PatientID")
    if not number:
        return ""
    if key is not None:
        return hashed(number, key)
    if not ID.fullmatch(number):
        found, remedy = "a PatientID that cannot be kept", "Let it be hashed (--key)."
        raise ImageError(path, found, ID_RULE, remedy)
    return number


def is_burnt_in(path: Path) -> bool:
    """Whether a DICOM header says that text is burnt into the image, which may name a patient."""
    return _text(path, "BurnedInAnnotation").upper() == "YES"


def _text(path: Path, name: str) -> str:
    """An element of a header; empty where it is not there."""
    header = read_elements(path, [name], pixels=False)
    return attempt(path, lambda: str(header.get(name) or "").strip(), f"a bad {name}")


def _read_patients(path: Path) -> dict[str, str]:
    table = read_rows(path, ["file", "patient"], "a list of DICOM files: file, patient")
    problems = list(table.problems)
    patients: dict[str, str] = {}
    for row in table.rows:
        place, file, patient = f"row {row.number}", row.values["file"], row.values["patient"]
        if not ID.fullmatch(patient):
            found, remedy = "a patient of other signs", "Give another name."
            problems.append(Finding(str(path), place, found, ID_RULE, remedy))
        elif patients.setdefault(file, patient) != patient:
            found, remedy = "a second patient of this file", "Delete the wrong row."
            problems.append(Finding(str(path), place, found, "one patient a file", remedy))
    if problems:
        raise UserError("\n".join(map(str, problems)))
    return patients


def main() -> None:
    """Write the list, and say what is missing in it."""
    parser = argparse.ArgumentParser(
        prog="python -m sharpflow.cohorts.dicom_table",
        description="List a folder's DICOM radiographs: image_id, patient, limb, file, visit.",
    )
    parser.add_argument("folder", type=Path, help="folder of the DICOM files")
    parser.add_argument("--output", type=Path, required=True, help="the CSV to write")
    names = parser.add_mutually_exclusive_group(required=True)
    names.add_argument("--key", type=Path, help="key of the patients' hashes; made where missing")
    names.add_argument("--patients", type=Path, help="CSV of your own: file, patient")
    names.add_argument("--keep-ids", action="store_true", help="keep the headers' patient numbers")
    asked = parser.parse_args()
    try:
        if not asked.folder.is_dir():
            raise UserError(f"{asked.folder}: found no such folder. Correct the path.")
        key = read_key(asked.key) if asked.key else None
        patients = _read_patients(asked.patients) if asked.patients else None
        listed, problems = list_dicom(asked.folder, key, patients)
    except UserError as error:
        raise SystemExit(str(error)) from None
    rows = table_rows(listed, asked.output.parent)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with atomic_write(asked.output) as temporary:
        temporary.write_text(text.getvalue())
    no_limb = sum(not each.limb for each in listed)
    no_date = sum(not each.date for each in listed)
    print(f"{asked.output}: {len(rows)} radiographs, {len(problems)} files left out")
    if no_limb:
        print(f"{no_limb} headers do not say the limb: fill in LH, RH, LF or RF.")
    if no_date:
        print(f"{no_date} headers do not say the date: look whether visit {ONLY_VISIT} is right.")
    for problem in problems:
        print(problem, file=sys.stderr)


if __name__ == "__main__":
    main()
