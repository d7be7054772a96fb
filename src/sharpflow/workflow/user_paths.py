"""Paths that a user chose, taken as they stand (io.py and pathvars.py of Snakemake 9.27).

Snakemake takes `{name}` in every input for a wildcard and `<name>` for a variable, and ends with
an error where a file or folder of the user's is called so.
"""

from functools import wraps
from typing import Any


class UserPath(str):
    """A path without wildcards."""

    __slots__ = ()


def as_they_stand(found: str | list[str]) -> str | list[str]:
    """Paths of the user's for an input function to return."""
    return UserPath(found) if isinstance(found, str) else [UserPath(path) for path in found]


def keep_user_paths(io: Any, pathvars: type[Any], undefined: type[Exception]) -> None:
    """Let Snakemake look for no wildcards in a `UserPath`, and leave unknown variables in any path.

    Jobs read the Snakefile too; a process that runs several reads it again, and corrects once.

    Args:
        io: Snakemake's module of that name.
        pathvars: its class Pathvars.
        undefined: what that raises for an unknown variable.
    """
    apply_wildcards, apply_variables = io.apply_wildcards, pathvars.apply
    if apply_wildcards.__module__ == __name__:
        return

    def without_wildcards(pattern: Any, wildcards: Any) -> Any:
        return pattern if isinstance(pattern, UserPath) else apply_wildcards(pattern, wildcards)

    @wraps(apply_variables)
    def known_variables(variables: Any, path: str) -> Any:
        try:
            return apply_variables(variables, path)
        except undefined:
            return path

    io.apply_wildcards = without_wildcards
    pathvars.apply = known_variables
