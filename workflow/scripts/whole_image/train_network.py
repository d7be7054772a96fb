"""Train one experiment, and predict all images of its cohort."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

# Several devices are several processes, which import this file again.
if __name__ == "__main__":
    with recorded_job(snakemake) as this:
        from sharpflow.digests import digest_of
        from sharpflow.files import read_table, write_table
        from sharpflow.hardware import device_in_words, precision_in_words
        from sharpflow.imaging.shards import choose_images, read_shards
        from sharpflow.whole_image.experiment_types import NetworkExperiment
        from sharpflow.whole_image.networks.layout import device_here, wants_bfloat16
        from sharpflow.whole_image.training.predictions import predict_images
        from sharpflow.whole_image.training.settings import TrainingSettings
        from sharpflow.whole_image.training.train import train_network
        from sharpflow.workflow.training_run import best_epoch, training_run

        params, source, output = snakemake.params, snakemake.input, snakemake.output
        experiment = NetworkExperiment(**params.experiment)
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
        began_with = digest_of(Path(start).read_bytes().hex()) if start else None
        with training_run(
            experiment.name,
            params.checkpoints,
            data=[rows.to_csv(), Path(source.statistics).read_text()],
            decided_by=[began_with, params.experiment, params.settings, params.seed, params.code],
        ) as run:
            history = train_network(
                experiment,
                images,
                rows[target].to_numpy(),
                rows["split"].to_numpy(),
                statistics,
                settings=settings,
                start=start,
                out=Path(output.model).parent,
                checkpoints=run.checkpoints,
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
            run.write_results(
                output,
                metrics=best_epoch(history),
                expects=f"images resized to {images.size[0]} pixels square, uint8; normalised with "
                f"the mean {statistics['pixel_mean']:.4f} and SD {statistics['pixel_sd']:.4f}; "
                f"gives {experiment.task}",
                data=params.data,
                settings={**params.experiment, **params.settings, **statistics},
                device=device_in_words(snakemake.threads),
                precision=precision_in_words(
                    bfloat16=wants_bfloat16(experiment, settings.precision, device_here())
                ),
            )
