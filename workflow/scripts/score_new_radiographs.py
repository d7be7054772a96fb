"""Score radiographs with the study's bundle."""

from pathlib import Path

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job

# Beside what Snakemake remembers, not among the results, which people publish: a patient of a DICOM
# header is called the same whenever this clone scores.
KEY = Path(".snakemake", "sharpflow", "patients.key")

with recorded_job(snakemake) as this:
    from sharpflow.score.run import score

    given, source = snakemake.params.given, snakemake.input
    KEY.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(snakemake.output[0]) as out:
        counts = score(
            list(source.synthetic) or given["images"],
            Path(source.bundle[0]),
            out,
            table=Path(given["table"]) if given["table"] else None,
            key=KEY,
            threads=snakemake.threads,
        )
    for warning in counts.warnings:
        this.say(f"Warning: {warning}")
    total = counts.scored + counts.refused
    part = f" ({counts.in_part} but for their joints)" if counts.in_part else ""
    told = f"{counts.scored} of {total} radiographs were scored{part}."
    this.say(f"{told} Results: {snakemake.output[0]}")
