"""Cut out the joints of one body part's radiographs."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np

    from sharpflow.cohorts.splits import split_joints
    from sharpflow.files import atomic_write, read_table, write_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.detection.views import MaskedRadiographs
    from sharpflow.joints.scoring.choose_crops import choose_crops
    from sharpflow.joints.scoring.crops import CropSettings, crop_boxes
    from sharpflow.seeds import seed_for

    params, source = snakemake.params, snakemake.input
    settings = CropSettings(**params.settings)
    radiographs, rows = read_shards(source.images)
    masks, _ = read_shards(source.masks)
    masked = MaskedRadiographs(radiographs, masks)
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}

    named = read_table(source.joints)
    split = rows.merge(read_table(source.split), on="patient")
    crops = choose_crops(
        detected=named[named["rule"] == params.rule],
        labelled=read_table(source.true_joints),
        radiographs=split,
        joints=split_joints(split, **params.split),
        learned_from=set(read_table(source.boxed)["image_id"]),
        jitter=settings.jitter,
        seed=seed_for(params.seed, "crops", snakemake.wildcards.body_part),
    )
    cut = crop_boxes(
        (masked[number[image_id]] for image_id in crops["image_id"]),
        crops,
        settings.size,
        settings.margin,
    )
    with atomic_write(snakemake.output.crops) as temporary:
        np.save(temporary, cut)
    write_table(crops, snakemake.output.rows)
