"""Joints of boxed radiographs with names, in standardized pixels: known, or from the boxes."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table, write_table
    from sharpflow.joints.identification.true_joints import true_joints_from_boxes
    from sharpflow.joints.scoring.crops import to_standard
    from sharpflow.phantom.cohorts.truth import read_true_joints

    rows = pd.concat(map(read_table, snakemake.input.rows))
    if snakemake.input.get("truth"):
        joints = read_true_joints(snakemake.input.truth).assign(names="phantom")
        joints = joints[joints["image_id"].isin(rows["image_id"])]
    else:
        boxes = read_table(snakemake.input.boxes)
        boxes = boxes[boxes["image_id"].isin(rows["image_id"])]
        limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
        joints = true_joints_from_boxes(
            boxes, limbs, mirrored_share=snakemake.params.mirrored_share
        )
    write_table(to_standard(joints, rows), snakemake.output[0])
