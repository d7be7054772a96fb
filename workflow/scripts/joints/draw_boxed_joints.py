"""Figure 4 of Tan et al.: a hand and a foot with their joints boxed and named."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_radiographs import (
        draw_boxed_joints,
        image_numbers,
        pick_radiographs,
    )

    params = snakemake.params
    radiographs, rows = read_shards(snakemake.input.images)
    split = read_table(snakemake.input.split)
    tested = split.loc[split["split"] == "test", "patient"]
    joints = pd.concat(map(read_table, snakemake.input.joints))
    joints = joints[joints["rule"] == params.rule]
    shown = rows[rows["patient"].isin(tested) & rows["image_id"].isin(joints["image_id"])]
    picked = pick_radiographs(shown, 2, seed=params.seed, name="boxed joints")
    figure = draw_boxed_joints(
        radiographs.take(image_numbers(rows, picked)),
        [joints[joints["image_id"] == image_id] for image_id in picked],
        picked,
        data=params.data,
    )
    save(figure, snakemake.output[0])
