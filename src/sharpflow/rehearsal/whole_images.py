"""Rehearsals of the whole-image pipeline's rules (Bo et al.)."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.rehearsal.clock import ends_of, seconds_between
from sharpflow.rehearsal.images import PhantomImages, packed
from sharpflow.rehearsal.measured import Measured
from sharpflow.whole_image.experiment_types import NetworkExperiment

# So small that weights which see the same few images again do not diverge; a step takes as long.
RATE = 1e-6
EXPLAINED = 8  # images of a batch of Grad-CAM


def rehearse_network(
    folder: Path,
    phantom: Path,
    *,
    experiment: Mapping[str, Any],
    settings: Mapping[str, Any],
    steps: int,
    seed: int,
) -> Measured:
    """Training steps of a network, and the validation of one full batch after them.

    It starts from random weights, since pretrained ones take as long.
    """
    from sharpflow.whole_image.training.lightning_module import VALIDATION_BATCH, WholeImageModule
    from sharpflow.whole_image.training.settings import TrainingSettings
    from sharpflow.whole_image.training.train import train_network

    trained = replace(NetworkExperiment(**experiment), start=None)
    # Several devices are processes of their own, whose steps are seen by the second epoch alone.
    alone = settings["devices"] in (1, "auto")
    shown = packed(phantom, trained.cohort)
    images = shown.copies(steps * trained.batch + VALIDATION_BATCH)
    splits = ["train"] * (steps * trained.batch) + ["validation"] * VALIDATION_BATCH
    with ends_of(WholeImageModule, "optimizer_step") as ends:
        history = train_network(
            trained,
            images.images,
            images.rows["target"].to_numpy(),
            splits,
            _statistics(images, splits),
            settings=replace(
                TrainingSettings(**settings), epochs=1 if alone else 2, learning_rate=RATE
            ),
            out=folder,
            checkpoints=folder,
            seed=seed,
        )
    rate = history["images_per_second"].iloc[-1]
    seconds = seconds_between(ends) if len(ends) > 1 else trained.batch / rate
    return Measured("step", seconds, trained.batch, steps)


def rehearse_explain(
    folder: Path,
    phantom: Path,
    *,
    experiment: str,
    rules: Mapping[str, float],
) -> Measured:
    """Grad-CAM of one batch of images, by a network of random weights."""
    from sharpflow.training.torch_files import save_torch
    from sharpflow.whole_image.experiments import EXPERIMENTS
    from sharpflow.whole_image.explanation.explain import explain_network
    from sharpflow.whole_image.networks.architectures import build_network

    explained = EXPERIMENTS[experiment]
    assert isinstance(explained, NetworkExperiment)
    network = build_network(explained.network, explained.outputs, seed=0)
    save_torch(network.state_dict(), folder / "model.pt")
    shown = packed(phantom, "whole_image")
    images = shown.copies(EXPLAINED)
    splits = ["test"] * EXPLAINED
    began = time.monotonic()
    explain_network(
        explained,
        folder / "model.pt",
        images.images,
        images.rows[["image_id", "height", "width"]],
        images.rows[["image_id"]].assign(split=splits, true=0, predicted=0),
        statistics=_statistics(images, ["train"] * EXPLAINED),
        rules=rules,
    )
    return Measured("image", (time.monotonic() - began) / EXPLAINED, 1, EXPLAINED)


def _statistics(images: PhantomImages, splits: list[str]) -> dict[str, float]:
    from sharpflow.whole_image.data.packing import statistics

    rows = images.rows
    return statistics(
        images.images,
        rows,
        pd.DataFrame({"image_id": rows["image_id"], "split": splits}),
        rows[["image_id", "target"]],
    )
