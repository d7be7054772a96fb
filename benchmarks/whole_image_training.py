"""How fast ResNet-34 learns bone age on a processor: the paper's steps against larger ones.

    PYTHONPATH=src uv run python benchmarks/whole_image_training.py results/demo [--epochs 6]

Takes the packed hands of children of a finished study. Each way trains the same network from the
same weights on the same images, one after the other in this process. Printed are images a second,
the least validation loss, and the seconds until the validation loss was as low as the
least that the paper's way (SGD, batches of 4) reached: fewer seconds are that many times faster.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sharpflow.files import read_table
from sharpflow.imaging.shards import choose_images, read_shards
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.training.settings import TrainingSettings
from sharpflow.whole_image.training.train import train_network

# Optimizer, learning rate and batch; the paper's way first.
WAYS: tuple[tuple[Any, float, int], ...] = (
    ("SGD", 1e-3, 4),
    ("SGD", 4e-3, 16),
    ("AdamW", 5e-4, 4),
    ("AdamW", 5e-4, 16),
    ("AdamW", 1e-3, 32),
)


def read_images(results: Path, cohort_name: str) -> tuple[Any, pd.DataFrame, dict[str, float]]:
    """The packed images of a study's cohort, their rows, and what their pixels are like."""
    packed = results / "packed" / cohort_name
    stack, listed = read_shards(sorted(map(str, packed.glob("[0-9]*.npy"))))
    cohort = results / "cohort" / cohort_name
    table = read_table(cohort / "images.csv").merge(
        read_table(cohort / "split.csv"), on=["image_id", "patient"]
    )
    kept = listed["image_id"].isin(table["image_id"])
    rows = listed.loc[kept, ["image_id"]].merge(table, on="image_id")
    statistics = json.loads((packed / "statistics.json").read_text())
    return choose_images(stack, kept.to_numpy().nonzero()[0]), rows, statistics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    images, rows, statistics = read_images(asked.results, "bone_age")
    experiment = EXPERIMENTS["bone-age-resnet34"]
    assert isinstance(experiment, NetworkExperiment)
    aim = np.inf
    for optimizer, rate, batch in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            history = train_network(
                replace(experiment, batch=batch),
                images,
                rows["months"].to_numpy(),
                rows["split"].to_numpy(),
                statistics,
                settings=TrainingSettings(
                    epochs=asked.epochs,
                    optimizer=optimizer,
                    learning_rate=rate,
                    schedule="cosine",
                    rotations=(0,),
                ),
                out=folder,
                checkpoints=folder,
                seed=42,
                threads=asked.threads,
            )
        if not np.isfinite(aim):
            aim = history["validation_loss"].min()
        reached = history.loc[history["validation_loss"] <= aim, "epoch"]
        seconds = history["seconds"].cumsum()
        when = f"after {seconds[reached.index[0]]:.0f} s" if len(reached) else "never"
        print(
            f"{optimizer}, {rate:g}, batch {batch}: {history['images_per_second'].median():.1f} "
            f"images/s, least validation loss {history['validation_loss'].min():.3f}, as low as "
            f"the first way {when}",
            flush=True,
        )


if __name__ == "__main__":
    main()
