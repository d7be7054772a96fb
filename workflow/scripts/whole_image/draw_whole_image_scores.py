"""Figures 2 and 4 of Bo et al., on the test images."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.evaluation.whole_image_metrics import regression_metrics
    from sharpflow.files import read_table
    from sharpflow.reporting.bo_scores import draw_predicted_true, draw_severity_confusion
    from sharpflow.reporting.style import save
    from sharpflow.whole_image.experiments import EXPERIMENTS

    params, output = snakemake.params, snakemake.output
    predictions = {Path(path).parent.name: read_table(path) for path in snakemake.input}
    metrics = {
        name: regression_metrics(table, seed=params.seed)
        for name, table in predictions.items()
        if EXPERIMENTS[name].task == "total"
    }
    save(draw_predicted_true(predictions, metrics, data=params.data), output.totals[0])
    save(draw_severity_confusion(predictions, data=params.data), output.classes[0])
