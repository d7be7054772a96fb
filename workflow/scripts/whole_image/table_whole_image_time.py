"""Time of an epoch, beside the paper's."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.evaluation.whole_image_tables import time_table
    from sharpflow.files import read_table
    from sharpflow.reporting.bo_notes import WholeImageNotes
    from sharpflow.reporting.bo_tables import publish_time

    histories = {Path(path).parent.name: read_table(path) for path in snakemake.input.histories}
    cards = [json.loads(Path(path).read_text()) for path in snakemake.input.cards]
    hardware = "; ".join(sorted({card["made_by"]["device"] for card in cards}))
    notes = WholeImageNotes(**snakemake.params.notes)
    table = time_table(
        histories,
        image_size=notes.image_size,
        batch_factor=notes.batch_factor,
        hardware=hardware,
    )
    publish_time(table, Path(snakemake.output[0]).parent, notes)
