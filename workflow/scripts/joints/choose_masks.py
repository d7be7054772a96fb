"""Propose good masks by their quality, and let a person's table overrule."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.csv_rows import read_own_table
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.masks.quality import choose_masks

    quality = pd.concat(map(read_table, snakemake.input.quality), ignore_index=True)
    overrides = None
    if snakemake.input.get("overrides"):
        what = "verdicts on masks: image_id, good and, optionally, comment"
        overrides = read_own_table(
            snakemake.input.overrides, ["image_id", "good"], what, optional=["comment"]
        )
    chosen = choose_masks(
        quality,
        overrides,
        snakemake.params.good_quality,
        known=set(pd.concat(map(read_table, snakemake.input.radiographs))["image_id"]),
    )
    write_table(chosen, snakemake.output[0])
