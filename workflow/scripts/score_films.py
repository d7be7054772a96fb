"""The scores of the test patients' joints, and the sums of what was scored."""

from sharpflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.files import read_table, write_table
    from sharpflow.reporting.scores import score_joints, total_scores

    source = snakemake.input
    split = read_table(source.split)
    tested = split.loc[split["split"] == "test", "patient"]
    films = pd.concat(map(read_table, source.rows), ignore_index=True)
    films = films[films["patient"].isin(tested)]
    named = pd.concat(map(read_table, source.joints), ignore_index=True)
    named = named[
        (named["rule"] == snakemake.params.rule) & named["image_id"].isin(films["image_id"])
    ]
    predictions = {
        model: read_table(path).query("patient in @tested")
        for model, path in zip(snakemake.params.models, source.predictions, strict=True)
    }
    joints = score_joints(films, named, predictions, read_table(source.scores))
    write_table(joints, snakemake.output.joints)
    write_table(total_scores(joints), snakemake.output.totals)
