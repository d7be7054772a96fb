"""Minutes a patient from radiograph to scores, from this run's benchmark files."""

from pathlib import Path

from sharpflow.workflow.job import job

STEPS = (
    "standardize",
    "segment",
    "detect_joints",
    "name_joints",
    "crop_joints",
    "extract_features",
)

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.reporting.tan_tables import StudyNotes, publish_minutes

    folder = Path(snakemake.params.benchmarks)
    patients = pd.concat(map(read_table, snakemake.input.radiographs))["patient"].nunique()
    rows = []
    for step in STEPS:
        runs = [pd.read_csv(path, sep="\t") for path in sorted((folder / step).glob("*.tsv"))]
        seconds = pd.concat(runs)["s"].sum() if runs else float("nan")
        rows.append({"step": step, "seconds": seconds, "patients": patients})
    notes = StudyNotes(**snakemake.params.notes)
    publish_minutes(pd.DataFrame(rows), Path(snakemake.output[0]).parent, notes)
