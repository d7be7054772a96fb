"""Write names and scores of joints onto radiographs without a part in training, or onto all."""

from pathlib import Path

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import cv2
    import pandas as pd

    from sharpflow.cohorts.splits import split_joints
    from sharpflow.files import atomic_write, read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.radiographs import shown_joints
    from sharpflow.joints.scoring.scores import NO_SCORES, score_joints
    from sharpflow.reporting.overlays import label_radiograph, part_sentence
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    note = data_note(params.data, params.unit if params.models else "patient")
    radiographs, rows = read_shards(source.images)
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}
    listed = read_table(source.radiographs)
    joints = split_joints(rows.merge(read_table(source.split), on="patient"), **params.split)
    named = pd.concat(map(read_table, source.joints), ignore_index=True)
    scored = score_joints(
        shown_joints(joints, listed, params.shown, unit=params.split["unit"]),
        named[named["rule"] == params.rule],
        dict(zip(params.models, map(read_table, source.predictions), strict=True)),
        read_table(source.scores) if source.scores else NO_SCORES,
    )
    listed = listed.set_index("image_id")
    for image_id, of_radiograph in scored.groupby("image_id"):
        labelled = label_radiograph(
            radiographs[number[image_id]],
            of_radiograph,
            note=note,
            part=part_sentence(listed.loc[image_id]),
            has_scores=bool(params.models),
        )
        with atomic_write(Path(snakemake.output[0]) / f"{image_id}.png") as temporary:
            cv2.imwrite(str(temporary), labelled[..., ::-1])
