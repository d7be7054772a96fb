"""Make single joints of one body part for the base to learn from."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np

    from sharpflow.anatomy import BodyPart
    from sharpflow.files import atomic_write, write_table
    from sharpflow.joints.scoring.synthetic_joints import make_training_joints

    params = snakemake.params
    patches, rows = make_training_joints(
        params.joints,
        body_part=BodyPart(snakemake.wildcards.body_part),
        seed=params.seed,
        height=params.radiograph_height,
        clahe_clip=params.clahe["clip_limit"],
        clahe_grid=params.clahe["grid"],
    )
    with atomic_write(snakemake.output.patches) as temporary:
        np.save(temporary, patches)
    write_table(rows, snakemake.output.rows)
