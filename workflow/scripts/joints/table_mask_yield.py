"""How many entropy masks were good enough to train the U-Nets."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.evaluation.mask_yield import mask_yield
    from sharpflow.files import read_table
    from sharpflow.reporting.study_notes import StudyNotes
    from sharpflow.reporting.tan_tables import publish_mask_yield

    notes = StudyNotes(**snakemake.params.notes)
    chosen = pd.concat(map(read_table, snakemake.input), ignore_index=True)
    table = mask_yield(chosen, data=notes.data)
    publish_mask_yield(table, Path(snakemake.output[0]).parent, notes)
