"""What a person says of single images: verdicts on masks, and comments below heat maps.

Only the standard library is imported: the workflow reads these tables while it is parsed.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Generic, TypeVar

from sharpflow.cohorts.csv_rows import Row, read_rows
from sharpflow.cohorts.findings import Finding, Scope

Said = TypeVar("Said")

_WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "0", "0.0"), False),
}


@dataclass(frozen=True)
class SaidOfImages(Generic[Said]):
    """What is said of each image, by rows that are right, and what is wrong with the others."""

    by_image: dict[str, Said] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)


def read_verdicts(path: str | Path, known: Collection[str] | None = None) -> SaidOfImages[bool]:
    """Read whether masks are good, as a person judged.

    Args:
        path: a CSV with the columns image_id, good (true or false; yes/no and 1/0 too) and perhaps
            comment.
        known: ids of all images that it may name; None: any.
    """
    what = "verdicts on masks: image_id, good and, optionally, comment"
    return _read(
        path, "good", lambda word: _WORDS.get(word.lower()), "true or false", what, known=known
    )


def read_comments(path: str | Path, known: Collection[str] | None = None) -> SaidOfImages[str]:
    """Read a reader's comments on images.

    Args:
        path: a CSV with the columns image_id and comment.
        known: ids of all images that it may name; None: any.
    """
    what = "a reader's comments: image_id, comment"
    return _read(path, "comment", str, "a comment", what, known=known)


def _read(
    path: str | Path,
    column: str,
    read: Callable[[str], Said | None],
    expected: str,
    what: str,
    *,
    known: Collection[str] | None,
) -> SaidOfImages[Said]:
    """Read what a column says; `read` gives None of a text that is not as `expected`."""
    table = read_rows(
        Path(path),
        ("image_id", column),
        what,
        optional=("comment",),
        may_be_empty=True,
        partial=True,
    )
    said = SaidOfImages[Said](problems=list(table.problems))
    first: dict[str, int] = {}
    for row in table.rows:
        image_id, text = row.values.get("image_id"), row.values.get(column)
        value = None if text is None else read(text)
        wrong = None if image_id is None else _wrong_id(image_id, first, known)
        if image_id is not None:
            first.setdefault(image_id, row.number)
        if wrong:
            said.problems.append(_finding(path, row, "image_id", wrong))
        elif text is not None and value is None:
            found = (repr(text) if text else "nothing", expected, f"Correct the {column}.")
            said.problems.append(_finding(path, row, column, found))
        elif image_id is not None and value is not None:
            said.by_image[image_id] = value
    return said


def _wrong_id(
    image_id: str, first: Mapping[str, int], known: Collection[str] | None
) -> tuple[str, str, str] | None:
    """What is found, expected and to be done where an id is wrong."""
    if not image_id:
        return "no id", "the id of an image", "Fill it in, or delete the row."
    if image_id in first:
        expected = f"each image once (first in row {first[image_id]})"
        return f"image {image_id} again", expected, "Delete one of the rows."
    if known is not None and image_id not in known:
        near = get_close_matches(image_id, sorted(known), 1)
        nearest = f"Correct the id (the nearest is {near[0]})" if near else "Correct the id"
        return f"image {image_id}", "an image of the cohort", f"{nearest}, or delete the row."
    return None


def _finding(path: str | Path, row: Row, column: str, wrong: tuple[str, str, str]) -> Finding:
    place = f"row {row.number}"
    return Finding(str(path), f"{place}, column {column}", *wrong, Scope.ENTRY, place)
