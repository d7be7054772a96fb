"""Find the joints of one limb kind's films."""

from sharpflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources):
    from sharpflow.anatomy import LimbKind
    from sharpflow.detection.detect import detect
    from sharpflow.detection.views import Views
    from sharpflow.files import write_table
    from sharpflow.imaging.shards import read_shards

    films, rows = read_shards(snakemake.input.images)
    masks, _ = read_shards(snakemake.input.masks)
    image_size = snakemake.params.image_size
    boxes = detect(
        snakemake.input.model,
        Views(films, masks, image_size=image_size, view=snakemake.params.view),
        rows,
        kind=LimbKind(snakemake.wildcards.kind),
        image_size=image_size,
        confidence=snakemake.params.confidence,
    )
    write_table(boxes, snakemake.output[0])
