"""List what each experiment predicts of the images that nobody has scored."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table, write_table

    columns = ["image_id", "patient", "visit", "row", "predicted"]
    tables = [read_table(path).assign(row=Path(path).parent.name) for path in snakemake.input]
    listed = pd.concat(tables).sort_values("image_id", kind="stable")[columns]
    write_table(listed, snakemake.output[0])
