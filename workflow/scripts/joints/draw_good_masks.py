"""Figure 3 of Tan et al.: masks that were chosen, beside their radiographs."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_radiographs import draw_good_masks, image_numbers, pick_radiographs

    radiographs, rows = read_shards(snakemake.input.images)
    masks, _ = read_shards(snakemake.input.masks)
    chosen = pd.concat(map(read_table, snakemake.input.chosen))
    good = chosen[chosen["chosen"]]
    picked = pick_radiographs(good, 4, seed=snakemake.params.seed, name="good masks")
    numbers = image_numbers(rows, picked)
    figure = draw_good_masks(
        radiographs.take(numbers), masks.take(numbers), picked, data=snakemake.params.data
    )
    save(figure, snakemake.output[0])
