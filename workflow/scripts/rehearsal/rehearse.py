"""Rehearse one rule, in a process of its own."""

import os
from functools import partial
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from sharpflow.hardware import processor_name
    from sharpflow.rehearsal.alone import memory_limit, rehearse_alone
    from sharpflow.rehearsal.records import keep_record
    from sharpflow.rehearsal.rehearsals import REHEARSALS
    from sharpflow.workflow.missing_gpus import SUBMITTED

    SPARE = 60.0  # seconds of the job's time, to write the record
    params, resources = snakemake.params, snakemake.resources
    record = Path(snakemake.output[0])
    # On one machine nothing holds a rule to the memory that it asks for.
    asked = resources.mem_mb * 1e6 if os.environ.get(SUBMITTED) else None
    assert params.rule in REHEARSALS
    limit, left = memory_limit(asked), this.seconds_left()
    keep_record(
        record,
        partial(
            rehearse_alone,
            params.rule,
            params.arguments,
            phantom=Path(snakemake.input.images),
            folder=record.with_suffix(".work"),
            limit=limit,
            seconds=None if left is None else max(left - SPARE, SPARE),
        ),
        attempt=resources.tried,
        limit=limit,
        machine={"processor": processor_name(), "threads": snakemake.threads},
    )
