"""Learning curves, of which Bo et al., 3.1, speak."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.reporting.bo_learning_curves import draw_learning_curves
    from sharpflow.reporting.style import save

    histories = {Path(path).parent.name: read_table(path) for path in snakemake.input.histories}
    params = snakemake.params
    figure = draw_learning_curves(histories, data=params.data, batch_factor=params.batch_factor)
    save(figure, snakemake.output[0])
