"""Propose good masks by their quality, and let a person's table overrule."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.said_of_images import read_verdicts
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.masks.quality import choose_masks

    quality = pd.concat(map(read_table, snakemake.input.quality), ignore_index=True)
    overrides = snakemake.input.get("overrides")  # checked before
    verdicts = read_verdicts(overrides).by_image if overrides else {}
    chosen = choose_masks(quality, verdicts, snakemake.params.good_quality)
    write_table(chosen, snakemake.output[0])
