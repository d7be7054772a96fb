"""Images that a table of labels lists: where each lies, and what is wrong with its row.

Only the standard library is imported: the workflow lists images while it is parsed.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from sharpflow.cohorts.csv_rows import Row, Rows
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.radiographs import ID, ID_RULE, SUFFIXES, split_name
from sharpflow.cohorts.text import is_text

SEXES = {
    "F": ("f", "female", "woman", "0", "0.0"),
    "M": ("m", "male", "man", "1", "1.0"),
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")

Value = TypeVar("Value")


@dataclass(frozen=True)
class LabelledImage:
    """One image, its file, the table that lists it and the row there.

    `columns` maps our names of values to the table's columns; None where it has none.
    """

    image_id: str
    path: Path
    table: str
    row: Row
    columns: Mapping[str, str | None]

    @property
    def where(self) -> str:
        """The row, in words for a message."""
        return f"row {self.row.number}{f', image {self.image_id}' * bool(self.image_id)}"


@dataclass(frozen=True)
class ImageList:
    """The images of a cohort by image_id, each once, and what is wrong with the rest.

    `unlocated` are rows that name no file, with a blank image_id: their values are read all the
    same, for what is wrong with them. `unlisted` has the images in each folder that no row
    names; they are not read.
    """

    images: list[LabelledImage] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    unlocated: list[LabelledImage] = field(default_factory=list)
    unlisted: dict[str, list[str]] = field(default_factory=dict)

    def paths(self) -> dict[str, Path]:
        """The file of each image."""
        return {image.image_id: image.path for image in self.images}


def composed(name: str) -> str:
    """A name with its umlauts in one piece, which macOS takes apart."""
    return unicodedata.normalize("NFC", name)


class ImageFolder:
    """The files in a folder and the folders in it, found by name with or without suffix."""

    def __init__(self, folder: Path) -> None:
        """Walk through the folder once; nothing is opened. Hidden files are passed over."""
        self.folder = folder
        self._paths: dict[str, str] = {}  # relative to the folder, by their composed names
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for root, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            within = os.path.relpath(root, folder)
            for name in sorted(name for name in names if not name.startswith(".")):
                path = name if within == "." else f"{within}/{name}"
                stem, suffix = os.path.splitext(name)  # noqa: PTH122 - ten thousands of names
                self._paths[composed(path)] = path
                self._by_name.setdefault(composed(name), []).append(path)
                if suffix.lower() in SUFFIXES:
                    self._by_stem.setdefault(composed(stem), []).append(path)

    def find(self, name: str) -> list[str]:
        """The files that a table can mean by `name`: a path in the folder, a name or a stem."""
        name = composed(name)
        if name in self._paths:
            return [self._paths[name]]
        return self._by_name.get(name) or self._by_stem.get(name, [])

    def others(self, known: set[Path]) -> list[str]:
        """The images that are not among the known files."""
        images = (path for paths in self._by_stem.values() for path in paths)
        return sorted(path for path in images if self.folder / path not in known)


def list_rows(rows: Rows, table: str, images: Path, columns: Mapping[str, str | None]) -> ImageList:
    """The images that the rows of a table name, found in a folder.

    Args:
        rows: of the table, and what was found wrong with it.
        table: the table's path, for messages.
        images: the folder of the files.
        columns: what the table calls our values; `columns["image"]` names the images, and
            `columns["id"]`, if there is one, gives each its image_id.

    Returns:
        The images, and what is wrong. Their image_id is their file's name without suffix, unless a
        column gives it. A file that is not there is listed all the same, for the packing to miss,
        as is an image whose id is none. Of an image that is named twice the first row is listed.
    """
    if rows.problems and not rows.rows:
        return ImageList(problems=list(rows.problems))
    if not os.path.isdir(images):  # noqa: PTH112 - no error for a path that cannot be
        found, expected = "no such folder", f"the folder of the images that {table} lists"
        problem = Finding(str(images), "", found, expected, "Correct the path in the config.")
        nowhere = [LabelledImage("", images, table, row, columns) for row in rows.rows]
        return ImageList(problems=[*rows.problems, problem], unlocated=nowhere)
    if not rows.rows:
        found = "no rows below the header"
        problem = Finding(table, "", found, "a row for each image", "Export the table again.")
        return ImageList(problems=[*rows.problems, problem])
    folder = ImageFolder(images)
    listed = ImageList(problems=list(rows.problems))
    for row in rows.rows:
        image, problems = _locate(row, table, folder, columns)
        listed.problems.extend(problems)
        (listed.images if image.image_id else listed.unlocated).append(image)
    if listed.unlocated and not listed.images:
        return listed  # without a column of images no file has a row
    others = folder.others({image.path for image in listed.images})
    return each_once([replace(listed, unlisted={str(images): others} if others else {})])


def _locate(
    row: Row, table: str, folder: ImageFolder, columns: Mapping[str, str | None]
) -> tuple[LabelledImage, list[Finding]]:
    """The image that a row names, its image_id blank where that is unclear, and what is wrong."""
    column = str(columns["image"])
    nowhere = LabelledImage("", folder.folder, table, row, columns)
    if column not in row.values:
        return nowhere, []  # told already
    name = row.values[column]
    files = folder.find(name) if name else []
    path = folder.folder / (files[0] if files else name)
    if not name:
        wrong = ("no image", "the image's file name in every row", "Fill it in.")
    elif len(files) > 1:
        wrong = (f"{name!r}, which can be any of {', '.join(files)}", "one file", "Give its path.")
    elif not is_text(path):
        found = f"{name!r} in a folder whose name is no text ({str(path.parent)!a})"
        wrong = (found, "names in UTF-8", "Rename the folder.")
    else:
        stem, suffix = split_name(path.name)
        named = stem if files or suffix in SUFFIXES else path.name
        return _named(LabelledImage(named, path, table, row, columns))
    place = f"row {row.number}"
    return nowhere, [Finding(table, f"{place}, column {column}", *wrong, Scope.ENTRY, place)]


def _named(image: LabelledImage) -> tuple[LabelledImage, list[Finding]]:
    """An image under the id that its row gives it, else under its file's name, and what is wrong.

    `image` has its file's name as image_id.
    """
    row, columns = image.row, image.columns
    column = columns.get("id")
    if column and column not in row.values:
        return image, []  # told already
    said = row.values[column or str(columns["image"])]
    if column:
        image = replace(image, image_id=said)
        remedy = "Correct the id."
    else:
        remedy = "Rename the file, here and in its folder."
        if "id" in columns:
            remedy += " Or name a column of ids under cohorts: whole_image: columns: id."
    if ID.fullmatch(image.image_id):
        return image, []
    return image, [
        Finding(
            image.table,
            f"row {row.number}, column {column or columns['image']}",
            repr(said) if said else "no id",
            f"a name of {ID_RULE}",
            remedy,
            Scope.RADIOGRAPH if image.image_id else Scope.ENTRY,
            image.image_id or f"row {row.number}",
        )
    ]


def each_once(lists: list[ImageList]) -> ImageList:
    """Several lists as one, sorted by image_id; a second row of an image is a problem."""
    joined = ImageList(
        problems=[problem for each in lists for problem in each.problems],
        unlocated=[image for each in lists for image in each.unlocated],
    )
    known = {image.path for each in lists for image in each.images}
    for folder, names in (item for each in lists for item in each.unlisted.items()):
        others = [name for name in names if Path(folder) / name not in known]
        if others:
            joined.unlisted[folder] = others
    by_id: dict[str, LabelledImage] = {}
    for image in (image for each in lists for image in each.images):
        first = by_id.setdefault(image.image_id, image)
        if first is not image:
            joined.problems.append(
                Finding(
                    image.table,
                    image.where,
                    "this image again",
                    f"each image once (first: {first.table}, row {first.row.number})",
                    "Delete the wrong row.",
                    Scope.RADIOGRAPH,
                    image.image_id,
                )
            )
    joined.images.extend(by_id[image_id] for image_id in sorted(by_id))
    return joined


class Reading:
    """Reads the values of one image's row, and collects what is wrong with them."""

    def __init__(self, image: LabelledImage) -> None:
        """Nothing is read yet."""
        self.image = image
        self.problems: list[Finding] = []

    def text(self, name: str) -> str:
        """A value as it stands; empty where the table has no such column."""
        column = self.image.columns.get(name)
        return self.image.row.values.get(column, "") if column else ""

    def lacks(self, name: str) -> bool:
        """Whether the table should have a column for a value, and has not: that is told once."""
        column = self.image.columns.get(name)
        return bool(column) and column not in self.image.row.values

    def number(self, name: str, low: float, high: float, *, blank: bool = False) -> float | None:
        """A number from `low` to `high`; None where it is wrong or lacks, or blank and may be."""
        text = self.text(name)
        if self.lacks(name) or (blank and not text):
            return None
        if _NUMBER.fullmatch(text) and low <= float(text) <= high:
            return float(text)
        self._wrong(name, f"a number from {low:g} to {high:g}", f"Correct the {name}.")
        return None

    def choice(
        self, name: str, choices: Mapping[Value, tuple[str, ...]], *, blank: bool = False
    ) -> Value | None:
        """The key of the choice whose spellings have the value, capitals or not."""
        text = self.text(name)
        if self.lacks(name) or (blank and not text):
            return None
        for choice, spellings in choices.items():
            if text.lower() in spellings:
                return choice
        spelled = ", ".join(f"{key} ({' '.join(words)})" for key, words in choices.items())
        self._wrong(name, f"one of {spelled}", f"Correct the {name}.")
        return None

    def check(self, name: str, fits: Callable[[str], object], expected: str) -> str:
        """A text that has to fit."""
        text = self.text(name)
        if not (self.lacks(name) or fits(text)):
            self._wrong(name, expected, f"Correct the {name}.")
        return text

    def _wrong(self, name: str, expected: str, remedy: str) -> None:
        text, image_id = self.text(name), self.image.image_id
        self.problems.append(
            Finding(
                self.image.table,
                f"{self.image.where}, column {self.image.columns[name]}",
                repr(text) if text else "nothing",
                expected,
                remedy,
                Scope.RADIOGRAPH if image_id else Scope.ENTRY,
                image_id or self.image.where,
            )
        )
