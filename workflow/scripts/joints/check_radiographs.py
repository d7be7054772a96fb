"""Decode one shard's radiographs for what the checks must know of them."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.anatomy import LIMBS
    from sharpflow.cohorts.check_radiographs import read_radiographs
    from sharpflow.cohorts.radiographs import Radiograph, list_radiographs
    from sharpflow.files import write_table
    from sharpflow.imaging.appearance import Look
    from sharpflow.imaging.shards import shard_of

    params, wildcards = snakemake.params, snakemake.wildcards
    radiographs = [
        Radiograph(image_id, patient, limb, visit, Path(path), listed)
        for image_id, patient, limb, visit, path, listed in params.radiographs
    ]
    if params.source:  # synthetic radiographs, which only the job can list
        radiographs = [
            radiograph
            for radiograph in list_radiographs(params.source).radiographs
            if LIMBS[radiograph.limb].body_part == wildcards.body_part
            and shard_of(radiograph.image_id, params.shards) == wildcards.shard
        ]
    look = Look()
    table = read_radiographs(
        radiographs,
        max_pixels=round(params.max_megapixels * 1e6),
        contradicting_headers=params.contradicting_headers,
        workers=snakemake.threads,
        look=look,
    )
    write_table(table, snakemake.output.radiographs)
    write_table(look.table(), snakemake.output.appearance)
