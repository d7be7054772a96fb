"""The list of a cohort's radiographs, from a folder in RA2-DREAM's layout or from a CSV.

Only the standard library is imported: the workflow calls `list_radiographs` while it is parsed.
"""

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.errors import first_of, in_short

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".dcm", ".dicom")
OTHER_IMAGES = (".gif", ".webp", ".jp2", ".heic")
RADIOGRAPH_COLUMNS = ("image_id", "patient", "limb", "file")
ONLY_VISIT = "1"

ID = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_-]|\.(?!\.))*")
ID_RULE = "letters, digits, '_', '-' and single '.', not beginning with '.'"
# No id has this sign, so that a patient's name is never taken for a patient and a visit.
AT = "@"
IMAGE_ID = re.compile(rf"{ID.pattern}(?:{AT}{ID.pattern})?")
_FILE_NAME = re.compile(rf"({ID.pattern})(?:{AT}({ID.pattern}))?-([A-Za-z]+)")
_LIMB_AT_END = re.compile(rf"(?i:{'|'.join(LIMBS)})$")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]*")
_WHOLE = re.compile(r"\d+\.0*", re.ASCII)
LIST_THEM = (
    "Move them up, or list all radiographs in a CSV with image_id, patient, limb, file, and name "
    "that as the radiographs in the config."
)
_LIMB_RULE = "one of " + ", ".join(LIMBS)


@dataclass(frozen=True)
class Radiograph:
    """One radiograph of one limb. `listed` says where a CSV lists it; empty for a folder."""

    image_id: str
    patient: str
    limb: str
    visit: str
    path: Path
    listed: str = ""


@dataclass(frozen=True)
class RadiographList:
    """The radiographs of a cohort by image_id, each once, and what is wrong with the rest."""

    radiographs: list[Radiograph] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)


def list_radiographs(radiographs: str | Path) -> RadiographList:
    """List the radiographs of a cohort without opening them.

    `radiographs` is a folder with files `<patient>-<LH|RH|LF|RF>`, of further visits
    `<patient>@<visit>-<limb>`, and one of SUFFIXES, or any or none for DICOM, whose image_id is the
    name without suffix (a name without a visit is of the visit "1"), or a CSV with columns
    image_id, patient, limb, file (relative to the CSV) and, where there are several, visit. A limb
    may be in lower case. Hidden files, subfolders and files of other kinds in the folder are left
    alone, as is a DICOMDIR; images of formats that are not read, DICOM files with other names,
    folders with a radiograph's suffix and broken links are problems. What is wrong is returned, not
    raised; of an image_id that is there twice the first is listed.
    """
    radiographs = Path(radiographs)
    if os.path.isdir(radiographs):  # noqa: PTH112 - no error for a path that cannot be
        try:
            found = _list_folder(radiographs)
        except OSError as error:
            return RadiographList(
                problems=[
                    Finding(
                        str(radiographs),
                        "",
                        f"a folder that cannot be read ({in_short(error)})",
                        "a folder of radiographs",
                        "Correct its permissions, or the path in the config.",
                    )
                ]
            )
    elif radiographs.suffix.lower() == ".csv":
        found = _list_csv(radiographs)
    else:
        return RadiographList(
            problems=[
                Finding(
                    str(radiographs),
                    "",
                    "neither a folder nor a .csv file",
                    "a folder of radiographs or a CSV that lists them",
                    "Correct the path of the radiographs in the config.",
                )
            ]
        )
    if not found.radiographs and not found.problems:
        within = in_subfolders(radiographs, SUFFIXES)
        return RadiographList(
            problems=[
                Finding(
                    str(radiographs),
                    "",
                    f"no radiographs{f', but {counted_within(within)}' * bool(within)}",
                    "radiographs named <patient>-<LH|RH|LF|RF>.jpg, or rows of a CSV",
                    LIST_THEM if within else "Correct the path of the radiographs in the config.",
                )
            ]
        )
    return _each_once(found)


def in_subfolders(folder: str | Path, suffixes: Collection[str]) -> list[str]:
    """Files of these kinds in the folders within a folder, as paths there; no hidden ones.

    None where there is no such folder.
    """
    found: list[str] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        within = os.path.relpath(root, folder)
        if within != ".":
            found += [
                f"{within}/{name}"
                for name in sorted(names)
                if not name.startswith(".") and Path(name).suffix.lower() in suffixes
            ]
    return found


