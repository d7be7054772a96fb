"""Train one of the four ordinal heads with each seed, and score every crop with all of them."""

from pathlib import Path
from shutil import rmtree

from sharpflow.workflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources) as this:
    import numpy as np

    from sharpflow.anatomy import MODELS, n_classes
    from sharpflow.digests import digest_of
    from sharpflow.files import atomic_write, read_table, write_table
    from sharpflow.hardware import keras_in_words
    from sharpflow.joints.scoring.head_training import predict_scores, train_head
    from sharpflow.seeds import replicate_seed, seed_for
    from sharpflow.workflow.model_cards import write_model_card

    name, params, source = snakemake.wildcards.model, snakemake.params, snakemake.input
    damage, body_part = MODELS[name]
    scores = read_table(source.scores)
    scores = scores[scores["damage"] == damage].drop(columns="damage")
    crops = read_table(source.crops).reset_index(names="row")
    joints = crops.merge(scores, on=["patient", "limb", "joint"])
    features = np.load(source.features)[joints["row"]]
    true = joints["score"].to_numpy()
    split = {part: (joints["split"] == part).to_numpy() for part in ("train", "validation")}

    settings = dict(params.settings)
    seeds = settings.pop("seeds")
    digest = digest_of(features, true)
    run = digest_of(digest, joints["split"].to_list(), settings, params.seed, params.code)
    checkpoints = Path(params.checkpoints) / f"head-{name}-{run}"

    def train(number: int) -> tuple:
        """The head, history and measures of the training with one seed, counted from 1."""
        return train_head(
            features[split["train"]],
            true[split["train"]],
            features[split["validation"]],
            true[split["validation"]],
            classes=n_classes(body_part, damage),
            seed=replicate_seed(seed_for(params.seed, "head", name), number),
            **settings,
            checkpoints=checkpoints / f"seed-{number}",
            time_budget=this.seconds_left(),
        )

    model, history, measures = train(1)
    predictions = joints[["image_id", "patient", "limb", "joint", "split"]].assign(
        true=true, predicted=predict_scores(model, features)
    )
    for number in range(2, seeds + 1):
        predictions[f"predicted_seed_{number}"] = predict_scores(train(number)[0], features)
    with atomic_write(snakemake.output.model) as temporary:
        model.save(temporary)
    write_table(history, snakemake.output.history)
    write_table(predictions, snakemake.output.predictions)
    write_model_card(
        snakemake.output.model_card,
        expects="512 features of the VGG16 base for each joint, float32 (n, 512); gives the "
        f"probabilities of the {n_classes(body_part, damage)} ordinal bits of {damage} in a "
        f"{body_part}",
        data=params.data,
        data_digest=digest,
        settings={**params.settings, "keras": keras_in_words(snakemake.threads)},
        metrics=measures,
    )
    rmtree(checkpoints)
