"""Score the joints of radiographs that nobody has scored, with the heads of the first seed."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from pathlib import Path

    import keras
    import numpy as np
    import pandas as pd

    from sharpflow.anatomy import MODELS
    from sharpflow.cohorts.splits import every_joint
    from sharpflow.files import read_table, write_table
    from sharpflow.joints.scoring.head_training import predict_scores
    from sharpflow.joints.scoring.scores import NO_SCORES, has_score, score_joints

    params, source = snakemake.params, snakemake.input
    body_parts = [Path(path).stem for path in source.features]
    features = dict(zip(body_parts, map(np.load, source.features), strict=True))
    crops = dict(zip(body_parts, map(read_table, source.crops), strict=True))
    predictions = {}
    for name, path in zip(params.models, source.heads, strict=True):
        damage, body_part = MODELS[name]
        scored = has_score(crops[body_part], damage)
        if scored.any():
            head = keras.saving.load_model(path, compile=False)
            predicted = predict_scores(head, features[body_part][scored])
            predictions[name] = crops[body_part][scored].assign(predicted=predicted)
    named = pd.concat(map(read_table, source.joints), ignore_index=True)
    radiographs = pd.concat(map(read_table, source.rows), ignore_index=True)
    table = score_joints(
        every_joint(radiographs),
        named[named["rule"] == params.rule],
        predictions,
        NO_SCORES,
    )
    write_table(table, snakemake.output[0])
