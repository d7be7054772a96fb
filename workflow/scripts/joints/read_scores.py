"""Read the score table; what is wrong with it is for the check of the cohort to say."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.cohorts.scores import read_score_table
    from sharpflow.files import write_table

    write_table(
        read_score_table(snakemake.params.source, snakemake.params.only_visits).scores,
        snakemake.output[0],
    )
