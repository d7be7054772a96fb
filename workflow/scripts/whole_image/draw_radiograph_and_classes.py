"""Figure 1 of Bo et al.: a radiograph with its joints and damage; severity classes by split."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.cohorts.whole_images import list_whole_images
    from sharpflow.files import read_table
    from sharpflow.imaging.reading import read_image
    from sharpflow.reporting.bo_radiograph import (
        draw_radiograph_and_classes,
        typical_damaged_radiograph,
    )
    from sharpflow.reporting.style import save

    params, source = snakemake.params, snakemake.input
    images = read_table(source.images).merge(read_table(source.split), on=["image_id", "patient"])
    image_id = typical_damaged_radiograph(images)
    paths = {image.image_id: image.path for image in list_whole_images(**params.source).images}
    joints = None
    if source.get("folder"):
        joints = read_table(Path(source.folder) / "truth" / "joints.csv")
        joints = joints[joints["image_id"] == image_id]
    radiograph = read_image(paths[image_id], round(params.max_megapixels * 1e6))
    figure = draw_radiograph_and_classes(
        radiograph, joints, images, label=image_id, data=params.data
    )
    save(figure, snakemake.output[0])
