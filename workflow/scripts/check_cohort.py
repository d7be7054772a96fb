"""Check how a cohort's films, scores and boxes fit together: every problem at once."""

from sharpflow.job import job

with job(snakemake.log[0]):
    import pandas as pd

    from sharpflow.cohort.check import check_joint_cohort
    from sharpflow.files import read_table, write_table

    params = snakemake.params
    settings = dict(params.settings)
    films = [read_table(path, digest=str) for path in snakemake.input.films]
    cohort = check_joint_cohort(
        params.films,
        params.scores,
        params.boxes if params.boxes != "phantom" else None,
        max_pixels=round(settings.pop("max_megapixels") * 1e6),
        film_table=pd.concat(films, ignore_index=True),
        **settings,
    )
    for table in ("films", "scores", "boxes", "problems"):
        write_table(getattr(cohort, table), snakemake.output[table])
