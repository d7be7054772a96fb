"""The folder that the workflow lies in: what its name may have, and what Snakemake needs there.

Snakemake 9.27 puts the path of Python unquoted into the commands that start jobs.
"""

import shlex
import sys

from sharpflow.errors import UserError

_QUOTED = frozenset(" \t'\"()[]{}*?$&;|<>~#!`\\^")
_NEVER = {":": "separates the folders in PYTHONPATH", "\n": "ends a line"}
_PATTERNS = "{}<>"


class QuotedInCommands(str):
    """A path that is itself, but quoted for a shell where it is put into a text."""

    __slots__ = ()

    def __format__(self, how: str) -> str:
        """The path as a shell reads it."""
        return shlex.quote(str(self)) if not how else format(str(self), how)


def prepare_clone_folder(folder: str) -> None:
    """Let jobs start from a folder with blanks, quotes or brackets in its path.

    Args:
        folder: of the Snakefile.

    Raises:
        UserError: no job could run there.
    """
    for character in folder:
        if character in _NEVER or character in _PATTERNS:
            why = _NEVER.get(character, "Snakemake takes for a pattern")
            raise UserError(
                f"The folder of this workflow, {folder!r}, has {character!r} in its path, which "
                f"{why}. Move the folder to a path without."
            )
    if needs_quotes(sys.executable) and not isinstance(sys.executable, QuotedInCommands):
        sys.executable = QuotedInCommands(sys.executable)


def refuse_on_cluster(folder: str) -> None:
    """Raise UserError where the jobs of a cluster could not start."""
    for path in (folder, str(sys.executable)):
        if needs_quotes(path):
            raise UserError(
                f"{path!r} has a blank, quote or bracket in its path, with which jobs on a cluster "
                "do not start. Move the folder of this workflow to a path without, and set it up "
                "there."
            )


def needs_quotes(path: str) -> bool:
    """Whether a shell reads a path as something else, unless it is quoted."""
    return not _QUOTED.isdisjoint(path)
