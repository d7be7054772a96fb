"""Atomic writes: a file or a folder appears under its name complete, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, with the same suffix, renamed to it on success."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Give an empty folder beside `path`, renamed to it on success and removed on an error.

    Of a job that was killed, processes may live on and write: into that folder, never into `path`.
    Folders that such a job left beside `path` are removed.

    Raises:
        OSError: `path` has something in it.
    """
    path = Path(path)
    for left in path.parent.glob(f".{path.name}.[0-9]*"):
        shutil.rmtree(left, ignore_errors=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_table(table: "pd.DataFrame", path: str | Path) -> None:
    """Write a table as CSV, floats with the fewest digits that read back the same."""
    with atomic_write(path) as temporary:
        # Names of files may have bytes that are no text.
        table.to_csv(temporary, index=False, lineterminator="\n", errors="backslashreplace")


def read_table(path: str | Path, **text_columns: type) -> "pd.DataFrame":
    """Read a CSV that `write_table` wrote; ids and names stay text, a patient "NA" or "007" too."""
    import pandas as pd

    text = dict.fromkeys(("image_id", "patient", "limb", "joint", "shard", "visit"), str)
    return pd.read_csv(path, dtype=text | text_columns, keep_default_na=False, na_values=[""])
