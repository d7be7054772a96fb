"""What a refused run says at its end: how many problems there are, and which files list them."""

import csv
from collections.abc import Iterable
from pathlib import Path


def problems_in_short(lists: Iterable[str | Path]) -> str:
    """How many problems stop the run, and where they are listed; empty where none does.

    `lists`: problems.csv of each cohort, which may not exist.
    """
    counts = {str(path): _refusals(Path(path)) for path in lists}
    found = {path: count for path, count in counts.items() if count}
    if not found:
        return ""
    total = sum(found.values())
    are = "they are" if total > 1 else "it is"
    return (
        f"{total} problem{'s' * (total != 1)} with the input stopped this run; {are} listed "
        f"above, and in {', '.join(found)}. docs/how-to/fix_problems.md says what to do."
    )


def _refusals(path: Path) -> int:
    if not path.is_file():
        return 0
    with path.open(encoding="utf-8", newline="") as lines:
        return sum(not row["set_aside"] for row in csv.DictReader(lines))
