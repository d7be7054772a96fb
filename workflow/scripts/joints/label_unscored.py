"""Write names and scores of joints onto the radiographs that nobody has scored."""

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake), atomic_folder(snakemake.output[0]) as folder:
    from sharpflow.files import read_table
    from sharpflow.reporting.overlays import write_overlays
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    write_overlays(
        folder,
        read_table(source.joints),
        read_table(source.radiographs),
        source.images,
        note=data_note(params.data, params.unit),
    )
