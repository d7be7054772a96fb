"""Run the frozen base once over all crops of one body part."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import keras
    import numpy as np

    from sharpflow.files import atomic_write
    from sharpflow.joints.scoring.features import extract_features

    base = keras.saving.load_model(snakemake.input.base, compile=False)
    features = extract_features(base, np.load(snakemake.input.crops, mmap_mode="r"))
    with atomic_write(snakemake.output[0]) as temporary:
        np.save(temporary, features)
