"""Make the few phantom images of all rehearsals."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.rehearsal.phantom import make_phantom
    from sharpflow.seeds import seed_for

    make_phantom(
        Path(snakemake.output[0]),
        snakemake.params.heights,
        images=snakemake.params.images,
        seed=seed_for(snakemake.params.seed, "rehearsal"),
        workers=1,
    )
