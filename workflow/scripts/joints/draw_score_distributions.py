"""Figure 1 of Tan et al.: how often each score occurs in each limb."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    from sharpflow.evaluation.score_counts import has_wrist_sites, score_counts
    from sharpflow.files import read_table
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_scores import draw_score_distributions

    scores = read_table(snakemake.input.scores)
    figure = draw_score_distributions(
        score_counts(scores), with_wrist=has_wrist_sites(scores), data=snakemake.params.data
    )
    save(figure, snakemake.output[0])
