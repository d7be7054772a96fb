"""run.json: what the last command was that made results in a folder."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError, in_short
from sharpflow.files import atomic_write
from sharpflow.workflow.provenance.facts import code_version, environment, gpu_names

ABOUT = (
    "The last run in this folder. What made each table and figure, which may be an earlier run, "
    "is in provenance/index.md and provenance/index.json."
)


def write_record(results: str | Path, settings: Mapping[str, Any], code: str | Path) -> None:
    """Write run.json, the record of a run, into the folder of its results.

    Args:
        results: the folder. The digests of the cohort's tables are in the record once the tables
            are in the folder.
        settings: of the study, as JSON takes them.
        code: the folder of the workflow, a git clone or not.

    Raises:
        UserError: the folder cannot be written to.
    """
    results, code = Path(results), Path(code)
    facts = environment(code)
    record = {
        "about": ABOUT,
        "settings": dict(settings),
        "code": code_version(code),
        "python": facts["python"],
        "lock": facts["lock"],
        "packages": facts["packages"],
        "data": {
            str(table.relative_to(results)): hashlib.sha256(table.read_bytes()).hexdigest()
            for table in sorted(results.glob("cohort/**/*.csv"))
        },
        "hardware": {
            "machine": platform.machine(),
            "system": facts["system"],
            "processor": facts["processor"],
            "cores": os.cpu_count(),
            "gpus": gpu_names(),
        },
    }
    try:
        with atomic_write(results / "run.json") as temporary:
            temporary.write_text(json.dumps(record, indent=2) + "\n")
    except OSError as error:
        raise UserError(
            f"{results}: found a folder that cannot be written to ({in_short(error)}); expected "
            "one with room that is yours. Run in another folder (--directory), or make room."
        ) from None


def refuse_file(results: str | Path) -> None:
    """Refuse results whose folder, or one around it, is a file: Snakemake ends without a word.

    Raises:
        UserError: names the file.
    """
    for folder in (Path(results), *Path(results).parents):
        if folder.exists() and not folder.is_dir():
            raise UserError(
                f"{folder}: found a file; expected a folder for results. Move it away, or name the "
                "study otherwise (the key study)."
            )
