"""Split a cohort of images, by patient; who has a split keeps it."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from sharpflow.cohorts.lasting_splits import read_earlier_split, write_record
    from sharpflow.files import read_table, write_table
    from sharpflow.whole_image.data.splits import dealt_by, split_bone_age, split_images

    output = snakemake.output
    images = read_table(snakemake.input.images)
    asked = dict(snakemake.params.settings)
    settings = dealt_by(asked, snakemake.wildcards.images)
    earlier = read_earlier_split(output.split, output.record)
    kept = earlier.kept_by(settings)
    share = asked.pop("bone_age_validation")
    if snakemake.wildcards.images == "bone_age":
        split = split_bone_age(
            images, random_state=asked["random_state"], validation=share, kept=kept
        )
    else:
        given = snakemake.input.get("joints")
        split = split_images(images, **asked, given=read_table(given) if given else None, kept=kept)
    for line in earlier.changes(split, settings):
        this.say(f"{output.split}: {line}")
    write_record(output.record, earlier, split, settings)
    write_table(split, output.split)
