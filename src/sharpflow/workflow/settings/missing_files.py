"""Files and folders that a study names and that are not there."""

import os
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sharpflow.errors import UserError
from sharpflow.workflow.settings.base import OnDisk, Section

_WORDS = {"phantom", "none", "download"}  # what a key may hold in place of a path


def refuse_missing_files(study: Section) -> None:
    """Refuse a study of which anything that it names is not there.

    No radiograph need be read to see it, so that `-n` says it too.

    Raises:
        UserError: names the key and the path of each.
    """
    missing = [f"  {key}: {path}" for key, path in _named(study) if not _is_there(path)]
    if missing:
        lines = "\n".join(missing)
        raise UserError(
            "config.yaml, or what was laid over it, names files or folders that are not there:\n"
            f"{lines}\nPaths without a slash in front begin at {os.getcwd()}."  # noqa: PTH109
        )


def _named(section: BaseModel, place: str = "") -> Iterator[tuple[str, str]]:
    """Each path that a section and those in it name, with its key."""
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, BaseModel):
            yield from _named(value, f"{place}{key}.")
        elif isinstance(value, str) and value not in _WORDS and _is_path(field):
            yield f"{place}{key}", value


def _is_path(field: FieldInfo) -> bool:
    """Whether a field, or one of the kinds of value that it takes, is a path."""
    marks = [*field.metadata]
    for kind in get_args(field.annotation):
        marks += getattr(kind, "__metadata__", ())
    return any(isinstance(mark, OnDisk) for mark in marks)


def _is_there(path: str) -> bool:
    # Path.exists raises where a name is longer than the file system takes.
    return os.path.exists(path)  # noqa: PTH110
