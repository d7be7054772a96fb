"""Split a cohort of images, by patient; who has a split keeps it."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from sharpflow.cohorts.lasting_splits import read_earlier_split, write_record
    from sharpflow.files import read_table, write_table
    from sharpflow.whole_image.data.splits import dealt_by, split_as_asked

    output = snakemake.output
    images = read_table(snakemake.input.images)
    asked = dict(snakemake.params.settings)
    settings = dealt_by(asked, snakemake.wildcards.images)
    earlier = read_earlier_split(output.split, output.record)
    kept = earlier.kept_by(settings)
    joints = snakemake.input.get("joints")
    split = split_as_asked(
        images,
        cohort=snakemake.wildcards.images,
        asked=asked,
        given=read_table(joints) if joints else None,
        kept=kept,
    )
    for line in earlier.changes(split, settings):
        this.say(f"{output.split}: {line}")
    write_record(output.record, earlier, split, settings)
    write_table(split, output.split)
