"""Table of all rehearsals."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.rehearsal.records import rehearsal_table
    from sharpflow.reporting.rehearsal_table import publish_rehearsal

    records = [json.loads(Path(path).read_text()) for path in snakemake.input]
    table = rehearsal_table(snakemake.params.parts, records)
    publish_rehearsal(table, Path(snakemake.output[0]).parent)
