"""Write the names and scores of test joints onto their radiographs."""

from pathlib import Path

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import cv2

    from sharpflow.files import atomic_write, read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.reporting.overlays import label_radiograph
    from sharpflow.reporting.style import data_note

    params = snakemake.params
    note = data_note(params.data, params.unit)
    radiographs, rows = read_shards(snakemake.input.images)
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}
    for image_id, joints in read_table(snakemake.input.joints).groupby("image_id"):
        labelled = label_radiograph(radiographs[number[image_id]], joints, note=note)
        with atomic_write(Path(snakemake.output[0]) / f"{image_id}.png") as temporary:
            cv2.imwrite(str(temporary), labelled[..., ::-1])
