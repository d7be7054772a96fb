"""The scores of the test joints, found or not."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.splits import split_joints
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.scores import score_test_joints

    params, source = snakemake.params, snakemake.input
    radiographs = pd.concat(map(read_table, source.rows), ignore_index=True)
    joints = split_joints(radiographs.merge(read_table(source.split), on="patient"), **params.split)
    table = score_test_joints(
        joints,
        pd.concat(map(read_table, source.joints), ignore_index=True),
        dict(zip(params.models, map(read_table, source.predictions), strict=True)),
        read_table(source.scores),
        rule=params.rule,
    )
    write_table(table, snakemake.output[0])
