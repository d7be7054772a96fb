"""Test radiographs that were scored well, typically and badly, for the report."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.reporting.examples import labelled_groups, rank_scores, write_examples
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    joints = read_table(source.joints)
    note = data_note(params.data, params.unit)
    write_examples(
        snakemake.output[0],
        "Examples of scores",
        about="Test radiographs, by the mean error of their joints' scores in points.",
        note=note,
        groups=labelled_groups(
            rank_scores(joints),
            joints,
            read_table(source.radiographs),
            source.images,
            body_parts=params.body_parts,
            note=note,
            has_scores=True,
        ),
    )
