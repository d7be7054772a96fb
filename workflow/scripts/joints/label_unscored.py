"""Write names and scores of joints onto the radiographs that nobody has scored."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.reporting.overlays import write_overlays
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    write_overlays(
        snakemake.output[0],
        read_table(source.joints),
        read_table(source.radiographs),
        source.images,
        note=data_note(params.data, params.unit),
    )
