"""Splits that stay: a patient who has a split keeps it when others come or go.

A split is a file of the study that its rule reads before it writes it anew. Beside it lies a
record: which settings dealt it, and the splits of patients who are gone, in case they return.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharpflow.errors import first_of
from sharpflow.files import atomic_write, read_table

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 5  # patients that a message names


@dataclass(frozen=True)
class EarlierSplit:
    """The split that an earlier run made.

    Attributes:
        here: patient -> split of those whom it split.
        gone: the same of those who were gone by then.
        dealt_by: the settings that dealt it; None where nobody recorded them.
    """

    here: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    dealt_by: Mapping[str, Any] | None = None

    def kept_by(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """patient -> split of all who keep theirs: none, where other settings dealt it."""
        if self.dealt_by not in (None, settings):
            return {}
        return {**self.gone, **self.here}

    def changes(self, split: "pd.DataFrame", settings: Mapping[str, Any]) -> Iterator[str]:
        """What is told of a new split, a line each: nothing, if it is the first or the same."""
        new = _parts(split)
        if not self.here or new == self.here:
            return
        counts = ", ".join(f"{name} {count}" for name, count in _count(new.values()).items())
        kept = self.kept_by(settings)
        if not kept:
            old = " ".join(f"{key} {value}" for key, value in (self.dealt_by or {}).items())
            now = " ".join(f"{key} {value}" for key, value in settings.items())
            yield f"all {len(new)} patients are split anew ({counts}): {old} became {now}"
            return
        added = {patient: part for patient, part in new.items() if patient not in kept}
        moved = sorted(p for p, part in new.items() if kept.get(p, part) != part)
        gone = sorted(self.here.keys() - new.keys())
        yield (
            f"{len(new) - len(added) - len(moved)} patients keep their split; "
            f"new: {_said(added)}; now {counts}"
        )
        if moved:
            yield f"get another split, which is given: {first_of(moved, _NAMED)}"
        if gone:
            yield f"gone: {first_of(gone, _NAMED)}"


def read_earlier_split(split: str | Path, record: str | Path) -> EarlierSplit:
    """The split that an earlier run left; an empty one where there is none.

    Args:
        split: its table, with columns patient and split.
        record: what `write_record` wrote.
    """
    if not Path(split).exists():
        return EarlierSplit()
    table, known = read_table(split), {}
    if Path(record).exists():
        known = json.loads(Path(record).read_text())
    return EarlierSplit(_parts(table), known.get("gone", {}), known.get("dealt_by"))


def write_record(
    record: str | Path, earlier: EarlierSplit, split: "pd.DataFrame", settings: Mapping[str, Any]
) -> None:
    """Write which settings dealt a split, and what patients had who are not in it."""
    here = _parts(split)
    gone = {p: part for p, part in earlier.kept_by(settings).items() if p not in here}
    with atomic_write(record) as temporary:
        known = {"dealt_by": settings, "gone": dict(sorted(gone.items()))}
        temporary.write_text(json.dumps(known, indent=2) + "\n")


def _parts(split: "pd.DataFrame") -> dict[str, str]:
    return dict(zip(split["patient"], split["split"], strict=True))


def _count(parts: Any) -> dict[str, int]:
    counts = Counter(parts)
    return {name: counts[name] for name in ("train", "validation", "test") if counts[name]}


def _said(parts: Mapping[str, str]) -> str:
    counts = _count(parts.values())
    return ", ".join(f"{count} in {name}" for name, count in counts.items()) or "none"