def counted_within(paths: Sequence[str]) -> str:
    """Files in the folders within a folder, in words."""
    return f"{len(paths)} in folders within: {first_of(paths)}"


def places_of(radiographs: Iterable[Radiograph]) -> dict[str, list[str]]:
    """Where each patient's radiographs are listed: rows of a CSV, or names of files."""
    places: dict[str, list[str]] = {}
    for radiograph in radiographs:
        place = radiograph.listed or radiograph.path.name
        places.setdefault(radiograph.patient, []).append(place)
    # Row 9 before row 10.
    return {name: sorted(each, key=lambda at: (len(at), at)) for name, each in places.items()}


def file_name(patient: str, visit: str, limb: str) -> str:
    """What a folder of radiographs calls one, without suffix."""
    return f"{patient}-{limb}" if visit == ONLY_VISIT else f"{patient}{AT}{visit}-{limb}"


def read_name(stem: str, limbs: Collection[str] = tuple(LIMBS)) -> tuple[str, str, str] | None:
    """The patient, visit and limb that a file's name without suffix says; None if it says none.

    `limbs` are the codes that it may end in, in capitals or not.
    """
    name = _FILE_NAME.fullmatch(stem)
    if not name or (limb := name[3].upper()) not in limbs:
        return None
    return name[1], visit_name(name[2] or ""), limb


def limb_at_end(stem: str, limbs: Collection[str] = tuple(LIMBS)) -> str:
    """The limb that a file's name without suffix ends in, after "-"; empty if in none."""
    before, _, limb = stem.rpartition("-")
    return limb.upper() if before and limb.upper() in limbs else ""


def named_alike(image_id: str) -> str:
    """A radiograph's name with its limb in capitals, for names that differ by that alone."""
    return _LIMB_AT_END.sub(lambda limb: limb[0].upper(), image_id)


def _list_folder(folder: Path) -> RadiographList:
    found = RadiographList()
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        stem, suffix = split_name(path.name)
        if path.name.startswith("."):
            continue
        name = read_name(stem)
        if not path.is_file():
            if suffix in SUFFIXES or (name and not suffix and not path.is_dir()):
                found.problems.append(in_place_of(path, "radiograph"))
            continue
        if suffix in OTHER_IMAGES:
            found.problems.append(
                Finding(
                    str(path),
                    "",
                    f"an image of kind {suffix}",
                    "one of " + ", ".join(SUFFIXES),
                    "Export the radiograph as one of these, or move it elsewhere.",
                    Scope.ENTRY,
                    path.name,
                )
            )
            continue
        is_radiograph = suffix in SUFFIXES or (name and not suffix) or has_dicom_magic(path)
        if is_radiograph and name:
            patient, visit, limb = name
            found.radiographs.append(Radiograph(stem, patient, limb, visit, path))
        elif is_radiograph:
            found.problems.append(_bad_name(path, stem))
    return found


def in_place_of(path: Path, what: str) -> Finding:
    """The problem of a folder, a broken link or a device where a file would be read.

    `what` the file would be, as "radiograph".
    """
    if path.is_dir():
        found = f"a folder with the name of a {what}"
        remedy = f"Put the {what} itself here, or give the folder a name without suffix."
    else:
        found = f"{'a link to nothing' if path.is_symlink() else 'a device'} in place of a {what}"
        remedy = f"Put the {what} itself here, or delete this."
    return Finding(str(path), "", found, "a file", remedy, Scope.ENTRY, path.name)


def split_name(name: str) -> tuple[str, str]:
    """A file's name as stem and suffix in lower case.

    DICOM files often have no suffix, and a point in their name: what cannot be a suffix, as the end
    of a UID, stays in the stem.
    """
    path = Path(name)
    return (path.stem, path.suffix.lower()) if _SUFFIX.fullmatch(path.suffix) else (name, "")


def has_dicom_magic(path: Path) -> bool:
    """Whether a file begins as DICOM does, whatever it is called; not so a DICOMDIR.

    Archives export radiographs as .IMA, .img or .dic, too.
    """
    if path.name.upper() == "DICOMDIR":  # an index of the files beside it
        return False
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _bad_name(path: Path, stem: str) -> Finding:
    return Finding(
        str(path),
        "the file's name",
        repr(stem),
        f"<patient>-<limb> or <patient>{AT}<visit>-<limb>, the limb {_LIMB_RULE}, the patient "
        f"and the visit of {ID_RULE}",
        "Rename the file, or list the radiographs in a CSV with image_id, patient, limb, file.",
        Scope.ENTRY,
        path.name,
    )


