"""Both kinds of mask against the limb's true outline, on test patients' radiographs."""

from collections.abc import Iterator
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np
    import pandas as pd

    from sharpflow.evaluation.segmentation import segmentation_table
    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.phantom.cohorts.truth import read_true_masks
    from sharpflow.reporting.study_notes import StudyNotes
    from sharpflow.reporting.tan_tables import publish_segmentation

    params, source = snakemake.params, snakemake.input
    notes = StudyNotes(**params.notes)

    def true_masks(
        body_part: str, image_ids: "pd.Series[str]", size: tuple[int, int]
    ) -> Iterator[np.ndarray]:
        """The true outlines in standardized radiographs."""
        height, width = size
        crop_bottom = params.crop_bottom[body_part]
        return read_true_masks(
            source.truth, image_ids, height=height, width=width, crop_bottom=crop_bottom
        )

    masks = {
        (body_part, method): read_shards(
            path for path in source[method] if f"/{body_part}/" in path
        )
        for body_part in params.crop_bottom
        for method in ("bootstrap", "unet")
    }
    table = segmentation_table(
        masks,
        true_masks,
        split=read_table(source.split),
        chosen=pd.concat(map(read_table, source.chosen)),
        data=notes.data,
        seed=params.seed,
        resamples=params.resamples,
    )
    publish_segmentation(table, Path(snakemake.output[0]).parent, notes)
