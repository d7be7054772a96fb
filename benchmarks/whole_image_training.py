"""How fast ResNet-34 learns bone age on a processor: the paper's steps against larger ones.

    PYTHONPATH=src uv run python benchmarks/whole_image_training.py results/demo [--epochs 6]

Takes the packed hands of children of a finished study. Each way trains the same network from the
same weights on the same images, one after the other in this process. Printed are images a second,
the least validation loss, and the seconds until the validation loss was as low as the
least that the paper's way (SGD, batches of 4) reached: fewer seconds are that many times faster.

Before that, what a step's speed depends on besides: the memory format, compilation, precision and
threads, each against AdamW in batches of 16 as the project runs it; and a step of the optimizer
alone, fused (as here), foreach, or a loop over the weights.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

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


BASIS = TrainingSettings(
    epochs=3, optimizer="AdamW", learning_rate=5e-4, schedule="cosine", rotations=(0,)
)
CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "channels first": {"channels_last": False},
    "compiled": {"compile": True},
    "float32": {"precision": "float32"},
    "two threads": {"threads": 2},
    "as it is, again": {},
}


def train(
    data: tuple[Any, pd.DataFrame, dict[str, float]],
    settings: TrainingSettings,
    batch: int,
    threads: int,
) -> pd.DataFrame:
    """Learn bone age from the same start; gives the history, an epoch a row."""
    images, rows, statistics = data
    experiment = EXPERIMENTS["bone-age-resnet34"]
    assert isinstance(experiment, NetworkExperiment)
    with tempfile.TemporaryDirectory() as folder:
        return train_network(
            replace(experiment, batch=batch),
            images,
            rows["months"].to_numpy(),
            rows["split"].to_numpy(),
            statistics,
            settings=settings,
            out=folder,
            checkpoints=folder,
            seed=42,
            threads=threads,
        )


def compare_speeds(data: tuple[Any, pd.DataFrame, dict[str, float]], threads: int) -> None:
    """Print images a second of what may be faster; the first epoch, which compiles, is left out."""
    basis = 0.0
    for name, change in CHANGES.items():
        own = dict(change)
        used = own.pop("threads", threads)
        history = train(data, replace(BASIS, **own), 16, used)
        speed = history["images_per_second"].iloc[1:].max()
        basis = basis or speed
        print(f"{name}: {speed:.1f} images/s, {speed / basis:.2f} times", flush=True)


def compare_optimizers(steps: int = 20) -> None:
    """Print how long AdamW takes for ResNet-34's weights, by torch's three ways."""
    weights = [torch.nn.Parameter(torch.randn(512, 512, 3, 3)) for _ in range(9)]  # 21 million
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    for name, way in (("fused", {"fused": True}), ("foreach", {"foreach": True}), ("loop", {})):
        optimizer = torch.optim.AdamW(weights, lr=1e-4, **({"foreach": False} | way))
        optimizer.step()
        began = time.perf_counter()
        for _ in range(steps):
            optimizer.step()
        print(f"AdamW, {name}: {(time.perf_counter() - began) / steps * 1000:.0f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    data = read_images(asked.results, "bone_age")
    torch.set_num_threads(asked.threads)
    compare_optimizers()
    compare_speeds(data, asked.threads)
    aim = np.inf
    for optimizer, rate, batch in WAYS:
        settings = replace(BASIS, epochs=asked.epochs, optimizer=optimizer, learning_rate=rate)
        history = train(data, settings, batch, asked.threads)
        if not np.isfinite(aim):
            aim = history["validation_loss"].min()
        reached = history.loc[history["validation_loss"] <= aim, "epoch"]
        seconds = history["seconds"].cumsum()
        when = f"after {seconds[reached.index[0]]:.0f} s" if len(reached) else "never"
        print(
            f"{optimizer}, {rate:g}, batch {batch}: {history['images_per_second'].median():.1f} "
            f"images/s, least validation loss {history['validation_loss'].min():.3f}, as low as "
            f"the first way {when} of {seconds.iloc[-1]:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
