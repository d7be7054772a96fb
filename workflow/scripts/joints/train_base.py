"""Train VGG16's base on synthetic joints, hands' and feet's together."""

from pathlib import Path
from shutil import rmtree

from sharpflow.workflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources) as this:
    import numpy as np
    import pandas as pd

    from sharpflow.digests import digest_of
    from sharpflow.files import atomic_write, read_table, write_table
    from sharpflow.hardware import keras_in_words
    from sharpflow.joints.scoring.base_training import train_base
    from sharpflow.joints.scoring.synthetic_joints import crop_training_joints
    from sharpflow.seeds import seed_for
    from sharpflow.workflow.model_cards import write_model_card

    params, source = snakemake.params, snakemake.input
    stacks = [np.load(path, mmap_mode="r") for path in source.patches]
    tables = [read_table(path) for path in source.rows]
    # The last joints made are held out to choose the epoch.
    held = [round(len(table) * params.settings["validation"]) for table in tables]

    def cut(generator: np.random.Generator, validation: bool) -> tuple[np.ndarray, pd.DataFrame]:
        """Crops and scores of the training or the held-out joints."""
        parts, scores = [], []
        for patches, table, last in zip(stacks, tables, held, strict=True):
            part = slice(len(table) - last, None) if validation else slice(0, len(table) - last)
            parts.append(
                crop_training_joints(
                    patches[part],
                    table[part],
                    **params.crops,
                    generator=generator,
                    vary=not validation,
                )
            )
            scores.append(table[part])
        return np.concatenate(parts), pd.concat(scores, ignore_index=True)

    training = pd.concat(
        [table[: len(table) - last] for table, last in zip(tables, held, strict=True)],
        ignore_index=True,
    )
    seed = seed_for(params.seed, "base crops")
    settings = {name: value for name, value in params.settings.items() if name != "validation"}
    data = digest_of(*stacks)
    run = digest_of(data, params.settings, params.crops, params.seed, params.code)
    checkpoints = Path(params.checkpoints) / f"base-{run}"
    base, history = train_base(
        lambda generator: cut(generator, validation=False)[0],
        training,
        *cut(np.random.default_rng(seed), validation=True),
        size=params.crops["size"],
        **settings,
        seed=params.seed,
        checkpoints=checkpoints,
        time_budget=this.seconds_left(),
    )
    with atomic_write(snakemake.output.model) as temporary:
        base.save(temporary)
    write_table(history, snakemake.output.history)
    write_model_card(
        snakemake.output.model_card,
        expects=f"joint crops, float32 (n, {params.crops['size']}, {params.crops['size']}, 3) in "
        "[0, 1]; gives 512 features a joint",
        data="phantom",
        data_digest=data,
        settings={**params.settings, "keras": keras_in_words(snakemake.threads)},
        metrics=history.loc[history["validation_loss"].idxmin()].to_dict(),
    )
    rmtree(checkpoints)
