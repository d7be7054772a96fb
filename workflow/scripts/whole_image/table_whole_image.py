"""Tables 1 and 2 of Bo et al., and the differences between experiments."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.evaluation.whole_image_differences import comparisons, difference_table
    from sharpflow.evaluation.whole_image_tables import (
        regression_table,
        severity_table,
    )
    from sharpflow.files import read_table
    from sharpflow.reporting.bo_notes import WholeImageNotes
    from sharpflow.reporting.bo_tables import (
        publish_differences,
        publish_regression,
        publish_severity,
    )

    params, folder = snakemake.params, Path(snakemake.output[0]).parent
    source, repeated = snakemake.input, {}
    predictions = {Path(path).parent.name: read_table(path) for path in source.predictions}
    for path in map(Path, source.repeated):
        repeated.setdefault(path.parents[1].name, {})[path.parent.name] = read_table(path)
    notes = WholeImageNotes(**params.notes)
    how = {
        "repeated": list(repeated.values()),
        "data": notes.data,
        "seed": params.seed,
        "resamples": params.resamples,
    }
    publish_regression(regression_table(predictions, **how), folder, notes)
    publish_severity(severity_table(predictions, **how), folder, notes)
    differences = difference_table(predictions, comparisons(predictions), **how)
    publish_differences(differences, folder, notes)
