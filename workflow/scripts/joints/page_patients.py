"""A page for each test patient, and for each patient with radiographs that nobody has scored."""

from pathlib import Path

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake), atomic_folder(snakemake.output[0]) as folder:
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.reporting.patient_pages import PatientTables, write_patient_pages

    params, source = snakemake.params, snakemake.input
    tables = PatientTables(
        joints=pd.concat(map(read_table, source.joints), ignore_index=True),
        radiographs=pd.concat(
            (read_table(path, mask=str) for path in source.radiographs), ignore_index=True
        ),
        overlays=[Path(folder) for folder in source.overlays],
        data=params.data,
        unit=params.unit,
    )
    write_patient_pages(folder, tables)
