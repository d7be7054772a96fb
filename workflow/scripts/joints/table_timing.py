"""Minutes a patient from radiograph to scores, from this run's benchmark files."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.evaluation.timing import minutes_per_patient, scoring_seconds
    from sharpflow.files import read_table
    from sharpflow.reporting.study_notes import StudyNotes
    from sharpflow.reporting.tan_tables import publish_minutes

    params = snakemake.params
    radiographs = pd.concat(map(read_table, snakemake.input.radiographs))
    visits = radiographs[["patient", "visit"]].drop_duplicates()
    table = minutes_per_patient(scoring_seconds(params.benchmarks), len(visits))
    publish_minutes(table, Path(snakemake.output[0]).parent, StudyNotes(**params.notes))
