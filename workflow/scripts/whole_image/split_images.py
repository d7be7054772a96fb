"""Split a cohort of images, by patient."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    from sharpflow.files import read_table, write_table
    from sharpflow.whole_image.data.splits import split_bone_age, split_images

    images = read_table(snakemake.input.images)
    settings = dict(snakemake.params.settings)
    share = settings.pop("bone_age_validation")
    if snakemake.wildcards.images == "bone_age":
        split = split_bone_age(images, random_state=settings["random_state"], validation=share)
    else:
        given = snakemake.input.get("joints")
        split = split_images(images, **settings, given=read_table(given) if given else None)
    write_table(split, snakemake.output[0])
