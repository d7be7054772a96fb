"""What part each radiograph had in training, and in which of them little was found."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.anatomy import Damage
    from sharpflow.files import read_table, write_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.radiographs import (
        UNSCORED,
        found_joints,
        judge_masks,
        little_found,
        mask_share,
        parts,
        unnamed_in_words,
    )
    from sharpflow.joints.scoring.choose_crops import scored_crops
    from sharpflow.reporting.little_found import PART_NAMES, publish_little_found

    params, source, output = snakemake.params, snakemake.input, snakemake.output

    def read(name: str) -> pd.DataFrame:
        """Hands' and feet's tables as one."""
        return pd.concat(map(read_table, source[name]), ignore_index=True)

    images, rows = read_shards(source.images)
    masks, _ = read_shards(source.masks)
    table = rows[["image_id", "patient", "limb", "body_part", "visit"]]
    if split := source.get("split"):
        scored = []
        if source.scores:
            crops, scores = read("crops"), read_table(source.scores)
            scored = [scored_crops(crops, scores, damage) for damage in Damage]
        table = parts(
            table.merge(read_table(split), on="patient"),
            chosen=read("chosen"),
            boxed=set(read_table(source.boxed)["image_id"]),
            scored=scored,
        )
    else:
        table = table.assign(part=UNSCORED)
    named = read("joints")
    table = found_joints(table, read("boxes"), named[named["rule"] == params.rule])
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}
    shares = [mask_share(images[i], masks[i]) for i in table["image_id"].map(number)]
    limits = dict(params.limits)
    least = limits.pop("joints")
    table = table.assign(mask_share=shares, mask=judge_masks(shares, **limits))
    write_table(table, output.radiographs)
    publish_little_found(
        little_found(table, least=least),
        Path(output.tables[0]).parent,
        counts={part: int((table["part"] == part).sum()) for part in PART_NAMES},
        data=params.data,
        unnamed=unnamed_in_words(table, params.confidence),
        joints=least,
        **limits,
    )
