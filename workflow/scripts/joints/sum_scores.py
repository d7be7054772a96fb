"""Sums of joint scores, of each test patient and each of their radiographs."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.scores import radiograph_scores, total_scores

    joints = read_table(snakemake.input.joints)
    write_table(total_scores(joints), snakemake.output.visits)
    write_table(radiograph_scores(joints), snakemake.output.radiographs)
