"""Draw a shard's radiographs with the U-Net's masks, for a person to look at."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.masks.contact_sheet import UNET_LEGEND, draw_contact_sheet
    from sharpflow.joints.radiographs import judge_masks, mask_share

    radiographs, rows = read_shards([snakemake.input.images])
    masks, _ = read_shards([snakemake.input.masks])
    shares = [mask_share(image, mask) for image, mask in zip(radiographs, masks, strict=True)]
    rows = rows[["image_id"]].assign(
        share=shares, judgement=judge_masks(shares, **snakemake.params.limits)
    )
    draw_contact_sheet(
        radiographs, masks, rows.to_dict("records"), Path(snakemake.output[0]), legend=UNET_LEGEND
    )
