"""Name the boxes of one body part's radiographs by both rules."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table, write_table
    from sharpflow.joints.identification.rules import name_radiographs

    rows = pd.concat(map(read_table, snakemake.input.rows))
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    boxes = read_table(snakemake.input.boxes)
    named = name_radiographs(boxes, limbs, mirrored_share=snakemake.params.mirrored_share)
    write_table(named, snakemake.output[0])
