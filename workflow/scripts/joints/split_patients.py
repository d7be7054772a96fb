"""Split the cohort's patients into train, validation and test; who has a split keeps it."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]) as this:
    import pandas as pd

    from sharpflow.cohorts.lasting_splits import read_earlier_split, write_record
    from sharpflow.cohorts.splits import check_split, split_patients
    from sharpflow.files import read_table, write_table

    output, params, table = snakemake.output, snakemake.params, snakemake.input.table
    patients = pd.concat(map(read_table, snakemake.input.radiographs))["patient"]
    earlier = read_earlier_split(output.split, output.record)
    if table:
        settings = {"table": table}
        split = check_split(read_table(table), patients, file=table, unscored=params.unscored)
    else:
        settings = dict(params.shares)
        split = split_patients(patients, **settings, kept=earlier.kept_by(settings))
    for line in earlier.changes(split, settings):
        this.say(f"{output.split}: {line}")
    write_record(output.record, earlier, split, settings)
    write_table(split, output.split)
