"""Each test patient's sums of joint scores."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.scores import total_scores

    write_table(total_scores(read_table(snakemake.input.joints)), snakemake.output[0])
