"""What a job leaves of its rehearsal, and the table of all of them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.files import atomic_write
from sharpflow.rehearsal.alone import GIGA, Rehearsed

COLUMNS = (
    *("rule", "of", "jobs", "unit", "items", "done", "seconds", "units", "hours"),
    *("host_gb", "gpu_gb", "fits", "why_not", "processor", "threads", "gpu"),
)


def keep_record(
    record: Path,
    rehearse: Callable[[], Rehearsed],
    *,
    attempt: int,
    limit: float | None,
    machine: Mapping[str, Any],
) -> None:
    """Rehearse, and write the record, also of what was killed.

    A job that its scheduler kills cannot say so. It leaves a note beside its record, which its next
    attempt finds.

    Args:
        record: the file.
        rehearse: does it.
        attempt: of the job, counted from 1.
        limit: bytes that the rehearsal may take; None: no limit.
        machine: processor and threads.
    """
    note = record.with_suffix(".began")
    if attempt > 1 and note.is_file():
        found = Rehearsed({}, f"killed, with {note.read_text()}")
    else:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text("no limit" if limit is None else f"{limit / GIGA:.1f} GB of memory")
        try:
            found = rehearse()
        finally:
            note.unlink()
    note.unlink(missing_ok=True)
    with atomic_write(record) as temporary:
        temporary.write_text(json.dumps(asdict(found) | dict(machine), indent=2) + "\n")


def rehearsal_table(
    parts: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]
) -> pd.DataFrame:
    """A row for each rehearsal.

    Args:
        parts: of each: rule; of (what of it); jobs of the study that it stands for; amount that
            these work off.
        records: of each, in the same order, what `keep_record` wrote.

    Returns:
        rule, of, jobs; unit ("step", "image"), items of the study in one, done (units that were
        rehearsed), seconds (a unit), units (of the whole study), hours (that these take); host_gb
        and gpu_gb (peaks, 10^9 bytes); fits, why_not; processor, threads, gpu. What did not fit has
        neither times nor peaks.
    """
    rows = [_row(part, record) for part, record in zip(parts, records, strict=True)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(part: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: part[name] for name in ("rule", "of", "jobs")}
    row |= {name: record[name] for name in ("processor", "threads", "gpu")}
    row |= {"fits": not record["too_large"], "why_not": record["too_large"]}
    if not (measured := record["measured"]):
        return row
    units = part["amount"] / measured["items"]
    peaks = {f"{where}_gb": _giga(measured[f"{where}_bytes"]) for where in ("host", "gpu")}
    kept = {name: measured[name] for name in ("unit", "items", "done", "seconds")}
    return row | kept | peaks | {"units": units, "hours": units * measured["seconds"] / 3600}


def _giga(size: int | None) -> float | None:
    return None if size is None else size / GIGA
