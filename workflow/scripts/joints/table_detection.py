"""Joints found, and found and rightly named, on test patients' radiographs."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.evaluation.detection import detection_table
    from sharpflow.files import read_table
    from sharpflow.reporting.study_notes import StudyNotes
    from sharpflow.reporting.tan_tables import publish_detection

    params, source = snakemake.params, snakemake.input
    notes = StudyNotes(**params.notes)

    def read(name: str) -> pd.DataFrame:
        """Hands' and feet's tables as one."""
        return pd.concat(map(read_table, source[name]), ignore_index=True)

    table = detection_table(
        read("true_joints"),
        read("boxes"),
        read("joints"),
        read("rows"),
        read_table(source.split),
        boxed=set(read_table(source.boxed)["image_id"]),
        data=notes.data,
        resamples=params.resamples,
        seed=params.seed,
    )
    publish_detection(table, Path(snakemake.output[0]).parent, notes)
