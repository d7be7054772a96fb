"""Stacking by a linear layer (Bo et al., 2.5), and a stack's totals as classes (2.7)."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from sharpflow.errors import UserError
from sharpflow.files import write_table
from sharpflow.seeds import seed_for
from sharpflow.training.torch_files import save_torch
from sharpflow.whole_image.data.batches import epoch_order, full_batches
from sharpflow.whole_image.experiment_types import (
    Members,
    NetworkExperiment,
    Principle,
    StackExperiment,
)
from sharpflow.whole_image.experiments import EXPERIMENTS, candidates
from sharpflow.whole_image.outputs import Floats, decode_outputs, output_columns
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.stacking.combine import combine
from sharpflow.whole_image.stacking.settings import StackSettings
from sharpflow.whole_image.training.losses import LOSSES
from sharpflow.whole_image.training.predictions import encode_targets

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


class StackLayer(nn.Module):  # type: ignore[misc]
    """Linear layer over members' outputs, (n, members, outputs) -> (n, outputs).

    "total" and "all": each output from all outputs of all members (3 -> 1; 30 -> 10). "single":
    each class from the members' outputs for that class alone (10 times 3 -> 1). It begins as the
    members' mean (ours): a short training then changes what helps, and never starts from noise.
    """

    def __init__(self, principle: Principle, members: int, outputs: int) -> None:
        """Make the layer with equal weights for the members and without bias."""
        super().__init__()
        self.principle = principle
        share = torch.full((outputs, members), 1 / members)
        if principle == "single":
            weight = share
        else:
            weight = (torch.eye(outputs)[:, None, :] * share[:, :, None]).flatten(1)
        self.weight = nn.Parameter(weight.contiguous())
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, outputs: torch.Tensor) -> torch.Tensor:
        """Combine the members' outputs."""
        if self.principle == "single":
            return torch.einsum("nmk,km->nk", outputs, self.weight) + self.bias
        return nn.functional.linear(outputs.flatten(1), self.weight, self.bias)


