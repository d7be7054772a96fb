"""Propose good masks by their quality, and let a person's table overrule."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.files import read_table, write_table
    from sharpflow.joints.masks.quality import choose_masks

    quality = pd.concat(map(read_table, snakemake.input.quality), ignore_index=True)
    overrides = read_table(snakemake.input.overrides) if snakemake.input.get("overrides") else None
    chosen = choose_masks(
        quality,
        overrides,
        snakemake.params.good_quality,
        known=set(pd.concat(map(read_table, snakemake.input.radiographs))["image_id"]),
    )
    write_table(chosen, snakemake.output[0])
