"""Name the boxes of one body part's radiographs by both rules."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import pandas as pd

    from sharpflow.files import read_table, write_table
    from sharpflow.joints.identification.rules import name_radiographs
    from sharpflow.joints.radiographs import found_joints, warn_of_unnamed

    params, path = snakemake.params, snakemake.input.boxes
    rows = pd.concat(map(read_table, snakemake.input.rows))
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    boxes = read_table(path)
    named = name_radiographs(boxes, limbs, mirrored_share=params.mirrored_share)
    write_table(named, snakemake.output[0])
    warning = warn_of_unnamed(
        found_joints(rows, boxes, named[named["rule"] == params.rule]),
        body_part=snakemake.wildcards.body_part,
        confidence=params.confidence,
        rule=params.rule,
        table=path,
        results=params.results,
    )
    if warning:
        this.say(warning)
