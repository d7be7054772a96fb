"""Mask a shard's radiographs by the U-Net."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import keras

    from sharpflow.imaging.shards import read_shards, write_shard
    from sharpflow.joints.masks.unet_prediction import predict_masks

    radiographs, rows = read_shards([snakemake.input.images])
    model = keras.saving.load_model(snakemake.input.model, compile=False)
    masks = predict_masks(model, radiographs, batch=snakemake.params.batch)
    write_shard(snakemake.output.masks, masks, rows)
