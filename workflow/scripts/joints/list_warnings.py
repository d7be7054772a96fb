"""List what is implausible in a joint cohort's radiographs, boxes and scores."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.warn import warn_of_joint_cohort
    from sharpflow.files import read_table, write_table

    source, params = snakemake.input, snakemake.params
    warnings = warn_of_joint_cohort(
        pd.concat([read_table(path, digest=str) for path in source.radiographs]),
        pd.concat([read_table(path, header_says=str) for path in source.appearance]),
        params.scores,
        params.boxes if params.boxes != "phantom" else None,
        limits=params.limits,
        ignored_classes=params.ignored_classes,
        source=params.radiographs,
    )
    write_table(warnings, snakemake.output[0])
