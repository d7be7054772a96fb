"""Test radiographs that were scored well, typically and badly, for the report."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.files import read_table
    from sharpflow.reporting.examples import (
        images_by_id,
        labelled_group,
        of_body_part,
        rank_scores,
        write_examples,
    )
    from sharpflow.reporting.style import data_note

    params, source = snakemake.params, snakemake.input
    joints = read_table(source.joints)
    ranked, note = rank_scores(joints), data_note(params.data, params.unit)
    write_examples(
        snakemake.output[0],
        "Examples of scores",
        about="Test radiographs, by the mean error of their joints' scores in points.",
        note=note,
        groups=[
            labelled_group(
                of_body_part(ranked, part),
                joints,
                images_by_id(source.images),
                body_part=part,
                note=note,
                has_scores=True,
            )
            for part in params.body_parts
        ],
    )
