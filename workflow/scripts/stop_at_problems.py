"""Stop where a check found what cannot be set aside; every problem of every cohort at once."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from sharpflow.cohorts.set_aside import PROBLEM_TABLE, count_set_aside
    from sharpflow.files import read_table, write_table
    from sharpflow.workflow.told_at_end import said_of_set_aside

    as_text = dict.fromkeys(PROBLEM_TABLE, str)
    tables = [read_table(path, **as_text) for path in snakemake.input.problems]
    problems = dict(zip(snakemake.params.cohorts, tables, strict=True))
    write_table(count_set_aside(problems), snakemake.output[0])
    for path, table in zip(snakemake.input.problems, tables, strict=True):
        if len(table):
            this.say(said_of_set_aside(path, len(table)))
