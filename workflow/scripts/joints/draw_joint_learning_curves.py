"""Learning curves of the joint pipeline's networks."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_learning_curves import draw_joint_learning_curves

    params, source = snakemake.params, snakemake.input
    figure = draw_joint_learning_curves(
        dict(zip(params.body_parts, map(read_table, source.unets), strict=True)),
        dict(zip(params.body_parts, map(read_table, source.detectors), strict=True)),
        read_table(source.base) if source.base else None,
        dict(zip(params.models, map(read_table, source.heads), strict=True)),
        data=params.data,
    )
    save(figure, snakemake.output[0])
