"""Files and folders that a study names and that are not there, or are the other of the two."""

import os
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sharpflow.errors import UserError
from sharpflow.workflow.settings.base import OnDisk, Section

_WORDS = {"phantom", "none", "download"}  # what a key may hold in place of a path


def refuse_missing_files(study: Section) -> None:
    """Refuse a study of which anything that it names is not there, or is no file or no folder.

    No radiograph need be read to see it, so that `-n` says it too.

    Raises:
        UserError: names the key and the path of each.
    """
    wrong = [
        f"  {key}: {path}{said}"
        for key, path, mark in _named(study)
        if (said := _what_is_wrong(path, mark)) is not None
    ]
    if wrong:
        lines = "\n".join(wrong)
        raise UserError(
            "config.yaml, or what was laid over it, names files or folders that are not there, or "
            f"one in place of the other:\n{lines}\n"
            f"Paths without a slash in front begin at {os.getcwd()}."  # noqa: PTH109
        )


def _named(section: BaseModel, place: str = "") -> Iterator[tuple[str, str, OnDisk]]:
    """Each path that a section and those in it name, with its key and what it may be."""
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, BaseModel):
            yield from _named(value, f"{place}{key}.")
        elif isinstance(value, str) and value not in _WORDS and (mark := _mark_of(field)):
            yield f"{place}{key}", value, mark


def _mark_of(field: FieldInfo) -> OnDisk | None:
    """The mark of a field, or of one of the kinds of value that it takes, if it is a path."""
    marks = [*field.metadata]
    for kind in get_args(field.annotation):
        marks += getattr(kind, "__metadata__", ())
    return next((mark for mark in marks if isinstance(mark, OnDisk)), None)


def _what_is_wrong(path: str, mark: OnDisk) -> str | None:
    """What a path is in place of what it should be, in words; empty where nothing is there."""
    # Path.exists and the like raise where a name is longer than the file system takes.
    is_there = {"file": os.path.isfile(path), "folder": os.path.isdir(path)}  # noqa: PTH112, PTH113
    if any(is_there[kind] for kind in mark.may_be):
        return None
    if not os.path.exists(path):  # noqa: PTH110
        return ""
    found = "a folder" if is_there["folder"] else "a file" if is_there["file"] else "something else"
    return f" (found {found}; expected a {' or a '.join(mark.may_be)})"
