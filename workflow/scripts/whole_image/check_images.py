"""List what is wrong with a cohort of images, in its labels and in packing, and keep the rest."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import pandas as pd

    from sharpflow.cohorts.check_whole_images import (
        check_bone_age,
        check_whole_images,
        refused_images,
    )
    from sharpflow.errors import ProblemsError
    from sharpflow.files import read_table, write_table

    check = {"whole_image": check_whole_images, "bone_age": check_bone_age}[
        snakemake.wildcards.images
    ]
    source = snakemake.input
    is_scored = snakemake.wildcards.images == "whole_image"  # whose patients have ids of their own
    near = {"near_ids": snakemake.params.near_ids} if is_scored else {}
    try:
        cohort = check(
            **snakemake.params.source,
            packed=pd.concat([read_table(path) for path in source.rows]),
            unpacked=pd.concat([read_table(path) for path in source.problems]),
            on_problem=snakemake.params.on_problem,
            **near,
        )
    except ProblemsError as error:
        cohort = refused_images(error.problems)
    if len(cohort.unscored):
        this.say(f"{source.tables[0]}: {cohort.summary()}")
    write_table(cohort.images, snakemake.output.images)
    write_table(cohort.unscored, snakemake.output.unscored)
    write_table(cohort.problems, snakemake.output.problems)
