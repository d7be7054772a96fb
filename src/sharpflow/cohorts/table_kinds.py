"""The kinds of tables that people bring, to tell one that stands in another's place.

Only the standard library is used: tables are read while the workflow is parsed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sharpflow.anatomy import score_columns


@dataclass(frozen=True)
class TableKind:
    """A kind of table.

    Attributes:
        name: in words, with the key of the config that names such a table.
        columns: what each of its columns may be called, in lower case.
        more: columns that it may have besides.
        least: how many of its columns a table of this kind has; 0: all.
        named_by_user: whether the config says what these are called; here are names often used.
    """

    name: str
    columns: tuple[frozenset[str], ...]
    more: frozenset[str] = frozenset()
    least: int = 0
    named_by_user: bool = False

    def found(self, header: Iterable[str]) -> list[str]:
        """The names in a header that are this kind's columns."""
        names = self.more.union(*self.columns)
        return [name for name in header if name.casefold() in names]

    def fits(self, header: Iterable[str]) -> bool:
        """Whether a header has the columns of this kind."""
        here = {name.casefold() for name in header}
        count = sum(not here.isdisjoint(column) for column in self.columns)
        return count >= (self.least or len(self.columns))


def _columns(*names: str) -> tuple[frozenset[str], ...]:
    """Columns by their names; several of one column stand with | between them."""
    return tuple(frozenset(name.casefold().split("|")) for name in names)


KINDS = (
    TableKind(
        "the scores of joints (cohorts: joints: scores)",
        _columns(*score_columns()),
        least=10,  # fewer than one limb has
    ),
    TableKind(
        "a list of radiographs (cohorts: joints: radiographs)",
        _columns("image_id", "patient", "limb", "file"),
        more=frozenset({"visit"}),
    ),
    TableKind(
        "joint boxes, which are read from a folder of labels (cohorts: joints: boxes)",
        _columns(
            "image_id|image|file|filename", "x_min|xmin", "y_min|ymin", "x_max|xmax", "y_max|ymax"
        ),
        more=frozenset({"class", "name", "joint"}),
    ),
    TableKind(
        "bone ages of children (cohorts: bone_age)",
        _columns("id|image id", "boneage|bone age (months)", "male"),
    ),
    TableKind("a split of patients (split: table)", _columns("patient", "split")),
    TableKind("verdicts on masks (masks: overrides)", _columns("image_id", "good")),
    TableKind(
        "comments on images (whole_image: grad_cam: comments)", _columns("image_id", "comment")
    ),
    TableKind(
        "the totals of whole radiographs (cohorts: whole_image: table)",
        _columns(
            "image|image_id|file|filename|file_name",
            "total|total_score|svdh|svh|shs|tss|mtss|sharp|sharp_score",
        ),
        more=frozenset({"id", "age", "sex", "patient", "visit"}),
        named_by_user=True,
    ),
)
_FEW = 2  # columns that tables of other kinds may well have besides their own


def other_kind(
    header: Sequence[str],
    required: Sequence[str],
    optional: Sequence[str] = (),
    *,
    named_by_user: bool = False,
) -> TableKind | None:
    """The kind of table that a header is of, in place of the one that was asked for.

    Args:
        header: the names of the columns.
        required: columns that were asked for.
        optional: columns that the table might have besides.
        named_by_user: whether the config says what the required columns are called.

    Returns:
        The kind of which the header has most columns, if it has more of them than of what was asked
        for; and if all of its columns are of that kind, or it has less than half of what was asked
        for. None where nothing speaks for another kind.
    """
    header, asked = [name for name in header if name], [*required, *optional]
    others = [
        kind
        for kind in KINDS
        if kind.fits(header) and not kind.fits(asked) and not (named_by_user and kind.named_by_user)
    ]
    if not others:
        return None
    kind = max(others, key=lambda other: len(other.found(header)))
    count, known = len(kind.found(header)), sum(name in header for name in asked)
    is_all, is_most = count == len(header), count > _FEW and 2 * known < len(required)
    return kind if count > known and (is_all or is_most) else None
