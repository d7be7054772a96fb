"""List what is wrong with a cohort's radiographs, scores and boxes, and keep the rest."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    import pandas as pd

    from sharpflow.cohorts.check_joint_cohort import check_joint_cohort, refused_cohort
    from sharpflow.errors import ProblemsError
    from sharpflow.files import read_table, write_table

    params = snakemake.params
    settings = dict(params.settings)
    radiographs = [read_table(path, digest=str) for path in snakemake.input.radiographs]
    try:
        cohort = check_joint_cohort(
            params.radiographs,
            params.scores,
            params.boxes if params.boxes != "phantom" else None,
            max_pixels=round(settings.pop("max_megapixels") * 1e6),
            radiograph_table=pd.concat(radiographs, ignore_index=True),
            own_split=next(iter(snakemake.input.split), None),
            near_ids=params.near_ids,
            **settings,
        )
    except ProblemsError as error:
        cohort = refused_cohort(error.problems)
    if len(cohort.unscored):
        this.say(f"{params.radiographs}: {cohort.summary()}")
    for table in ("radiographs", "unscored", "scores", "boxes", "problems"):
        write_table(getattr(cohort, table), snakemake.output[table])
