"""Figure 6 of Tan et al.: the four models' confusion matrices."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    from sharpflow.files import read_table
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_scores import draw_confusion_matrices

    params = snakemake.params
    predictions = {
        model: read_table(path).query("split == 'test'")
        for model, path in zip(params.models, snakemake.input, strict=True)
    }
    figure = draw_confusion_matrices(predictions, data=params.data, unit=params.unit)
    save(figure, snakemake.output[0])
