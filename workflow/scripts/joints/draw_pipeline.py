"""Figure 5 of Tan et al.: the pipeline, stage by stage, on one radiograph with test joints."""

from sharpflow.workflow.job import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.imaging.reading import read_image
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.masks.unet_prediction import apply_mask
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_radiographs import PipelineStages, draw_pipeline, pick_radiographs

    params, source = snakemake.params, snakemake.input
    radiographs, rows = read_shards(source.images)
    entropy, _ = read_shards(source.entropy)
    unet, _ = read_shards(source.unet)
    crop_rows = read_table(source.crops_table)
    files = pd.concat(map(read_table, source.radiographs)).set_index("image_id")["file"]
    crop_rows = crop_rows[crop_rows["split"] == "test"]
    tested = rows[rows["image_id"].isin(read_table(source.scores)["image_id"])]
    cropped = tested[tested["image_id"].isin(crop_rows["image_id"])]
    shown = tested if cropped.empty else cropped
    (image_id,) = pick_radiographs(shown, 1, seed=params.seed, name="pipeline")

    def of_radiograph(table: str):
        """The radiograph's rows of a table."""
        return read_table(source[table]).query("image_id == @image_id")

    number = rows.index[rows["image_id"] == image_id][0]
    scores = of_radiograph("scores").set_index("joint")
    crops = crop_rows[crop_rows["image_id"] == image_id]
    crop_scores = crops[["joint"]].assign(
        **{
            damage: crops["joint"].map(scores[f"{damage}_predicted"])
            for damage in ("erosion", "narrowing")
        }
    )
    stages = PipelineStages(
        raw=read_image(files[image_id], round(params.max_megapixels * 1e6)),
        standardized=radiographs[number],
        entropy_mask=entropy[number],
        unet_mask=unet[number],
        masked=apply_mask(radiographs[number], unet[number]),
        boxes=of_radiograph("boxes"),
        joints=of_radiograph("joints").query("rule == @params.rule"),
        crops=np.load(source.crops, mmap_mode="r")[crops.index],
        crop_scores=crop_scores,
    )
    figure = draw_pipeline(stages, label=image_id, data=params.data, unit=params.unit)
    save(figure, snakemake.output[0])
