"""Figure 6 of Tan et al.: the four models' confusion matrices."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.evaluation.joint_scoring import model_confusions
    from sharpflow.files import read_table
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_scores import draw_confusion_matrices

    params = snakemake.params
    predictions = dict(zip(params.models, map(read_table, snakemake.input), strict=True))
    figure = draw_confusion_matrices(
        model_confusions(predictions), data=params.data, unit=params.unit
    )
    save(figure, snakemake.output[0])