def fit_stack(
    experiment: StackExperiment,
    outputs: Floats,
    targets: npt.NDArray[np.float32] | npt.NDArray[np.int64],
    splits: npt.ArrayLike,
    *,
    settings: StackSettings,
    seed: int,
) -> tuple[StackLayer, "pd.DataFrame"]:
    """Fit a stack's linear layer on its members' outputs of one split.

    The paper does not say which epoch is kept. Ours is the last: validation images that fit the
    layer cannot choose its epoch, and a layer this small hardly overfits.

    Args:
        experiment: the stack.
        outputs: raw outputs of the members, (n, members, 1 or classes): z-scores or class scores.
        targets: z-scored totals or class numbers, (n,).
        splits: split of each image, (n,).
        settings: how it is fitted, and on which split.
        seed: the study's.

    Returns:
        The layer, and its history: a row an epoch, with epoch, learning_rate, loss,
        validation_loss, seconds, images_per_second.

    Raises:
        UserError: no image in that split.
    """
    import pandas as pd

    names = np.asarray(splits)
    fitted = np.flatnonzero(names == settings.fitted_on)
    held = np.flatnonzero(names == "validation")
    if not len(fitted):
        raise UserError(
            f"{experiment.name}: no image is in the split {settings.fitted_on!r} that fits the "
            "stack; expected at least one. Fit it on another split, or give the cohort more images."
        )
    x, y = torch.from_numpy(np.ascontiguousarray(outputs, np.float32)), torch.from_numpy(targets)
    loss_of = LOSSES["mse" if experiment.principle == "total" else "cross_entropy"]
    layer = StackLayer(experiment.principle, outputs.shape[1], outputs.shape[2])
    optimizer = torch.optim.SGD(
        layer.parameters(),
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    history = []
    for epoch in range(1, settings.epochs + 1):
        began = time.monotonic()
        generator = np.random.default_rng(seed_for(seed, experiment.name, "order", epoch))
        order = fitted[epoch_order(targets[fitted], generator, "shuffled")]
        losses, seen = 0.0, 0
        batches = torch.from_numpy(full_batches(order, experiment.batch))
        for rows in batches:
            loss = loss_of(layer(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses, seen = losses + float(loss.detach()), seen + len(rows)
        with torch.inference_mode():
            validation_loss = float(loss_of(layer(x[held]), y[held])) if len(held) else np.nan
        seconds = time.monotonic() - began
        history.append(
            {
                "epoch": epoch,
                "learning_rate": settings.learning_rate,
                "loss": losses / len(batches),
                "validation_loss": validation_loss,
                "seconds": seconds,
                "images_per_second": seen / seconds,
            }
        )
    return layer, pd.DataFrame(history)


def train_stack(
    experiment: StackExperiment,
    members: "Sequence[pd.DataFrame]",
    statistics: Mapping[str, float],
    *,
    settings: StackSettings,
    out: str | Path,
    seed: int,
    threads: int | None = None,
) -> "pd.DataFrame":
    """Fit a stack on its members' predictions; writes model.pt and history.csv to `out`.

    Args:
        experiment: the stack.
        members: tables of predictions of three networks, of the same images.
        statistics: target_mean and target_sd of the training images; not used for classes.
        settings: how it is fitted.
        out: folder for model.pt and history.csv.
        seed: the study's.
        threads: of torch on the CPU; None leaves torch's setting.

    Returns:
        The stack's predictions of all splits, a table of the same shape as its members'.

    Raises:
        UserError: the members' tables are not of the same images, or no image fits the layer.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    first = members[0]
    for member in members[1:]:
        if list(member["image_id"]) != list(first["image_id"]):
            raise UserError(
                f"{experiment.name}: its members' predictions are not of the same images."
            )
    outputs = np.stack([output_columns(member) for member in members], axis=1)
    true = first["true"].to_numpy()
    targets = (
        true.astype(np.int64)
        if experiment.task == "severity"
        else encode_targets(experiment.task, true, statistics)
    )
    layer, history = fit_stack(
        experiment, outputs, targets, first["split"].to_numpy(), settings=settings, seed=seed
    )
    with torch.inference_mode():
        stacked = layer(torch.from_numpy(outputs)).numpy()
    save_torch(layer.state_dict(), Path(out) / "model.pt")
    write_table(history, Path(out) / "history.csv")
    table = first[["image_id", "patient", "split", "true"]].copy()
    table["predicted"] = decode_outputs(experiment.task, stacked, statistics)
    for column in range(stacked.shape[1]):
        table[f"output_{column}"] = stacked[:, column]
    return table


def predict_stack(experiment: StackExperiment, model: str | Path, outputs: Floats) -> Floats:
    """A fitted stack's outputs (n, k) from its members' (n, members, k), with its model.pt."""
    return combine(experiment.principle, *load_stack(model), outputs)


def load_stack(model: str | Path) -> tuple[Floats, Floats]:
    """Weight and bias of a fitted stack's linear layer, from its model.pt."""
    state = torch.load(model, map_location="cpu", weights_only=True)
    return state["weight"].numpy(), state["bias"].numpy()


def bin_stack(stack: "pd.DataFrame") -> "pd.DataFrame":
    """A regression stack's predictions as classes 0-9; output_0 is the predicted total."""
    table = stack[["image_id", "patient", "split"]].copy()
    table["true"] = class_of(stack["true"].to_numpy())
    table["predicted"] = class_of(stack["predicted"].to_numpy())
    table["output_0"] = stack["predicted"]
    return table


def choose_members(
    stack: StackExperiment, predictions: "Mapping[str, pd.DataFrame]", members: Members = "paper"
) -> tuple[str, ...]:
    """The members of a stack, one of each network, by name.

    Args:
        stack: whose members.
        predictions: name -> table of predictions, of at least the candidates that
            `experiments.candidates` names.
        members: "paper": the paper's (how it chose them it does not say). "validation": of each
            network's candidates the one of the least loss on validation images, never on test; the
            first on a tie.

    Raises:
        UserError: there are no validation images.
    """
    chosen = []
    for names in candidates(stack, predictions, members):
        losses = {name: _validation_loss(predictions[name], name) for name in names}
        chosen.append(min(names, key=losses.__getitem__))
        if len(names) > 1:
            log.info("%s: %s has the least loss of %s", stack.name, chosen[-1], losses)
    return tuple(chosen)


def _validation_loss(table: "pd.DataFrame", name: str) -> float:
    """An experiment's loss on validation images; of totals the squared error in score points."""
    seen = table[table["split"] == "validation"]
    if not len(seen):
        raise UserError(
            f"{name}: no validation images to choose a stack's members by. Give the split some, or "
            "set `whole_image: stacking: members` to paper."
        )
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, NetworkExperiment)
    if experiment.task != "severity":
        return float(((seen["true"] - seen["predicted"]) ** 2).mean())
    outputs, true = torch.from_numpy(output_columns(seen)), torch.tensor(seen["true"].to_numpy())
    return float(LOSSES[experiment.loss](outputs, true))
