"""Bring one shard's radiographs to the study's size and contrast."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.imaging.reading import read_image
    from sharpflow.imaging.shards import shard_of, write_shard
    from sharpflow.imaging.standardize import standardize

    params, wildcards = snakemake.params, snakemake.wildcards
    radiographs = read_table(snakemake.input.radiographs)
    radiographs = radiographs[radiographs["body_part"] == wildcards.body_part]
    radiographs = radiographs[
        [shard_of(i, params.shards) == wildcards.shard for i in radiographs["image_id"]]
    ]

    images, placements = [], []
    for file in radiographs["file"]:
        image, placement = standardize(
            read_image(file, round(params.max_megapixels * 1e6)),
            params.height,
            params.width,
            params.crop_bottom,
            clahe_clip=params.clahe["clip_limit"],
            clahe_grid=params.clahe["grid"],
        )
        images.append(image)
        placements.append(placement)
    rows = radiographs[["image_id", "patient", "limb", "body_part", "side", "visit"]].reset_index(
        drop=True
    )
    placed = pd.DataFrame(placements, columns=["scale", "x_offset", "y_offset"])
    write_shard(snakemake.output.images, images, pd.concat([rows, placed], axis=1))