def _list_csv(path: Path) -> RadiographList:
    table = read_rows(
        path,
        RADIOGRAPH_COLUMNS,
        "a list of radiographs: image_id, patient, limb, file",
        optional=["visit"],
        partial=True,
    )
    found = RadiographList(problems=list(table.problems))
    for row in table.rows:
        problems = _row_problems(path, row)
        found.problems.extend(problems)
        value = row.values
        if not problems and all(column in value for column in RADIOGRAPH_COLUMNS):
            radiograph = Radiograph(
                value["image_id"],
                value["patient"],
                value["limb"].upper(),
                visit_name(value.get("visit", "")),
                same_path(path.parent / value["file"]),
                f"row {row.number}",
            )
            found.radiographs.append(radiograph)
    return found


def visit_name(text: str) -> str:
    """A visit; spreadsheets write 2 as 2.0 where others of the column are blank."""
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text or ONLY_VISIT


def same_path(path: Path) -> Path:
    """The path as the file system spells it.

    macOS takes an umlaut apart into letter and dots, others do not: the names are equal, and only
    their bytes differ.
    """
    if os.path.lexists(path) or str(path).isascii():
        return path
    parent = same_path(path.parent)
    try:
        for other in parent.iterdir():
            if unicodedata.normalize("NFC", other.name) == unicodedata.normalize("NFC", path.name):
                return other
    except (OSError, ValueError):
        pass  # no such folder: the file is missing, which is told where it is read
    return parent / path.name


def _row_problems(path: Path, row: Row) -> list[Finding]:
    """What is wrong with a row; a column that is missing was told already."""
    value = row.values
    problems = []
    for column in ("image_id", "patient", "visit"):
        text = value.get(column, ONLY_VISIT) or (ONLY_VISIT if column == "visit" else "")
        if not (IMAGE_ID if column == "image_id" else ID).fullmatch(text):
            problems.append((column, text, ID_RULE, "Give it another name, here and elsewhere."))
    if "limb" in value and value["limb"].upper() not in LIMBS:
        problems.append(("limb", value["limb"], _LIMB_RULE, "Correct the limb."))
    if value.get("file") == "":
        problems.append(("file", "", "the radiograph's path, relative to this CSV", "Fill it in."))
    return [
        Finding(
            str(path),
            f"row {row.number}, column {column}",
            repr(text) if text else "nothing",
            expected,
            remedy,
            Scope.RADIOGRAPH,
            value.get("image_id", ""),
        )
        for column, text, expected, remedy in problems
    ]


def _each_once(found: RadiographList) -> RadiographList:
    """The radiographs sorted by image_id; a second one of an id, or of a limb, is a problem."""
    problems = list(found.problems)
    by_id: dict[str, Radiograph] = {}
    by_limb: dict[tuple[str, str, str], Radiograph] = {}
    for radiograph in found.radiographs:
        limb = (radiograph.patient, radiograph.visit, radiograph.limb)
        if radiograph.image_id in by_id:
            problems.append(
                _twice(
                    radiograph,
                    by_id[radiograph.image_id],
                    f"image_id {radiograph.image_id}",
                    "each image_id",
                )
            )
        elif limb in by_limb:
            what = f"{radiograph.limb} of patient {radiograph.patient}, visit {radiograph.visit},"
            problems.append(_twice(radiograph, by_limb[limb], what, "each limb of a visit"))
            by_id[radiograph.image_id] = radiograph
        else:
            by_id[radiograph.image_id] = by_limb[limb] = radiograph
    return RadiographList([by_id[image_id] for image_id in sorted(by_id)], problems)


def _twice(radiograph: Radiograph, first: Radiograph, what: str, each: str) -> Finding:
    return Finding(
        str(radiograph.path),
        radiograph.listed,
        f"{what} again",
        f"{each} once (first: {', '.join(filter(None, [str(first.path), first.listed]))})",
        "Delete the wrong one, or give it another id.",
        Scope.RADIOGRAPH,
        radiograph.image_id,
    )
