"""The page of what the study took, for the report, from the jobs' benchmark files."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.reporting.cost_page import job_costs, write_cost_page

    record = Path(snakemake.params.record)
    write_cost_page(
        snakemake.output[0],
        job_costs(snakemake.params.benchmarks),
        json.loads(record.read_text()) if record.exists() else {},
    )
