"""Find the joints of one body part's radiographs."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.anatomy import BodyPart
    from sharpflow.files import read_table, write_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.detection.confidence import chosen_confidence
    from sharpflow.joints.detection.detect import detect
    from sharpflow.joints.detection.views import Views

    radiographs, rows = read_shards(snakemake.input.images)
    masks, _ = read_shards(snakemake.input.masks)
    image_size = snakemake.params.image_size
    confidence = snakemake.params.confidence
    if confidence == "auto":
        confidence = chosen_confidence(read_table(snakemake.input.confidence))
    boxes = detect(
        snakemake.input.model,
        Views(radiographs, masks, image_size=image_size, view=snakemake.params.view),
        rows,
        body_part=BodyPart(snakemake.wildcards.body_part),
        image_size=image_size,
        confidence=confidence,
    )
    write_table(boxes, snakemake.output[0])
