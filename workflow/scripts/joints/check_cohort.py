"""List what is wrong with a cohort's radiographs, scores and boxes, and keep the rest."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import pandas as pd

    from sharpflow.cohorts.check_joint_cohort import check_joint_cohort, refused_cohort
    from sharpflow.cohorts.lasting_splits import read_earlier_split
    from sharpflow.cohorts.sampled_split import SampledSplit
    from sharpflow.errors import ProblemsError
    from sharpflow.files import read_table, write_table

    params = snakemake.params
    settings = dict(params.settings)
    radiographs = [read_table(path, digest=str) for path in snakemake.input.radiographs]
    sampled_split = None
    if params.sampled_split:  # who has a split keeps it: split_patients writes these two
        split = Path(snakemake.output.problems).with_name("split.csv")
        earlier = read_earlier_split(split, split.with_suffix(".json"))
        sampled_split = SampledSplit(params.sampled_split, earlier)
    try:
        cohort = check_joint_cohort(
            params.radiographs,
            params.scores,
            params.boxes if params.boxes != "phantom" else None,
            max_pixels=round(settings.pop("max_megapixels") * 1e6),
            radiograph_table=pd.concat(radiographs, ignore_index=True),
            own_split=next(iter(snakemake.input.split), None),
            sampled_split=sampled_split,
            verdicts=next(iter(snakemake.input.overrides), None),
            near_ids=params.near_ids,
            **settings,
        )
    except ProblemsError as error:
        cohort = refused_cohort(error.problems)
    if len(cohort.unscored):
        this.say(f"{params.radiographs}: {cohort.summary()}")
    for table in ("radiographs", "unscored", "scores", "boxes", "problems"):
        write_table(getattr(cohort, table), snakemake.output[table])
