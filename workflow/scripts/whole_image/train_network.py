"""Train one experiment, and predict all images of its cohort."""

import json
from pathlib import Path
from shutil import rmtree

from sharpflow.workflow.job import job

# Several devices are several processes, which import this file again.
if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.resources) as this:
        from sharpflow.digests import digest_of
        from sharpflow.files import read_table, write_table
        from sharpflow.hardware import device_in_words
        from sharpflow.imaging.shards import choose_images, read_shards
        from sharpflow.whole_image.experiments import EXPERIMENTS
        from sharpflow.whole_image.training.predictions import predict_images
        from sharpflow.whole_image.training.settings import TrainingSettings
        from sharpflow.whole_image.training.train import train_network
        from sharpflow.workflow.model_cards import write_model_card

        params, source, output = snakemake.params, snakemake.input, snakemake.output
        experiment = EXPERIMENTS[snakemake.wildcards.network]
        settings = TrainingSettings(**params.settings)
        target = "months" if experiment.task == "bone_age" else "total"
        statistics = json.loads(Path(source.statistics).read_text())
        stack, packed = read_shards(source.images)
        table = read_table(source.table).merge(read_table(source.split), on=["image_id", "patient"])
        # Only images that passed the check, in the packed order.
        kept = packed["image_id"].isin(table["image_id"])
        rows = packed.loc[kept, ["image_id"]].merge(table, on="image_id")
        images = choose_images(stack, kept.to_numpy().nonzero()[0])

        start = source.start[0] if source.start else None
        digest = digest_of(rows.to_csv(), Path(source.statistics).read_text())
        began_with = digest_of(Path(start).read_bytes().hex()) if start else None
        run = digest_of(
            digest, began_with, params.experiment, dict(params.settings), params.seed, params.code
        )
        history = train_network(
            experiment,
            images,
            rows[target].to_numpy(),
            rows["split"].to_numpy(),
            statistics,
            settings=settings,
            start=start,
            out=Path(output.model).parent,
            checkpoints=Path(params.checkpoints) / f"{experiment.name}-{run}",
            seed=params.seed,
            threads=snakemake.threads,
            time_budget=this.seconds_left(),
            terminal=this.terminal,
        )
        predictions = predict_images(
            experiment,
            output.model,
            images,
            rows,
            targets=rows[target].to_numpy(),
            statistics=statistics,
            settings=settings,
            threads=snakemake.threads,
        )
        write_table(predictions, output.predictions)
        best = history.loc[history["validation_loss"].idxmin()]
        write_model_card(
            output.model_card,
            expects=f"images resized to {images.size[0]} pixels square, uint8; normalised with the "
            f"mean {statistics['pixel_mean']:.4f} and SD {statistics['pixel_sd']:.4f}; "
            f"gives {experiment.task}",
            data=params.data,
            data_digest=digest,
            settings={
                **params.experiment,
                **params.settings,
                **statistics,
                "device": device_in_words(snakemake.threads),
            },
            metrics=best.to_dict(),
        )
        rmtree(Path(params.checkpoints) / f"{experiment.name}-{run}", ignore_errors=True)
