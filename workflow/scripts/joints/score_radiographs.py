"""The scores of the test joints, found or not."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.cohorts.splits import split_joints
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.scores import score_joints

    params, source = snakemake.params, snakemake.input
    radiographs = pd.concat(map(read_table, source.rows), ignore_index=True)
    joints = split_joints(radiographs.merge(read_table(source.split), on="patient"), **params.split)
    named = pd.concat(map(read_table, source.joints), ignore_index=True)
    predictions = {
        model: read_table(path).query("split == 'test'")
        for model, path in zip(params.models, source.predictions, strict=True)
    }
    table = score_joints(
        joints[joints["split"] == "test"],
        named[named["rule"] == params.rule],
        predictions,
        read_table(source.scores),
    )
    write_table(table, snakemake.output[0])
