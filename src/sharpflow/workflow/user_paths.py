"""Paths that a user chose, taken as they stand (io.py and pathvars.py of Snakemake 9.27).

Snakemake takes `{name}` in every input for a wildcard and `<name>` for a variable, and ends with
an error where a file or folder of the user's is called so.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any


class UserPath(str):
    """A path, or another text, without patterns."""

    __slots__ = ()


def as_they_stand(found: str | list[str]) -> str | list[str]:
    """Paths of the user's for an input function to return."""
    return UserPath(found) if isinstance(found, str) else [UserPath(path) for path in found]


def keep_user_paths(io: Any, pathvars: type[Any]) -> None:
    """Let Snakemake look for no patterns in a `UserPath`.

    Jobs read the Snakefile too; a process that runs several reads it again, and corrects once.

    Args:
        io: Snakemake's module of that name.
        pathvars: its class Pathvars.
    """
    if io.apply_wildcards.__module__ == __name__:
        return
    io.apply_wildcards = _unless_user_path(io.apply_wildcards, 0)
    pathvars.apply = _unless_user_path(pathvars.apply, 1)


def _unless_user_path(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """The function, but a UserPath at this place among its arguments is returned."""

    @wraps(function)
    def kept(*arguments: Any) -> Any:
        path = arguments[place]
        return path if isinstance(path, UserPath) else function(*arguments)

    kept.__module__ = __name__
    return kept
