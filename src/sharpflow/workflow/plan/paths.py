"""Paths that both pipelines' rules share."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from sharpflow.cohorts.labels import named_as_labels
from sharpflow.cohorts.text import is_text

PHANTOM = "phantom"


class Wildcards(Protocol):
    """The wildcards of a job, by name."""

    def __getattr__(self, name: str) -> str:
        """The value of a wildcard."""
        ...


IMAGES_A_SHARD = 256


def shards_for(asked: int | str, images: int) -> int:
    """The shards of a cohort: the number asked for; for "auto" one for each 256 images."""
    return max(1, -(-images // IMAGES_A_SHARD)) if asked == "auto" else int(asked)


def shard_names(count: int) -> list[str]:
    """The names of so many shards: "00", "01" and so on."""
    return [f"{number:02d}" for number in range(count)]


def one_of(names: Iterable[str]) -> str:
    """The pattern of a wildcard that is one of these names.

    Of no names it matches nothing; Snakemake would take an empty pattern for no constraint at all.
    """
    patterns = list(names)
    return f"({'|'.join(patterns)})" if patterns else "(?!)"


def existing(paths: Iterable[str | Path]) -> list[str]:
    """Those of the paths that exist; what is missing is for the check to say, with the rest."""
    # Path.exists raises where a name is longer than the file system takes.
    return [str(path) for path in paths if os.path.exists(path)]  # noqa: PTH110


def existing_labels(folder: str) -> list[Path]:
    """The label files in a folder of boxes; none where it cannot be read.

    Names that are no text, which no radiograph has, are for the check alone: Snakemake cannot write
    them down.
    """
    return [path for path in _named_as_labels(folder) if _is_label(path)]


def other_labels(folder: str) -> list[str]:
    """What else in a folder of boxes has the name of a label file; none where it cannot be read."""
    return [str(path) for path in _named_as_labels(folder) if not _is_label(path)]


def _named_as_labels(folder: str) -> list[Path]:
    try:
        return named_as_labels(Path(folder))
    except (OSError, ValueError):
        return []


def _is_label(path: Path) -> bool:
    return path.is_file() and is_text(path)


# Names of folders that say what is in them, not whose it is.
_CONTENTS = {"radiographs", "images"}
# Names of folders that name no cohort; `phantom` would say that its radiographs are synthetic.
_NO_NAMES = {"", "data", PHANTOM}


def cohort_name(radiographs: str | None, study: str) -> str:
    """What a cohort of the user's own is called, if nobody gave it a name.

    As the folder that holds its radiographs, or that their CSV lies in, or, if that is
    "radiographs" or "images", as the folder around it. If that is "data" or "phantom", as the
    study.
    """
    folder = Path(radiographs or "").resolve()
    if folder.suffix.lower() == ".csv":
        folder = folder.parent
    if folder.name.lower() in _CONTENTS:
        folder = folder.parent
    names = [name for name in (folder.name, study) if name.lower() not in _NO_NAMES]
    return names[0] if names else "own radiographs"


def table_files(names: Iterable[str], folder: str = "tables") -> list[str]:
    """The files of tables: for machines, and the page that the report shows."""
    return [f"<results>/{folder}/{name}.{suffix}" for name in names for suffix in ("csv", "html")]


def figure_files(names: Iterable[str]) -> list[str]:
    """The image files of figures."""
    return [f"<results>/figures/{name}.{suffix}" for name in names for suffix in ("png", "pdf")]


def problem_files(cohorts: Sequence[str]) -> list[str]:
    """The lists of what is wrong with each cohort."""
    return [f"<results>/cohort/{cohort}/problems.csv" for cohort in cohorts]
