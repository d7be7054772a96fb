"""Mask a shard's radiographs by entropy and measure how good each mask looks."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import write_table
    from sharpflow.imaging.shards import read_shards, write_shard
    from sharpflow.joints.masks.entropy_masks import entropy_mask
    from sharpflow.joints.masks.quality import mask_quality

    radiographs, rows = read_shards([snakemake.input.images])
    masks = [entropy_mask(radiograph, **snakemake.params.settings) for radiograph in radiographs]
    write_shard(snakemake.output.masks, masks, rows)
    quality = [
        mask_quality(radiograph, mask) for radiograph, mask in zip(radiographs, masks, strict=True)
    ]
    ids = rows[["image_id", "body_part"]]
    write_table(pd.concat([ids, pd.DataFrame(quality)], axis=1), snakemake.output.quality)
