"""Measure the training images of a cohort."""

import json

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import atomic_write, read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.whole_image.data.packing import statistics

    target = {"whole_image": "total", "bone_age": "months"}[snakemake.wildcards.images]
    images, rows = read_shards(snakemake.input.images)
    measured = statistics(
        images,
        rows,
        read_table(snakemake.input.split),
        read_table(snakemake.input.table)[["image_id", target]],
    )
    with atomic_write(snakemake.output[0]) as temporary:
        temporary.write_text(json.dumps(measured, indent=2) + "\n")
