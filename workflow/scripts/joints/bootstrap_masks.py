"""Mask a shard's films by entropy and measure how good each mask looks."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.files import write_table
    from sharpflow.imaging.shards import read_shards, write_shard
    from sharpflow.joints.masks.entropy_masks import bootstrap_mask
    from sharpflow.joints.masks.quality import mask_quality

    films, rows = read_shards([snakemake.input.images])
    masks = [bootstrap_mask(film, **snakemake.params.settings) for film in films]
    write_shard(snakemake.output.masks, masks, rows)
    quality = [mask_quality(film, mask) for film, mask in zip(films, masks, strict=True)]
    ids = rows[["image_id", "limb_kind"]]
    write_table(pd.concat([ids, pd.DataFrame(quality)], axis=1), snakemake.output.quality)
