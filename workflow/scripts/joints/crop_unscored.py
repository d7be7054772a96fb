"""Cut out the joints of one body part's radiographs that nobody has scored."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np

    from sharpflow.files import atomic_write, read_table, write_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.detection.views import MaskedRadiographs
    from sharpflow.joints.scoring.choose_crops import detected_crops
    from sharpflow.joints.scoring.crops import CropSettings, crop_boxes

    params, source = snakemake.params, snakemake.input
    settings = CropSettings(**params.settings)
    radiographs, rows = read_shards(source.images)
    masks, _ = read_shards(source.masks)
    masked = MaskedRadiographs(radiographs, masks)
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}
    named = read_table(source.joints)
    crops = detected_crops(named[named["rule"] == params.rule], rows)
    cut = crop_boxes(
        (masked[number[image_id]] for image_id in crops["image_id"]),
        crops,
        settings.size,
        settings.margin,
    )
    with atomic_write(snakemake.output.crops) as temporary:
        np.save(temporary, cut)
    write_table(crops, snakemake.output.rows)
