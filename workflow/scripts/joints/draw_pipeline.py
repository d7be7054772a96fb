"""Figure 5 of Tan et al.: the pipeline, stage by stage, on one radiograph with test joints."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.imaging.reading import read_image
    from sharpflow.imaging.shards import read_shards
    from sharpflow.reporting.pipeline_stages import JointTables, radiographs_to_show, stages_of
    from sharpflow.reporting.style import save
    from sharpflow.reporting.tan_radiographs import draw_pipeline, image_numbers, pick_radiographs

    params, source = snakemake.params, snakemake.input
    radiographs, rows = read_shards(source.images)
    entropy, _ = read_shards(source.entropy)
    unet, _ = read_shards(source.unet)
    tables = JointTables(
        boxes=read_table(source.boxes),
        joints=read_table(source.joints),
        crops=read_table(source.crops_table),
        scores=read_table(source.scores),
    )
    shown = radiographs_to_show(rows, tables)
    (image_id,) = pick_radiographs(shown, 1, seed=params.seed, name="pipeline")
    (number,) = image_numbers(rows, [image_id])
    files = pd.concat(map(read_table, source.radiographs)).set_index("image_id")["file"]
    stages = stages_of(
        image_id,
        tables,
        rule=params.rule,
        raw=read_image(files[image_id], round(params.max_megapixels * 1e6)),
        standardized=radiographs[number],
        entropy_mask=entropy[number],
        unet_mask=unet[number],
        crops=np.load(source.crops, mmap_mode="r"),
    )
    figure = draw_pipeline(stages, label=image_id, data=params.data, unit=params.unit)
    save(figure, snakemake.output[0])
