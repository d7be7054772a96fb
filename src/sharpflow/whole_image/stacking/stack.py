"""Stacking by a linear layer (Bo et al., 2.5), and a stack's totals as classes (2.7)."""

import io
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from sharpflow.errors import UserError
from sharpflow.files import atomic_write, write_table
from sharpflow.seeds import seed_for
from sharpflow.whole_image.data.batches import epoch_order, full_batches
from sharpflow.whole_image.experiment_types import NetworkExperiment, Principle, StackExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS, candidates
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.training.losses import LOSSES
from sharpflow.whole_image.training.predictions import (
    Floats,
    decode_outputs,
    encode_targets,
    output_columns,
)

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
    outputs: Floats,
    targets: npt.NDArray[np.float32] | npt.NDArray[np.int64],
    splits: npt.ArrayLike,
    *,
    principle: Principle,
    batch: int,
    name: str,
    seed: int,
    epochs: int = 100,
    learning_rate: float = 0.001,
    momentum: float = 0.9,
    weight_decay: float = 0.001,
    fitted_on: Literal["train", "validation"] = "validation",
) -> tuple[StackLayer, "pd.DataFrame"]:
    """Fit a linear layer on the members' outputs of one split; gives it and its history.

    The paper does not say on which images. Ours: "validation", since the members have memorised
    what they trained on, and there the best memory would get the largest weight. It does not say
    which epoch is kept either; ours is the last: validation images that fit the layer cannot
    choose its epoch, and a layer this small hardly overfits.

    Args:
        outputs: raw outputs of the members, (n, members, 1 or classes): z-scores or class scores.
        targets: z-scored totals or class numbers, (n,).
        splits: split of each image, (n,).
        principle: "total", "all" or "single", as in `StackLayer`.
        batch: paper: 4 and 16.
        name: the experiment's, for the seed of the order.
        seed: the study's.
        epochs: paper silent: 100, as for all else.
        learning_rate, momentum, weight_decay: as for the networks (paper silent).
        fitted_on: the split whose images fit the layer.

    Raises:
        UserError: no image in that split.
    """
    import pandas as pd

    names = np.asarray(splits)
    fitted = np.flatnonzero(names == fitted_on)
    held = np.flatnonzero(names == "validation")
    if not len(fitted):
        raise UserError(f"{name}: no image is in the split {fitted_on!r} that fits the stack.")
    x, y = torch.from_numpy(np.ascontiguousarray(outputs, np.float32)), torch.from_numpy(targets)
    loss_of = LOSSES["mse" if principle == "total" else "cross_entropy"]
    layer = StackLayer(principle, outputs.shape[1], outputs.shape[2])
    optimizer = torch.optim.SGD(
        layer.parameters(), lr=learning_rate, momentum=momentum, weight_decay=weight_decay
    )
    history = []
    for epoch in range(1, epochs + 1):
        began = time.monotonic()
        generator = np.random.default_rng(seed_for(seed, name, "order", epoch))
        order = fitted[epoch_order(targets[fitted], generator, "shuffled")]
        losses, seen = 0.0, 0
        batches = torch.from_numpy(full_batches(order, batch))
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
                "learning_rate": learning_rate,
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
    out: str | Path,
    seed: int,
    epochs: int = 100,
    learning_rate: float = 0.001,
    momentum: float = 0.9,
    weight_decay: float = 0.001,
    fitted_on: Literal["train", "validation"] = "validation",
    threads: int | None = None,
) -> "pd.DataFrame":
    """Fit a stack on its members' predictions; writes model.pt and history.csv to `out`.

    `members` are the tables of predictions of three networks, of the same images. Gives the
    stack's predictions as a table of the same shape, for all splits. Settings as `fit_stack`.
    UserError when the members' tables are not of the same images.
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
        outputs,
        targets,
        first["split"].to_numpy(),
        principle=experiment.principle,
        batch=experiment.batch,
        name=experiment.name,
        seed=seed,
        epochs=epochs,
        learning_rate=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        fitted_on=fitted_on,
    )
    with torch.inference_mode():
        stacked = layer(torch.from_numpy(outputs)).numpy()
    _write(layer, history, Path(out))
    table = first[["image_id", "patient", "split", "true"]].copy()
    table["predicted"] = decode_outputs(experiment.task, stacked, statistics)
    for column in range(stacked.shape[1]):
        table[f"output_{column}"] = stacked[:, column]
    return table


def _write(layer: StackLayer, history: "pd.DataFrame", out: Path) -> None:
    buffer = io.BytesIO()  # a file's name would be written into it
    torch.save(layer.state_dict(), buffer)
    with atomic_write(out / "model.pt") as temporary:
        temporary.write_bytes(buffer.getvalue())
    write_table(history, out / "history.csv")


def bin_stack(stack: "pd.DataFrame") -> "pd.DataFrame":
    """A regression stack's predictions as classes 0-9; output_0 is the predicted total."""
    table = stack[["image_id", "patient", "split"]].copy()
    table["true"] = class_of(stack["true"].to_numpy())
    table["predicted"] = class_of(stack["predicted"].to_numpy())
    table["output_0"] = stack["predicted"]
    return table


def choose_members(
    stack: StackExperiment,
    predictions: "Mapping[str, pd.DataFrame]",
    members: Literal["paper", "validation"] = "paper",
    measure: Literal["loss", "pcc"] = "loss",
) -> tuple[str, ...]:
    """The members of a stack, one of each network, by name.

    "paper": the paper's (how it chose them it does not say). "validation": of each network's
    candidates the one that does best on validation images, never on test: by the least loss, or
    by the largest correlation of predicted and true; the first on a tie.
    `predictions` holds the tables of at least the candidates that `experiments.candidates` names.
    """
    chosen = []
    for names in candidates(stack, predictions, members):
        worth = {name: _validation_worth(predictions[name], name, measure) for name in names}
        chosen.append(max(names, key=worth.__getitem__))
        if len(names) > 1:
            log.info("%s: %s is the best of %s", stack.name, chosen[-1], worth)
    return tuple(chosen)


def _validation_worth(table: "pd.DataFrame", name: str, measure: Literal["loss", "pcc"]) -> float:
    """The larger the better."""
    seen = table[table["split"] == "validation"]
    if not len(seen):
        raise UserError(f"{name}: no validation images to choose a stack's members by.")
    if measure == "pcc":
        values = seen[["true", "predicted"]].to_numpy(np.float64)
        if not (values.std(axis=0) > 0).all():
            return -1.0  # a constant prediction correlates with nothing
        return float(np.corrcoef(values.T)[0, 1])
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, NetworkExperiment)
    if experiment.task != "severity":
        return -float(((seen["true"] - seen["predicted"]) ** 2).mean())
    outputs, true = torch.from_numpy(output_columns(seen)), torch.tensor(seen["true"].to_numpy())
    return -float(LOSSES[experiment.loss](outputs, true))
