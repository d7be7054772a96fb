"""Read the label files; what is wrong with them is for the check of the cohort to say."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.boxes import BOX_TABLE, read_boxes
    from sharpflow.files import read_table, write_table

    boxes = pd.DataFrame(columns=BOX_TABLE)
    if snakemake.params.source != "phantom":
        radiographs = pd.concat(map(read_table, snakemake.input.radiographs))
        boxes, _ = read_boxes(
            snakemake.params.source, radiographs, snakemake.params.ignored_classes
        )
    write_table(boxes, snakemake.output[0])
