"""The items of CLAIM and TRIPOD+AI, filled in with what the study knows."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.reporting.checklists import filled_in, write_checklists
    from sharpflow.reporting.study_facts import StudyTables, study_facts

    params, source = snakemake.params, snakemake.input
    record = Path(params.record)
    tables = StudyTables(
        settings=params.settings,
        record=json.loads(record.read_text()) if record.exists() else {},
        data=dict(zip(params.cohorts, params.data, strict=True)),
        splits=dict(zip(params.cohorts, map(read_table, source.splits), strict=True)),
        counts=dict(zip(params.cohorts, params.counts, strict=True)),
        problems=dict(zip(params.cohorts, map(read_table, source.problems), strict=True)),
        results={Path(path).stem: read_table(path) for path in source.tables},
        networks=params.networks,
    )
    write_checklists(snakemake.output.page, filled_in(study_facts(tables)))
