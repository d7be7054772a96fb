"""Train the ordinal heads on folds of patients, and predict those that each fold left out."""

from sharpflow.workflow.job import recorded_job

# All heads in one process: starting TensorFlow takes as long as one head's folds.
with recorded_job(snakemake) as this:
    from contextlib import ExitStack

    import numpy as np

    from sharpflow.anatomy import MODELS
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.head_training import HeadSettings
    from sharpflow.joints.scoring.heads import join_scores
    from sharpflow.joints.scoring.out_of_fold import predict_out_of_fold
    from sharpflow.workflow.training_run import training_run

    params, source = snakemake.params, snakemake.input
    parts = list(zip(source.crops, source.features, strict=True))
    files = dict(zip(params.body_parts, parts, strict=True))
    scores = read_table(source.scores)
    # Checkpoints stay until the last head is done: a job that is stopped trains none again.
    with ExitStack() as runs:
        for name, output in zip(params.models, snakemake.output, strict=True):
            damage, body_part = MODELS[name]
            crops, features = files[body_part]
            joints = join_scores(read_table(crops), np.load(features), scores, damage)
            decided_by = [joints.rows[["patient", "split"]].to_numpy().tolist(), params.settings]
            run = runs.enter_context(
                training_run(
                    f"folds-{name}",
                    params.checkpoints,
                    data=[joints.features, joints.scores],
                    decided_by=[*decided_by, params.folds, params.seed, params.code],
                )
            )
            predictions = predict_out_of_fold(
                joints,
                name=name,
                settings=HeadSettings(**params.settings),
                folds=params.folds,
                seed=params.seed,
                checkpoints=run.checkpoints,
                seconds_left=this.seconds_left,
            )
            write_table(predictions, output)
            if predictions.empty:
                this.say(
                    f"{name} is not calibrated: a fold would leave nobody to train or validate on."
                )
