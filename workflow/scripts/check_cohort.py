"""Read and check a cohort: every problem at once."""

from sharpflow.job import job

with job(snakemake.log[0], snakemake.threads):
    from sharpflow.cohort.check import check_joint_cohort
    from sharpflow.files import write_table

    settings = dict(snakemake.params.settings)
    cohort = check_joint_cohort(
        snakemake.params.films,
        snakemake.params.scores,
        snakemake.params.boxes if snakemake.params.boxes != "phantom" else None,
        max_pixels=round(settings.pop("max_megapixels") * 1e6),
        workers=snakemake.threads,
        **settings,
    )
    for table in ("films", "scores", "boxes", "problems"):
        write_table(getattr(cohort, table), snakemake.output[table])
