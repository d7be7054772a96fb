"""Table 1 of Tan et al., on the test patients' joints."""

from pathlib import Path

from sharpflow.job import job

with job(snakemake.log[0]):
    from sharpflow.evaluation.joint_scoring import joint_scoring_table
    from sharpflow.files import read_table
    from sharpflow.reporting.tan_tables import StudyNotes, publish_joint_scoring

    params = snakemake.params
    predictions = dict(
        zip(params.models, map(read_table, snakemake.input.predictions), strict=True)
    )
    notes = StudyNotes(**params.notes)
    table = joint_scoring_table(
        predictions, data=notes.data, seed=params.seed, resamples=params.resamples
    )
    publish_joint_scoring(table, Path(snakemake.output[0]).parent, notes)
