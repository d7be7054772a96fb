"""Decode one shard's films for what the checks must know of them."""

from pathlib import Path

from sharpflow.workflow.job import job

with job(snakemake.log[0], snakemake.threads):
    from sharpflow.anatomy import LIMBS
    from sharpflow.cohorts.check import read_films
    from sharpflow.cohorts.radiographs import Film, list_films
    from sharpflow.files import write_table
    from sharpflow.imaging.shards import shard_of

    params, wildcards = snakemake.params, snakemake.wildcards
    films = [
        Film(image_id, patient, limb, visit, Path(path), listed)
        for image_id, patient, limb, visit, path, listed in params.films
    ]
    if not films and Path(params.source).is_dir():
        films = [
            film
            for film in list_films(params.source).films
            if LIMBS[film.limb].kind == wildcards.kind
            and shard_of(film.image_id, params.shards) == wildcards.shard
        ]
    table = read_films(
        films, max_pixels=round(params.max_megapixels * 1e6), workers=snakemake.threads
    )
    write_table(table, snakemake.output[0])
