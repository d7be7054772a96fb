"""Train one of the four ordinal heads, and score every crop with it."""

from pathlib import Path
from shutil import rmtree

from sharpflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources) as this:
    import numpy as np

    from sharpflow.anatomy import MODELS, n_classes
    from sharpflow.cards import write_card
    from sharpflow.digests import digest_of
    from sharpflow.files import read_table, whole, write_table
    from sharpflow.hardware import keras_in_words
    from sharpflow.joint_scoring.head_training import predict_scores, train_head
    from sharpflow.seeds import seed_for

    name, params, source = snakemake.wildcards.model, snakemake.params, snakemake.input
    damage, kind = MODELS[name]
    scores = read_table(source.scores)
    scores = scores[scores["damage"] == damage].drop(columns="damage")
    crops = read_table(source.crops).reset_index(names="row")
    joints = crops.merge(scores, on=["patient", "limb", "joint"])
    features = np.load(source.features)[joints["row"]]
    true = joints["score"].to_numpy()
    split = {part: (joints["split"] == part).to_numpy() for part in ("train", "validation")}

    digest = digest_of(features, true)
    run = digest_of(digest, joints["split"].to_list(), params.settings, params.seed, params.code)
    checkpoints = Path(params.checkpoints) / f"head-{name}-{run}"
    model, history = train_head(
        features[split["train"]],
        true[split["train"]],
        features[split["validation"]],
        true[split["validation"]],
        classes=n_classes(kind, damage),
        seed=seed_for(params.seed, "head", name),
        **params.settings,
        checkpoints=checkpoints,
        time_budget=this.seconds_left(),
    )
    best = history["validation_loss"].idxmin()
    kept = history.index[-1] if params.settings["keep"] == "last" else best
    with whole(snakemake.output.model) as temporary:
        model.save(temporary)
    write_table(history, snakemake.output.history)
    predictions = joints[["image_id", "patient", "limb", "joint", "split"]].assign(
        true=true, predicted=predict_scores(model, features)
    )
    write_table(predictions, snakemake.output.predictions)
    write_card(
        snakemake.output.card,
        expects="512 features of the VGG16 base for each joint, float32 (n, 512); gives the "
        f"probabilities of {n_classes(kind, damage)} ordinal bits of {damage} in a {kind}",
        data=params.data,
        data_digest=digest,
        settings={**params.settings, "keras": keras_in_words(snakemake.threads)},
        metrics=history.loc[kept].to_dict(),
    )
    rmtree(checkpoints)
