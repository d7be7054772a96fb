"""Predict the images that nobody has scored, by a trained network."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table, write_table
    from sharpflow.imaging.shards import choose_images, read_shards
    from sharpflow.whole_image.experiments import EXPERIMENTS
    from sharpflow.whole_image.outputs import unscored_table
    from sharpflow.whole_image.training.predictions import load_network, predict_outputs

    source = snakemake.input
    experiment = EXPERIMENTS[snakemake.wildcards.network]
    statistics = json.loads(Path(source.statistics).read_text())
    stack, packed = read_shards(source.images)
    table = read_table(source.table)
    # Only images that passed the check, in the packed order.
    kept = packed["image_id"].isin(table["image_id"])
    rows = packed.loc[kept, ["image_id"]].merge(table, on="image_id")
    outputs = predict_outputs(
        experiment,
        load_network(experiment, source.model),
        choose_images(stack, kept.to_numpy().nonzero()[0]),
        statistics,
        channels_last=snakemake.params.channels_last,
    )
    predicted = unscored_table(experiment.task, rows, outputs, statistics, experiment.loss)
    write_table(predicted, snakemake.output[0])
