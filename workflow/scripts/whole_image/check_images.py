"""List what is wrong with a cohort of images, in its labels and in packing, and keep the rest."""

from functools import partial
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import pandas as pd

    from sharpflow.cohorts.check_whole_images import (
        check_bone_age,
        check_whole_images,
        refused_images,
    )
    from sharpflow.cohorts.lasting_splits import read_earlier_split
    from sharpflow.errors import ProblemsError
    from sharpflow.files import read_table, write_table
    from sharpflow.whole_image.data.splits import dealt_by, split_as_asked

    check = {"whole_image": check_whole_images, "bone_age": check_bone_age}[
        snakemake.wildcards.images
    ]
    source, params = snakemake.input, snakemake.params
    split = None
    if params.split:  # who has a split keeps it: split_images writes these two
        asked, made = dict(params.split), Path(snakemake.output.images).with_name("split.csv")
        earlier = read_earlier_split(made, made.with_suffix(".json"))
        kept = earlier.kept_by(dealt_by(asked, snakemake.wildcards.images))
        split = partial(split_as_asked, cohort=snakemake.wildcards.images, asked=asked, kept=kept)
    scored = {}
    if snakemake.wildcards.images == "whole_image":  # whose patients have ids of their own
        scored["near_ids"] = params.near_ids
        scored["comments"] = next(iter(source.comments), None)
    try:
        cohort = check(
            **params.source,
            packed=pd.concat([read_table(path) for path in source.rows]),
            unpacked=pd.concat([read_table(path) for path in source.problems]),
            on_problem=params.on_problem,
            split=split,
            **scored,
        )
    except ProblemsError as error:
        cohort = refused_images(error.problems)
    if len(cohort.unscored):
        this.say(f"{source.tables[0]}: {cohort.summary()}")
    write_table(cohort.images, snakemake.output.images)
    write_table(cohort.unscored, snakemake.output.unscored)
    write_table(cohort.problems, snakemake.output.problems)
