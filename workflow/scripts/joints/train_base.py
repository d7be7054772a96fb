"""Train VGG16's base on synthetic joints, hands' and feet's together."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from functools import partial

    import numpy as np

    from sharpflow.files import read_table
    from sharpflow.hardware import keras_in_words, keras_uses_bfloat16, precision_in_words
    from sharpflow.joints.scoring.base_training import BaseSettings, train_base
    from sharpflow.joints.scoring.crops import CropSettings
    from sharpflow.joints.scoring.synthetic_joints import SyntheticJoints
    from sharpflow.seeds import seed_for
    from sharpflow.workflow.training_run import best_epoch, training_run

    params, source = snakemake.params, snakemake.input
    settings, crops = BaseSettings(**params.settings), CropSettings(**params.crops)
    patches = [np.load(path, mmap_mode="r") for path in source.patches]
    joints = SyntheticJoints(patches, [read_table(path) for path in source.rows])
    training, validation = joints.hold_out(settings.validation)
    generator = np.random.default_rng(seed_for(params.seed, "base crops"))
    with training_run(
        "base",
        params.checkpoints,
        data=patches,
        decided_by=[params.settings, params.crops, params.seed, params.code],
    ) as run:
        base, history = train_base(
            partial(training.crop, crops, vary=True),
            training.scores,
            validation.crop(crops, generator, vary=False),
            validation.scores,
            size=crops.size,
            settings=settings,
            seed=params.seed,
            checkpoints=run.checkpoints,
            time_budget=this.seconds_left(),
        )
        run.write_results(
            snakemake.output,
            model=base,
            history=history,
            metrics=best_epoch(history),
            expects=f"joint crops, float32 (n, {crops.size}, {crops.size}, 3) in [0, 1]; gives 512 "
            "features a joint",
            data="phantom",
            settings=params.settings,
            device=keras_in_words(snakemake.threads),
            precision=precision_in_words(bfloat16=keras_uses_bfloat16(settings.precision)),
        )
