"""What a training has reached, in memory and in its checkpoint."""

import logging
import math
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from sharpflow.errors import UserError
from sharpflow.files import atomic_write

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

State = dict[str, Any]


class Progress:
    """History and best weights of a training; with last.ckpt all that the next epoch needs."""

    def __init__(self, path: Path) -> None:
        """Take up what `path` holds, or begin. UserError if it is no checkpoint."""
        self.path = path
        self.history: list[dict[str, float]] = []
        self.best: State = {}
        self.best_loss = math.inf
        self.latest: State | None = None  # "weights" and "optimizer"; None before and after all
        if path.exists():
            self._restore()

    def _restore(self) -> None:
        try:
            kept = torch.load(self.path, map_location="cpu", weights_only=True)
            self.history, self.best, self.best_loss = kept["history"], kept["best"], kept["loss"]
            self.latest = kept["latest"]
        except (pickle.UnpicklingError, KeyError, RuntimeError, EOFError) as error:
            raise UserError(
                f"{self.path} is no checkpoint of this training ({error}); delete its folder."
            ) from error
        # Also where all epochs are done, and only the predictions were not.
        log.info("resumed after epoch %d from %s", len(self.history), self.path)

    def load_weights(self, network: nn.Module) -> None:
        """Give the network the last epoch's weights, if there was an epoch."""
        if self.latest is None:
            return
        try:
            network.load_state_dict(self.latest["weights"])
        except RuntimeError as error:
            raise UserError(
                f"{self.path}: the checkpoint is of another network; delete its folder."
            ) from error

    def add(
        self,
        row: dict[str, float],
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        last: bool,
    ) -> None:
        """Take in an epoch's row and keep it in last.ckpt; after the last epoch only the best."""
        self.history.append(row)
        weights = {name: value.cpu().clone() for name, value in network.state_dict().items()}
        if row["validation_loss"] < self.best_loss:
            self.best, self.best_loss = weights, row["validation_loss"]
        kept = {
            "history": self.history,
            "best": self.best,
            "loss": self.best_loss,
            "latest": None if last else {"weights": weights, "optimizer": optimizer.state_dict()},
        }
        with atomic_write(self.path) as temporary:
            torch.save(kept, temporary)

    def longest_epoch(self) -> float:
        """Seconds of the longest epoch so far; 0 before the first."""
        return max((row["seconds"] for row in self.history), default=0.0)

    def table(self) -> "pd.DataFrame":
        """The history, a row an epoch."""
        import pandas as pd

        return pd.DataFrame(self.history).astype({"epoch": int})
