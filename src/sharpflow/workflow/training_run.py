"""What every rule that trains a network does around the training itself."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Protocol

from sharpflow.digests import digest_of
from sharpflow.files import atomic_write, write_table
from sharpflow.workflow.model_cards import write_model_card

if TYPE_CHECKING:
    import keras
    import pandas as pd


class Outputs(Protocol):
    """The files that a rule names as its outputs."""

    model: str
    history: str
    model_card: str


@dataclass(frozen=True)
class TrainingRun:
    """One training: where it keeps its state, what it learns from, what it leaves.

    Attributes:
        checkpoints: folder of this run alone, which may not exist yet.
        data_digest: digest of the data that the model learns from.
    """

    checkpoints: Path
    data_digest: str

    def write_results(
        self,
        outputs: Outputs,
        *,
        metrics: Mapping[str, float],
        expects: str,
        data: str,
        settings: Mapping[str, Any],
        device: str,
        precision: str = "float32",
        history: "pd.DataFrame | None" = None,
        model: "keras.Model | None" = None,
    ) -> None:
        """Write the model, its history and its card, each by an atomic write.

        Args:
            outputs: the rule's output files.
            metrics: what the validation patients say of the model (see `best_epoch`).
            expects: what the model takes and gives, with shapes and ranges.
            data: "phantom", or the name of the cohort.
            settings: all that the card tells of network and training.
            device: on which it was trained, in words.
            precision: of the training's products.
            history: a row an epoch; None where the training has written it already.
            model: the trained model, likewise.
        """
        if model is not None:
            with atomic_write(outputs.model) as temporary:
                model.save(temporary)
        if history is not None:
            write_table(history, outputs.history)
        write_model_card(
            outputs.model_card,
            expects=expects,
            data=data,
            data_digest=self.data_digest,
            settings=settings,
            metrics=metrics,
            device=device,
            precision=precision,
        )


@contextmanager
def training_run(
    name: str, folder: str | Path, *, data: Iterable[Any], decided_by: Iterable[Any]
) -> Iterator[TrainingRun]:
    """Give a training its checkpoints folder, and remove it when the block has succeeded.

    The folder's name has a digest of all that decides the run. So a run that failed or was stopped
    is found again, and one with any other data, setting, seed or code begins anew.

    Args:
        name: of the model, for example "unet-hand".
        folder: in which the checkpoints of all runs lie.
        data: what the model learns from, as `digest_of` takes it: arrays, texts, plain values.
        decided_by: everything else that decides the run, likewise: settings, seed, digest of code.

    Yields:
        The run. What the block raises is raised, and the checkpoints stay.
    """
    data_digest = digest_of(*data)
    own = Path(folder) / f"{name}-{digest_of(data_digest, *decided_by)}"
    yield TrainingRun(own, data_digest)
    rmtree(own, ignore_errors=True)


def best_epoch(history: "pd.DataFrame") -> dict[str, float]:
    """The row of the least validation loss, the first on a tie."""
    best = history.loc[[history["validation_loss"].idxmin()]].iloc[0]
    return {str(name): float(value) for name, value in best.items()}
