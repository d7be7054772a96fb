"""Train one body part's U-Net on the chosen masks of training patients."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from sharpflow.files import read_table
    from sharpflow.hardware import keras_in_words
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.masks.unet_training import (
        UNetSettings,
        choose_training_data,
        train_unet,
    )
    from sharpflow.workflow.training_run import best_epoch, training_run

    body_part, params, source = snakemake.wildcards.body_part, snakemake.params, snakemake.input
    settings = UNetSettings(**params.settings)
    radiographs, rows = read_shards(source.images)
    masks, _ = read_shards(source.masks)
    rows = rows.merge(read_table(source.chosen), on="image_id")
    rows = rows.merge(read_table(source.split), on="patient")
    training, validation = (
        choose_training_data(
            radiographs, masks, rows, split=split, height=settings.height, width=settings.width
        )
        for split in ("train", "validation")
    )
    with training_run(
        f"unet-{body_part}",
        params.checkpoints,
        data=[*training, *validation],
        decided_by=[params.settings, params.seed, params.code],
    ) as run:
        model, history = train_unet(
            training,
            validation,
            body_part=body_part,
            settings=settings,
            seed=params.seed,
            checkpoints=run.checkpoints,
            time_budget=this.seconds_left(),
        )
        run.write_results(
            snakemake.output,
            model=model,
            history=history,
            metrics=best_epoch(history),
            expects=f"standardized images of a {body_part}, float32 (n, {settings.height}, "
            f"{settings.width}, 1) in [0, 1]; gives the probability of limb for each pixel",
            data=params.data,
            settings=params.settings,
            device=keras_in_words(snakemake.threads),
        )
