"""Put a stack's totals into severity classes."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table, write_table
    from sharpflow.whole_image.stacking.stack import bin_stack

    write_table(bin_stack(read_table(snakemake.input[0])), snakemake.output[0])
