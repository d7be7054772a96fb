"""Train one of the four ordinal heads on folds of patients, and predict those it left out."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import numpy as np

    from sharpflow.anatomy import MODELS
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.head_training import HeadSettings
    from sharpflow.joints.scoring.heads import join_scores
    from sharpflow.joints.scoring.out_of_fold import predict_out_of_fold
    from sharpflow.workflow.training_run import training_run

    name, params, source = snakemake.wildcards.model, snakemake.params, snakemake.input
    joints = join_scores(
        read_table(source.crops),
        np.load(source.features),
        read_table(source.scores),
        MODELS[name][0],
    )
    decided_by = [joints.rows[["patient", "split"]].to_numpy().tolist(), params.settings]
    with training_run(
        f"folds-{name}",
        params.checkpoints,
        data=[joints.features, joints.scores],
        decided_by=[*decided_by, params.folds, params.seed, params.code],
    ) as run:
        predictions = predict_out_of_fold(
            joints,
            name=name,
            settings=HeadSettings(**params.settings),
            folds=params.folds,
            seed=params.seed,
            checkpoints=run.checkpoints,
            seconds_left=this.seconds_left,
        )
        write_table(predictions, snakemake.output[0])
    if predictions.empty:
        this.say(f"{name} is not calibrated: a fold would leave nobody to train or validate on.")
