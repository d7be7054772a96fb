"""Table 1 of Tan et al., on the test patients' joints, and the recalls behind it."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.evaluation.joint_scoring import joint_scoring_table, recalls_table
    from sharpflow.files import read_table
    from sharpflow.reporting.study_notes import StudyNotes
    from sharpflow.reporting.tan_joint_scoring import publish_joint_recalls, publish_joint_scoring

    params, source = snakemake.params, snakemake.input
    predictions = dict(zip(params.models, map(read_table, source.predictions), strict=True))
    notes, folder = StudyNotes(**params.notes), Path(snakemake.output[0]).parent
    table = joint_scoring_table(
        predictions,
        read_table(source.joints),
        data=notes.data,
        seed=params.seed,
        resamples=params.resamples,
    )
    publish_joint_scoring(table, folder, notes)
    publish_joint_recalls(recalls_table(predictions, data=notes.data), folder, notes)
