"""Draw a shard's radiographs with their masks, for a person to overrule."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.masks.contact_sheet import draw_contact_sheet

    radiographs, rows = read_shards([snakemake.input.images])
    masks, _ = read_shards([snakemake.input.masks])
    rows = rows[["image_id"]].merge(read_table(snakemake.input.quality), on="image_id")
    rows = rows.merge(read_table(snakemake.input.chosen)[["image_id", "proposed"]], on="image_id")
    draw_contact_sheet(radiographs, masks, rows.to_dict("records"), Path(snakemake.output[0]))
