"""Reference tables: those of one finished run of a study, kept in the repository.

    python -m sharpflow.workflow.compare.reference results/demo profiles/demo/reference

replaces them by the tables of a finished run, with what made them: processor, commit, settings.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.files import atomic_write
from sharpflow.workflow.compare.provenance import KEPT, in_brief
from sharpflow.workflow.compare.report import compare, in_short
from sharpflow.workflow.provenance.index import INDEX, write_index
from sharpflow.workflow.provenance.records import RECORDS

TABLES = "tables"


def said_at_end(results: str | Path, reference: str | Path, *, since: float = 0.0) -> str:
    """What the end of a run says of its tables; empty where it made none, or there is no reference.

    Args:
        results: the run's folder.
        reference: the folder of the reference.
        since: when the run began, in seconds of the clock; older tables are not its.

    Raises:
        UserError: the reference cannot be read.
    """
    tables, kept = (list((Path(folder) / TABLES).glob("*.csv")) for folder in (results, reference))
    if not kept or not any(table.stat().st_mtime >= since for table in tables):
        return ""
    return in_short(compare(results, reference))


def keep_reference(results: str | Path, reference: str | Path) -> list[str]:
    """Replace reference tables by those of a finished run.

    Args:
        results: the run's folder.
        reference: the folder of the reference; what other tables it has are removed.

    Returns:
        What should be known of these tables, a sentence each: that they come of uncommitted code,
        of several commits or processors, or that a table has no record.

    Raises:
        UserError: the folder holds no finished run that left records.
    """
    results, reference = Path(results), Path(reference)
    tables = sorted((results / TABLES).glob("*.csv"))
    if not tables or not (results / RECORDS).is_dir():
        raise UserError(
            f"{results}: expected tables/*.csv and {RECORDS} of a finished run. Run the study with "
            "this version first: snakemake --workflow-profile demo"
        )
    write_index(results)
    index = json.loads((results / INDEX).read_text(encoding="utf-8"))
    brief = in_brief(index)
    shutil.rmtree(reference / TABLES, ignore_errors=True)
    (reference / TABLES).mkdir(parents=True)
    for table in tables:
        shutil.copyfile(table, reference / TABLES / table.name)
    with atomic_write(reference / KEPT) as temporary:
        temporary.write_text(json.dumps(brief, indent=1) + "\n", encoding="utf-8")
    warnings = [
        f"{table.name} has no record of what made it."
        for table in tables
        if f"{TABLES}/{table.name}" in index["unrecorded"]
    ]
    warnings += [
        f"The tables come of several {what}: {', '.join(brief[what])}."
        for what in ("commits", "processors")
        if len(brief[what]) > 1
    ]
    uncommitted = any(facts["uncommitted"] for facts in index["codes"].values())
    return warnings + ["Some code was not committed."] * uncommitted


def main(arguments: list[str] | None = None) -> None:
    """Replace the reference tables that the command line names."""
    parser = argparse.ArgumentParser(
        prog="sharpflow.workflow.compare.reference",
        description="Replace reference tables by those of a finished run.",
    )
    parser.add_argument("results", type=Path, help="of a finished run, for example results/demo")
    parser.add_argument("reference", type=Path, help="for example profiles/demo/reference")
    told = parser.parse_args(arguments)
    for warning in keep_reference(told.results, told.reference):
        print(warning, file=sys.stderr)
    count = len(list((told.reference / TABLES).glob("*.csv")))
    print(f"{told.reference}: {count} tables, and {KEPT} that says what made them")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
