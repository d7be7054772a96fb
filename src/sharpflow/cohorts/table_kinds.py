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
        least: how many of them a table of this kind has.
        named_by_user: whether the config says what these are called; here are names often used.
    """

    name: str
    columns: tuple[frozenset[str], ...]
    least: int
    named_by_user: bool = False

    def found(self, header: Iterable[str]) -> list[str]:
        """The names in a header that are this kind's columns."""
        names = frozenset().union(*self.columns)
        return [name for name in header if name.casefold() in names]

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a header has the columns of this kind."""
        here = {name.casefold() for name in header}
        return sum(not here.isdisjoint(column) for column in self.columns) >= self.least


def _kind(name: str, *columns: str, least: int = 0, named_by_user: bool = False) -> TableKind:
    """`columns` are names; several for one column stand with | between them."""
    spelled = tuple(frozenset(column.casefold().split("|")) for column in columns)
    return TableKind(name, spelled, least or len(columns), named_by_user)


KINDS = (
    _kind(
        "the scores of joints (cohorts: joints: scores)",
        *score_columns(),
        least=10,  # fewer than one limb has
    ),
    _kind(
        "a list of radiographs (cohorts: joints: radiographs)",
        *("image_id", "patient", "limb", "file", "visit"),
        least=4,
    ),
    _kind(
        "joint boxes, which are read from a folder of labels (cohorts: joints: boxes)",
        *("image_id|image|file|filename", "x_min|xmin", "y_min|ymin", "x_max|xmax", "y_max|ymax"),
        *("class|name", "joint"),
        least=5,
    ),
    _kind(
        "bone ages of children (cohorts: bone_age)",
        *("id|image id", "boneage|bone age (months)", "male"),
    ),
    _kind("a split of patients (split: table)", "patient", "split"),
    _kind("verdicts on masks (masks: overrides)", "image_id", "good"),
    _kind("comments on images (whole_image: grad_cam: comments)", "image_id", "comment"),
    _kind(
        "the totals of whole radiographs (cohorts: whole_image: table)",
        "image|image_id|file|filename|file_name",
        "total|total_score|svdh|svh|shs|tss|mtss|sharp|sharp_score",
        named_by_user=True,
    ),
)


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
        for. None where it has half of that, unless all of its columns are the other kind's.
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
    is_other = count > known and (2 * known < len(required) or count == len(header))
    return kind if is_other else None
