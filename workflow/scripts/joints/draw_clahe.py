"""Figure 2 of Tan et al.: radiographs before and after CLAHE."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.imaging.reading import read_image
    from sharpflow.imaging.shards import read_shards
    from sharpflow.imaging.standardize import crop_resize_pad
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_radiographs import draw_clahe, image_numbers, pick_radiographs

    params = snakemake.params
    radiographs, rows = read_shards(snakemake.input.images)
    listed = pd.concat(map(read_table, snakemake.input.radiographs)).set_index("image_id")
    picked = pick_radiographs(rows, 4, seed=params.seed, name="clahe")
    before = [
        crop_resize_pad(
            read_image(listed.loc[image_id, "file"], round(params.max_megapixels * 1e6)),
            *radiographs.size,
            params.crop_bottom[listed.loc[image_id, "body_part"]],
        )[0]
        for image_id in picked
    ]
    after = radiographs.take(image_numbers(rows, picked))
    save(draw_clahe(before, after, picked, data=params.data), snakemake.output[0])
