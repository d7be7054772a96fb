"""Fit one stack on its members' predictions."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.digests import digest_of
    from sharpflow.files import read_table, write_table
    from sharpflow.hardware import processor_in_words
    from sharpflow.whole_image.experiments import EXPERIMENTS
    from sharpflow.whole_image.stacking.settings import StackSettings
    from sharpflow.whole_image.stacking.stack import choose_members, train_stack
    from sharpflow.workflow.model_cards import write_model_card

    params, output = snakemake.params, snakemake.output
    experiment = EXPERIMENTS[snakemake.wildcards.stack]
    settings = StackSettings(**params.settings)
    predictions = {Path(path).parent.name: read_table(path) for path in snakemake.input.members}
    names = choose_members(experiment, predictions, settings.members)
    members = [predictions[name] for name in names]
    statistics = json.loads(Path(snakemake.input.statistics).read_text())
    stacked = train_stack(
        experiment,
        members,
        statistics,
        settings=settings,
        out=Path(output.model).parent,
        seed=params.seed,
        threads=snakemake.threads,
    )
    write_table(stacked, output.predictions)
    write_model_card(
        output.model_card,
        expects=f"raw outputs of {', '.join(names)}; gives {experiment.task}",
        data=params.data,
        data_digest=digest_of(*(member.to_csv() for member in members)),
        settings={
            **params.settings,
            "members": names,
            "principle": experiment.principle,
            "batch": experiment.batch,
        },
        metrics=read_table(output.history).iloc[-1].to_dict(),
        device=processor_in_words(snakemake.threads),
        precision="float32",
    )
