"""List what is implausible in a cohort's whole radiographs."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.bone_age import list_bone_age
    from sharpflow.cohorts.warn import warn_of_images
    from sharpflow.cohorts.whole_images import list_whole_images, read_whole_images
    from sharpflow.files import read_table, write_table

    images, params = snakemake.wildcards.images, snakemake.params
    is_scored = images == "whole_image"
    listed = (list_whole_images if is_scored else list_bone_age)(**params.source)
    warnings = warn_of_images(
        listed,
        pd.concat([read_table(path, header_says=str) for path in snakemake.input.appearance]),
        hands=2 if is_scored else 1,
        limits=params.limits,
        totals=read_whole_images(listed)[0] if is_scored else None,
    )
    write_table(warnings, snakemake.output[0])
