"""Sums of joint scores and whole-image totals, on the same test patients."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.evaluation.compared_patients import compare_patients
    from sharpflow.evaluation.pipelines import pipelines_table
    from sharpflow.files import read_table
    from sharpflow.reporting.pipelines_figure import draw_pipelines
    from sharpflow.reporting.pipelines_table import publish_pipelines
    from sharpflow.reporting.style import save

    params, source, output = snakemake.params, snakemake.input, snakemake.output
    visits = read_table(source.images)[["image_id", "visit"]]
    compared = compare_patients(
        read_table(source.joints),
        read_table(source.whole[0]).merge(visits, on="image_id"),
        read_table(source.scores),
        read_table(source.split),
    )
    table = pipelines_table(
        compared, data=params.data, seed=params.seed, resamples=params.resamples
    )
    folder = Path(output.tables[0]).parent
    publish_pipelines(table, folder, compared, data=params.data, experiment=params.experiment)
    save(draw_pipelines(compared.table, table, data=params.data), output.figures[0])
