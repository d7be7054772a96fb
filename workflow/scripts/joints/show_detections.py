"""Radiographs on which detection went well, typically and badly, for the report."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.cohorts.splits import split_joints
    from sharpflow.files import read_table
    from sharpflow.joints.radiographs import UNSEEN
    from sharpflow.joints.scoring.scores import NO_SCORES, score_joints
    from sharpflow.reporting.examples import labelled_groups, rank_detections, write_examples
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    radiographs = read_table(source.radiographs)
    named = pd.concat(map(read_table, source.joints), ignore_index=True)
    named = named[named["rule"] == params.rule]
    due = split_joints(radiographs, **params.split)
    unseen = radiographs[radiographs["part"].isin(UNSEEN)]
    write_examples(
        snakemake.output[0],
        "Examples of detection",
        about="Radiographs without a part in training, by the share of their joints that were "
        "found and named, then by the least confidence of a named box.",
        note=data_note(params.data),
        groups=labelled_groups(
            rank_detections(unseen),
            score_joints(due, named, {}, NO_SCORES),
            radiographs,
            source.images,
            body_parts=params.body_parts,
            note=data_note(params.data),
            has_scores=False,
        ),
    )
