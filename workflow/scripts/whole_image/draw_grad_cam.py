"""Figure 3 or 5 of Bo et al.: where a network looks."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np

    from sharpflow.cohorts.said_of_images import read_comments
    from sharpflow.files import read_table
    from sharpflow.reporting.bo_grad_cam import draw_grad_cam
    from sharpflow.reporting.bo_titles import experiment_title
    from sharpflow.reporting.style import save

    params, source = snakemake.params, snakemake.input
    joints = comments = None
    if source.get("truth"):
        joints = read_table(Path(source.truth) / "truth" / "joints.csv")
    if source.get("comments"):
        comments = read_comments(source.comments).by_image  # checked before
    with np.load(source.heat) as kept:
        figure = draw_grad_cam(
            read_table(source.cases),
            kept["images"],
            kept["heat"],
            task=snakemake.wildcards.task,
            title=experiment_title(params.experiment),
            data=params.data,
            joints=joints,
            comments=comments,
        )
    save(figure, snakemake.output[0])
