"""Split the cohort's patients into train, validation and test; who has a split keeps it."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import pandas as pd

    from sharpflow.cohorts.lasting_splits import read_earlier_split, write_record
    from sharpflow.cohorts.own_split import read_own_split
    from sharpflow.cohorts.split_sizes import check_body_parts
    from sharpflow.cohorts.splits import split_patients
    from sharpflow.files import read_table, write_table

    output, params = snakemake.output, snakemake.params
    radiographs = pd.concat(map(read_table, snakemake.input.radiographs))
    patients = radiographs["patient"]
    earlier = read_earlier_split(output.split, output.record)
    if snakemake.input.table:
        (own,) = snakemake.input.table
        settings = {"table": own}
        parts = read_own_split(own, dict.fromkeys(patients, ())).parts  # checked before
        split = pd.DataFrame(sorted(parts.items()), columns=["patient", "split"])
    else:
        settings = dict(params.shares)
        split = split_patients(patients, **settings, kept=earlier.kept_by(settings))
    check_body_parts(split, radiographs)
    for line in earlier.changes(split, settings):
        this.say(f"{output.split}: {line}")
    write_record(output.record, earlier, split, settings)
    write_table(split, output.split)
