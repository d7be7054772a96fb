"""Train one of the four ordinal heads with each seed, and score every crop with all of them."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import numpy as np

    from sharpflow.anatomy import MODELS, n_classes
    from sharpflow.files import read_table, write_table
    from sharpflow.hardware import keras_in_words
    from sharpflow.joints.scoring.head_training import HeadSettings
    from sharpflow.joints.scoring.heads import join_scores, train_heads
    from sharpflow.workflow.training_run import training_run

    name, params, source = snakemake.wildcards.model, snakemake.params, snakemake.input
    damage, body_part = MODELS[name]
    joints = join_scores(
        read_table(source.crops), np.load(source.features), read_table(source.scores), damage
    )
    with training_run(
        f"head-{name}",
        params.checkpoints,
        data=[joints.features, joints.scores],
        decided_by=[joints.rows["split"].to_list(), params.settings, params.seed, params.code],
    ) as run:
        heads = train_heads(
            joints,
            name=name,
            settings=HeadSettings(**params.settings),
            seed=params.seed,
            checkpoints=run.checkpoints,
            seconds_left=this.seconds_left,
        )
        write_table(heads.predictions, snakemake.output.predictions)
        run.write_results(
            snakemake.output,
            model=heads.model,
            history=heads.history,
            metrics=heads.metrics,
            expects="512 features of the VGG16 base for each joint, float32 (n, 512); gives the "
            f"probabilities of the {n_classes(body_part, damage)} ordinal bits of {damage} in a "
            f"{body_part}",
            data=params.data,
            settings=params.settings,
            device=keras_in_words(snakemake.threads),
        )
