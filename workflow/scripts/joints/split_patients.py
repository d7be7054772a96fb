"""Split the cohort's patients into train, validation and test."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.cohorts.csv_rows import read_own_table
    from sharpflow.cohorts.split_sizes import check_body_parts
    from sharpflow.cohorts.splits import check_split, split_patients
    from sharpflow.files import read_table, write_table

    radiographs = pd.concat(map(read_table, snakemake.input.radiographs))
    patients = radiographs["patient"]
    if snakemake.input.get("table"):
        (own,) = snakemake.input.table
        table = read_own_table(own, ["patient", "split"], "a split: patient, split")
        split = check_split(table, patients, file=own)
    else:
        split = split_patients(patients, **snakemake.params.shares)
    check_body_parts(split, radiographs)
    write_table(split, snakemake.output[0])
