"""Write names and scores of joints onto radiographs without a part in training, or onto all."""

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake), atomic_folder(snakemake.output[0]) as folder:
    import pandas as pd

    from sharpflow.cohorts.splits import split_joints
    from sharpflow.files import read_table
    from sharpflow.joints.radiographs import shown_joints
    from sharpflow.joints.scoring.scores import NO_SCORES, score_joints
    from sharpflow.reporting.overlays import write_overlays
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    radiographs = read_table(source.radiographs)
    joints = split_joints(radiographs, **params.split)
    named = pd.concat(map(read_table, source.joints), ignore_index=True)
    scored = score_joints(
        shown_joints(joints, radiographs, params.shown, unit=params.split["unit"]),
        named[named["rule"] == params.rule],
        dict(zip(params.models, map(read_table, source.predictions), strict=True)),
        read_table(source.scores) if source.scores else NO_SCORES,
    )
    write_overlays(
        folder,
        scored,
        radiographs,
        source.images,
        note=data_note(params.data, params.unit if params.models else "patient"),
        has_scores=bool(params.models),
    )
