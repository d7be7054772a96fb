"""Both kinds of mask against the limb's true outline, on test patients' radiographs."""

from pathlib import Path

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.evaluation.segmentation import mask_overlaps, segmentation_row
    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.phantom.cohorts.truth import read_true_masks
    from sharpflow.reporting.tan_tables import StudyNotes, publish_segmentation

    params, source = snakemake.params, snakemake.input
    notes = StudyNotes(**params.notes)
    split = read_table(source.split).set_index("patient")["split"]
    verdicts = pd.concat(map(read_table, source.chosen))
    chosen = verdicts.loc[verdicts["chosen"], "image_id"].tolist()

    table = []
    for body_part, crop_bottom in params.crop_bottom.items():
        masks = {
            method: read_shards([path for path in source[method] if f"/{body_part}/" in path])
            for method in ("bootstrap", "unet")
        }
        for method, (predicted, rows) in masks.items():
            judged = rows[rows["patient"].map(split) == "test"]
            height, width = predicted.size
            true = read_true_masks(
                source.truth,
                judged["image_id"],
                height=height,
                width=width,
                crop_bottom=crop_bottom,
            )
            overlaps = mask_overlaps(
                judged["image_id"], judged["patient"], (predicted[i] for i in judged.index), true
            )
            row = segmentation_row(
                overlaps,
                common=chosen,
                limb=body_part,
                method=method,
                data=notes.data,
                seed=params.seed,
                resamples=params.resamples,
            )
            table.append(row)
    publish_segmentation(pd.DataFrame(table), Path(snakemake.output[0]).parent, notes)
