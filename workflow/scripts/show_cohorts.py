"""The page of the study's cohorts, for the report."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.reporting.cohort_page import CohortTables, write_cohort_page

    params, source = snakemake.params, snakemake.input

    def of_cohort(paths: list[str], cohort: str) -> Path | None:
        """The file of a cohort, if it has one."""
        return next((Path(path) for path in paths if Path(path).parent.name == cohort), None)

    cohorts = []
    for cohort, data, count in zip(params.cohorts, params.data, params.counts, strict=True):
        images = of_cohort(source.images, cohort)
        warnings = of_cohort(source.warnings, cohort)
        cohorts.append(
            CohortTables(
                cohort,
                data,
                read_table(of_cohort(source.splits, cohort)),
                count,
                read_table(images) if images else pd.DataFrame(),
                read_table(of_cohort(source.problems, cohort)),
                read_table(warnings) if warnings else None,
                of_cohort(source.sheets, cohort),
            )
        )
    write_cohort_page(snakemake.output[0], cohorts, params.unscored)
