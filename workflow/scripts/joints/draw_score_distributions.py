"""Figure 1 of Tan et al.: how often each score occurs in each limb."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.anatomy import LIMBS
    from sharpflow.evaluation.score_counts import has_wrist_sites, score_counts
    from sharpflow.files import read_table
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_scores import draw_score_distributions

    params = snakemake.params
    scores = read_table(snakemake.input.scores)
    scores = scores[[LIMBS[limb].body_part in params.body_parts for limb in scores["limb"]]]
    counts = score_counts(scores)
    figure = draw_score_distributions(
        counts[[LIMBS[limb].body_part in params.body_parts for limb in counts["limb"]]],
        with_wrist=has_wrist_sites(scores),
        data=params.data,
    )
    save(figure, snakemake.output[0])
