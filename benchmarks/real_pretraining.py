"""Do real hands of children teach the phantom's totals more than synthetic ones, and than nothing?

    PYTHONPATH=src uv run python benchmarks/real_pretraining.py results/demo RADIOGRAPHS OUT

Takes the packed radiographs of a finished study (the demo's size: 80 pixels, CLAHE), and real hands
with bone ages from RADIOGRAPHS/bone_age (RSNA's layout). For each seed a ResNet-34 learns bone age
on as many real as synthetic hands, in as many steps; from each of the two, and from random weights,
it then learns totals on the same radiographs in the same order. Real hands teach nothing in six
epochs, hence 20, with jitter. Printed are the test radiographs'
PCC and MAE, and paired differences with 95% intervals by patient: by seed, and of the mean over the
seeds (the patients vary, the seeds do not). What is in OUT already is not trained again.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from whole_image_training import read_images

from sharpflow.evaluation.agreement import MAE, PCC, Array, Measure, difference_of, with_intervals
from sharpflow.evaluation.whole_image_metrics import image_parts, interval_seed, split_rows
from sharpflow.imaging.shards import choose_images
from sharpflow.whole_image.data.packing import pack
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.training.predictions import predict_images
from sharpflow.whole_image.training.settings import TrainingSettings
from sharpflow.whole_image.training.train import train_network

CHILDREN, VALIDATING, RADIOGRAPHS, BATCH = 560, 80, 500, 16
JITTER = {"months": 0.12, "total": 0.0}
COMPARED = (("real", "none"), ("synthetic", "none"), ("real", "synthetic"))
Set = tuple[Any, pd.DataFrame]


def real_children(folder: Path, size: int) -> Set:
    """As many real hands as are asked for, packed, and their rows; dealt by a seed."""
    table = pd.read_csv(folder / "boneage-training-dataset.csv", dtype={"id": str})
    table = table.rename(columns={"id": "image_id", "boneage": "months"})
    table = table.sort_values("image_id").sample(CHILDREN + VALIDATING, random_state=42)
    table["patient"] = table["image_id"]
    table["split"] = ["train"] * CHILDREN + ["validation"] * VALIDATING
    paths = {name: folder / "images" / f"{name}.png" for name in table["image_id"]}
    images, _, problems = pack(paths, size, contrast="clahe")
    assert problems.empty
    return images, table.sort_values("image_id", ignore_index=True)


def some_of(images: Any, rows: pd.DataFrame, train: int, validating: int | None = None) -> Set:
    """So many training images, so many that validate (None: all), and all test images."""
    sizes = {"train": train, "validation": validating, "test": None}
    kept = np.sort(np.concatenate([
        np.flatnonzero(rows["split"] == split)[:size] for split, size in sizes.items()
    ]))  # fmt: skip
    return choose_images(images, kept), rows.iloc[kept].reset_index(drop=True)


def statistics_of(images: Any, rows: pd.DataFrame, target: str) -> dict[str, float]:
    """Mean and SD of the training images' pixels and targets."""
    train = (rows["split"] == "train").to_numpy()
    pixels = np.stack([images[int(place)] for place in np.flatnonzero(train)]) / 255
    values = rows.loc[train, target]
    return {
        "pixel_mean": float(pixels.mean()),
        "pixel_sd": float(pixels.std()),
        "target_mean": float(values.mean()),
        "target_sd": float(values.std(ddof=0)),
    }


def learn(
    data: Set, target: str, name: str, out: Path, *, epochs: int, seed: int, start: Path | None
) -> pd.DataFrame:
    """Train ResNet-34 on a target, and predict its test images, if it has some."""
    images, rows = data
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, NetworkExperiment)
    # The same name gives the same order and augmentation, whatever it starts from.
    experiment = replace(experiment, batch=BATCH, start=experiment.start if start else None)
    settings = TrainingSettings(
        epochs=epochs,
        optimizer="AdamW",
        learning_rate=5e-4,
        schedule="cosine",
        rotations=(0,),
        jitter=JITTER[target],
    )
    statistics = statistics_of(images, rows, target)
    splits = rows["split"].to_numpy()
    history = train_network(
        experiment,
        images,
        rows[target].to_numpy(),
        splits,
        statistics,
        settings=settings,
        out=out,
        checkpoints=out,
        seed=seed,
        start=start,
    )
    losses = history["validation_loss"].round(2).tolist()
    print(f"{out.name}: validation losses {losses}", flush=True)
    test = np.flatnonzero(splits == "test")
    if not len(test):
        return rows.iloc[test]
    return predict_images(
        experiment,
        out / "model.pt",
        np.stack([images[int(place)] for place in test]),
        rows.iloc[test],
        targets=rows[target].to_numpy()[test],
        statistics=statistics,
        settings=settings,
    )


def mean_difference(measure: Measure) -> Measure:
    """A difference's mean over the seeds, from sums (..., seeds, 2, 8)."""
    difference = difference_of(measure)

    def mean(sums: Array) -> Array:
        return np.asarray(difference(sums).mean(axis=-1))

    return Measure(mean, difference.scale)


def compare(first: list[pd.DataFrame], second: list[pd.DataFrame]) -> str:
    """Differences of PCC and MAE over some seeds, first less second, in words."""
    sides = [
        np.stack([image_parts(split_rows(table, "total"), "total") for table in tables], axis=1)
        for tables in (first, second)
    ]
    patients = split_rows(first[0], "total")["patient"].tolist()
    measures = {"PCC": mean_difference(PCC), "MAE": mean_difference(MAE)}
    found = with_intervals(patients, np.stack(sides, axis=2), measures, seed=interval_seed(42))
    return ", ".join(
        f"{name} {found[name]:.3f} ({found[f'{name}_low']:.3f} to {found[f'{name}_high']:.3f})"
        for name in measures
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("radiographs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=6, help="on totals")
    parser.add_argument("--pretraining-epochs", type=int, default=20, help="on bone age")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    images, rows, _ = read_images(asked.results, "whole_image")
    totals = some_of(images, rows, RADIOGRAPHS)
    images, rows, _ = read_images(asked.results, "bone_age")
    children = {
        "real": real_children(asked.radiographs / "bone_age", images.size[0]),
        "synthetic": some_of(images, rows, CHILDREN, VALIDATING),
    }
    predicted: dict[str, list[pd.DataFrame]] = {"real": [], "synthetic": [], "none": []}
    for seed in asked.seeds:
        for name, tables in predicted.items():
            start = None
            if name in children:
                out = asked.out / f"{seed}-{name}"
                start = out / "model.pt"
                pretrained = {"epochs": asked.pretraining_epochs, "seed": seed, "start": None}
                learn(children[name], "months", "bone-age-resnet34", out, **pretrained)
            out = asked.out / f"{seed}-{name}-totals"
            finetuned = {"epochs": asked.epochs, "seed": seed, "start": start}
            test = learn(totals, "total", "total-resnet34-finetuned", out, **finetuned)
            tables.append(test)
            sums = image_parts(test, "total").sum(axis=0)
            print(f"seed {seed}, {name}: PCC {PCC(sums):.3f}, MAE {MAE(sums):.1f}", flush=True)
        for first, second in COMPARED:
            told = compare(predicted[first][-1:], predicted[second][-1:])
            print(f"seed {seed}, {first} less {second}: {told}", flush=True)
    for first, second in COMPARED:
        print(f"mean, {first} less {second}: {compare(predicted[first], predicted[second])}")


if __name__ == "__main__":
    main()
