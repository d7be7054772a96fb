"""Bring one shard's images to one size."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake, threads=1):
    import numpy as np

    from sharpflow.cohorts.bone_age import list_bone_age
    from sharpflow.cohorts.whole_images import list_whole_images
    from sharpflow.files import atomic_write, write_table
    from sharpflow.imaging.appearance import Look
    from sharpflow.imaging.shards import shard_of
    from sharpflow.whole_image.data.packing import pack

    params, output, wildcards = snakemake.params, snakemake.output, snakemake.wildcards
    paths = {image_id: Path(path) for image_id, path in params.own.items()}
    if params.source:  # synthetic images, which only the job can list
        listed = {"whole_image": list_whole_images, "bone_age": list_bone_age}[wildcards.images]
        paths = {
            image.image_id: image.path
            for image in listed(**params.source).images
            if shard_of(image.image_id, params.shards) == wildcards.shard
        }
    look = Look()
    images, rows, problems = pack(
        paths,
        params.size,
        round(params.max_megapixels * 1e6),
        contrast=params.contrast,
        contradicting_headers=params.contradicting_headers,
        workers=snakemake.threads,
        look=look,
    )
    with atomic_write(output.images) as temporary:
        np.save(temporary, images)
    write_table(rows, output.rows)
    write_table(problems, output.problems)
    write_table(look.table(), output.appearance)
