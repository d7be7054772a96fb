"""Train one body part's U-Net on the chosen masks of training patients."""

from pathlib import Path
from shutil import rmtree

from sharpflow.workflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources) as this:
    from sharpflow.digests import digest_of
    from sharpflow.files import read_table, write_table
    from sharpflow.hardware import keras_in_words
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.masks.unet_prediction import resize_for_unet, resize_masks_for_unet
    from sharpflow.joints.masks.unet_training import train_unet
    from sharpflow.workflow.model_cards import write_model_card

    body_part, params = snakemake.wildcards.body_part, snakemake.params
    settings = dict(params.settings)
    height, width = settings.pop("height"), settings.pop("width")
    radiographs, rows = read_shards(snakemake.input.images)
    masks, _ = read_shards(snakemake.input.masks)
    rows = rows.merge(read_table(snakemake.input.chosen), on="image_id")
    rows = rows.merge(read_table(snakemake.input.split), on="patient")

    def stacks(split: str) -> tuple:
        """The radiographs and chosen masks of one split, at the network's size."""
        chosen = rows.index[(rows["split"] == split) & rows["chosen"]]
        pairs = radiographs.take(chosen), masks.take(chosen)
        return resize_for_unet(pairs[0], height, width), resize_masks_for_unet(
            pairs[1], height, width
        )

    data = (*stacks("train"), *stacks("validation"))
    digest = digest_of(*data)
    run = digest_of(digest, settings, params.seed, params.code)
    checkpoints = Path(params.checkpoints) / f"unet-{body_part}-{run}"
    history = train_unet(
        *data,
        body_part=body_part,
        **settings,
        seed=params.seed,
        folder=Path(snakemake.output.model).parent,
        checkpoints=checkpoints,
        time_budget=this.seconds_left(),
    )
    write_table(history, snakemake.output.history)
    best = history.loc[history["validation_loss"].idxmin()]
    write_model_card(
        snakemake.output.model_card,
        expects=f"standardized images of a {body_part}, float32 (n, {height}, {width}, 1) in "
        "[0, 1]; gives the probability of limb for each pixel",
        data=params.data,
        data_digest=digest,
        settings={**params.settings, "keras": keras_in_words(snakemake.threads)},
        metrics=best.to_dict(),
    )
    rmtree(checkpoints)
