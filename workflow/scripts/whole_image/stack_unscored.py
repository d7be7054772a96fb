"""Predict the images that nobody has scored, by a stack of networks."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np

    from sharpflow.files import read_table, write_table
    from sharpflow.whole_image.experiments import EXPERIMENTS
    from sharpflow.whole_image.outputs import output_columns, unscored_table
    from sharpflow.whole_image.stacking.stack import predict_stack

    source = snakemake.input
    experiment = EXPERIMENTS[snakemake.wildcards.stack]
    statistics = json.loads(Path(source.statistics).read_text())
    chosen = json.loads(Path(source.model_card).read_text())["settings"]["members"]
    predictions = {Path(path).parent.name: read_table(path) for path in source.members}
    members = [predictions[name] for name in chosen]
    outputs = np.stack([output_columns(member) for member in members], axis=1)
    stacked = predict_stack(experiment, source.model, outputs)
    table = unscored_table(experiment.task, members[0], stacked, statistics)
    write_table(table, snakemake.output[0])
