"""Make the few phantom images of all rehearsals."""

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake), atomic_folder(snakemake.output[0]) as folder:
    from sharpflow.rehearsal.phantom import make_radiographs, make_whole_images
    from sharpflow.seeds import seed_for

    params = snakemake.params
    few = {"n": params.images, "seed": seed_for(params.seed, "rehearsal")}
    if params.radiographs:
        make_radiographs(folder, params.radiographs, body_parts=params.body_parts, **few)
    if params.whole_images:
        make_whole_images(folder, params.whole_images, **few)
