"""The list of a cohort's films, from a folder in RA2-DREAM's layout or from a CSV.

Only the standard library is imported: the workflow calls `list_films` while it is parsed.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.findings import Finding, Scope

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
OTHER_IMAGES = (".dcm", ".dicom", ".gif", ".webp", ".jp2", ".heic")
FILM_COLUMNS = ("image_id", "patient", "limb", "file")
ONLY_VISIT = "1"

ID = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_-]|\.(?!\.))*")
ID_RULE = "letters, digits, '_', '-' and single '.', not beginning with '.'"
_LIMB_RULE = "one of " + ", ".join(LIMBS)


@dataclass(frozen=True)
class Film:
    """One radiograph of one limb. `listed` says where a CSV lists it; empty for a folder."""

    image_id: str
    patient: str
    limb: str
    visit: str
    path: Path
    listed: str = ""


@dataclass(frozen=True)
class FilmList:
    """The films of a cohort by image_id, each once, and what is wrong with the rest."""

    films: list[Film] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)


def list_films(films: str | Path) -> FilmList:
    """List the films of a cohort without opening them.

    `films` is a folder with files `<patient>-<LH|RH|LF|RF>.<jpg|jpeg|png|bmp|tif|tiff>`, whose
    image_id is the name without suffix, or a CSV with columns image_id, patient, limb, file
    (relative to the CSV) and, where there are several, visit. Hidden files, subfolders and files
    of other kinds in the folder are left alone, images of formats that are not read are problems.
    What is wrong is returned, not raised; of an image_id that is there twice the first is listed.
    """
    films = Path(films)
    if films.is_dir():
        found = _list_folder(films)
    elif films.suffix.lower() == ".csv":
        found = _list_csv(films)
    else:
        return FilmList(
            problems=[
                Finding(
                    str(films),
                    "",
                    "neither a folder nor a .csv file",
                    "a folder of films or a CSV that lists them",
                    "Correct the path of the films in the config.",
                )
            ]
        )
    if not found.films and not found.problems:
        return FilmList(
            problems=[
                Finding(
                    str(films),
                    "",
                    "no films",
                    "films named <patient>-<LH|RH|LF|RF>.jpg, or rows of a CSV",
                    "Correct the path of the films in the config.",
                )
            ]
        )
    return _each_once(found)


def _list_folder(folder: Path) -> FilmList:
    found = FilmList()
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        suffix = path.suffix.lower()
        if path.name.startswith(".") or not path.is_file():
            continue
        if suffix in OTHER_IMAGES:
            found.problems.append(
                Finding(
                    str(path),
                    "",
                    f"an image of kind {suffix}",
                    "one of " + ", ".join(SUFFIXES),
                    "Export the film as one of these, or move it elsewhere.",
                    Scope.ENTRY,
                    path.name,
                )
            )
        elif suffix in SUFFIXES:
            patient, _, limb = path.stem.rpartition("-")
            if ID.fullmatch(path.stem) and patient and limb in LIMBS:
                found.films.append(Film(path.stem, patient, limb, ONLY_VISIT, path))
            else:
                found.problems.append(_bad_name(path))
    return found


def _bad_name(path: Path) -> Finding:
    return Finding(
        str(path),
        "the file's name",
        repr(path.stem),
        f"<patient>-<limb>, the limb {_LIMB_RULE}, the patient of {ID_RULE}",
        "Rename the file, or list the films in a CSV with image_id, patient, limb, file.",
        Scope.ENTRY,
        path.name,
    )


def _list_csv(path: Path) -> FilmList:
    table = read_rows(path, FILM_COLUMNS, "a list of films: image_id, patient, limb, file")
    found = FilmList(problems=list(table.problems))
    for row in table.rows:
        problems = _row_problems(path, row)
        found.problems.extend(problems)
        if not problems:
            value = row.values
            film = Film(
                value["image_id"],
                value["patient"],
                value["limb"],
                value.get("visit") or ONLY_VISIT,
                path.parent / value["file"],
                f"row {row.number}",
            )
            found.films.append(film)
    return found


def _row_problems(path: Path, row: Row) -> list[Finding]:
    value = row.values
    problems = []
    for column in ("image_id", "patient", "visit"):
        text = value.get(column, ONLY_VISIT) or (ONLY_VISIT if column == "visit" else "")
        if not ID.fullmatch(text):
            problems.append((column, text, ID_RULE, "Give it another name, here and elsewhere."))
    if value["limb"] not in LIMBS:
        problems.append(("limb", value["limb"], _LIMB_RULE, "Correct the limb."))
    if not value["file"]:
        problems.append(("file", "", "the film's path, relative to this CSV", "Fill it in."))
    return [
        Finding(
            str(path),
            f"row {row.number}, column {column}",
            repr(text) if text else "nothing",
            expected,
            remedy,
            Scope.FILM,
            value["image_id"],
        )
        for column, text, expected, remedy in problems
    ]


def _each_once(found: FilmList) -> FilmList:
    """The films sorted by image_id; a second film of an id, or of a limb, is a problem."""
    problems = list(found.problems)
    by_id: dict[str, Film] = {}
    by_limb: dict[tuple[str, str, str], Film] = {}
    for film in found.films:
        limb = (film.patient, film.visit, film.limb)
        if film.image_id in by_id:
            problems.append(
                _twice(film, by_id[film.image_id], f"image_id {film.image_id}", "each image_id")
            )
        elif limb in by_limb:
            what = f"{film.limb} of patient {film.patient}, visit {film.visit},"
            problems.append(_twice(film, by_limb[limb], what, "each limb of a visit"))
            by_id[film.image_id] = film
        else:
            by_id[film.image_id] = by_limb[limb] = film
    return FilmList([by_id[image_id] for image_id in sorted(by_id)], problems)


def _twice(film: Film, first: Film, what: str, each: str) -> Finding:
    return Finding(
        str(film.path),
        film.listed,
        f"{what} again",
        f"{each} once (first: {', '.join(filter(None, [str(first.path), first.listed]))})",
        "Delete the wrong one, or give it another id.",
        Scope.FILM,
        film.image_id,
    )
