"""Figure 1 of Tan et al.: how often each score occurs in each limb."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    from sharpflow.files import read_table
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_scores import draw_score_distributions

    scores = read_table(snakemake.input.scores)
    save(draw_score_distributions(scores, data=snakemake.params.data), snakemake.output[0])
