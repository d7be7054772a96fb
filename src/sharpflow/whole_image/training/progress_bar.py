"""A bar on the terminal that shows how far a training is; its log holds a plain line an epoch."""

from typing import TYPE_CHECKING, Any, TextIO

import lightning.pytorch as pl
from tqdm import tqdm

if TYPE_CHECKING:
    from sharpflow.whole_image.training.lightning_module import WholeImageModule


class TerminalBar(pl.Callback):  # type: ignore[misc]
    """Draws the experiment's name, its epoch, the batches of all its epochs and the time left."""

    def __init__(self, terminal: TextIO) -> None:
        """Draw on `terminal`; the bar goes when the training ends."""
        self._terminal = terminal

    def on_train_start(self, _trainer: pl.Trainer, module: "WholeImageModule") -> None:
        """Begin with the epochs that an earlier process made."""
        steps = module.steps()
        self._bar = tqdm(
            desc=module.experiment.name,
            initial=(module.epoch - 1) * steps,
            total=module.settings.epochs * steps,
            unit=" batches",
            file=self._terminal,
            mininterval=1,
            dynamic_ncols=True,
            leave=False,
        )

    def on_train_epoch_start(self, _trainer: pl.Trainer, module: "WholeImageModule") -> None:
        """Name the epoch."""
        self._bar.set_postfix_str(f"epoch {module.epoch} of {module.settings.epochs}")

    def on_train_batch_end(self, *_: Any) -> None:
        """Count a batch."""
        self._bar.update()

    def on_train_end(self, *_: Any) -> None:
        """Take the bar away."""
        self._bar.close()

    def on_exception(self, *_: Any) -> None:
        """Take the bar away, so that what was wrong stands on a line of its own."""
        if hasattr(self, "_bar"):
            self._bar.close()
