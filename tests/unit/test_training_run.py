"""The frame of a training: checkpoints that survive failure, and the files that are written."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sharpflow.files import read_table
from sharpflow.workflow.training_run import TrainingRun, best_epoch, training_run

HISTORY = pd.DataFrame({"epoch": [1, 2, 3], "validation_loss": [0.5, 0.25, 0.25]})


def folder_of(folder: Path, **changes: Any) -> Path:
    """The checkpoints of a run that differs by some values."""
    known = {"name": "unet-hand", "data": np.arange(3), "settings": {"epochs": 2}, "seed": 1}
    known |= changes
    others = [known["settings"], known["seed"], "code"]
    with training_run(known["name"], folder, data=[known["data"]], decided_by=others) as run:
        return run.checkpoints


@pytest.mark.parametrize(
    "change",
    [
        {"name": "unet-foot"},
        {"data": np.arange(3) + 1},
        {"settings": {"epochs": 3}},
        {"seed": 2},
    ],
)
def test_whatever_decides_a_run_changes_its_folder(tmp_path: Path, change: dict[str, Any]) -> None:
    assert folder_of(tmp_path) == folder_of(tmp_path)
    assert folder_of(tmp_path) != folder_of(tmp_path, **change)


def test_checkpoints_survive_a_failure_and_go_on_success(tmp_path: Path) -> None:
    def train(*, fails: bool) -> Path:
        with training_run("base", tmp_path, data=["a"], decided_by=[1]) as run:
            run.checkpoints.mkdir(exist_ok=True)
            (run.checkpoints / "state.npz").touch()
            if fails:
                raise RuntimeError("stopped")
        return run.checkpoints

    with pytest.raises(RuntimeError, match="stopped"):
        train(fails=True)
    (left,) = tmp_path.iterdir()
    assert (left / "state.npz").exists()
    assert train(fails=False) == left
    assert not left.exists()


def test_a_run_without_checkpoints_is_fine(tmp_path: Path) -> None:
    assert not folder_of(tmp_path).exists()


class Model:
    """Stands for a Keras model."""

    def save(self, path: Path) -> None:
        path.write_text("weights")


@pytest.mark.parametrize("written", [True, False])
def test_model_history_and_card_are_written(tmp_path: Path, *, written: bool) -> None:
    names = ("model", "history", "model_card")
    outputs = SimpleNamespace(**{name: str(tmp_path / name) for name in names})
    TrainingRun(tmp_path, "abc").write_results(
        outputs,
        history=HISTORY,
        metrics=best_epoch(HISTORY),
        expects="images",
        data="phantom",
        settings={"epochs": 3},
        device="a processor, 1 thread",
        precision="bfloat16",
        model=None if written else Model(),  # type: ignore[arg-type]
    )
    assert Path(outputs.model).exists() is not written
    pd.testing.assert_frame_equal(read_table(outputs.history), HISTORY)
    card = json.loads(Path(outputs.model_card).read_text())
    assert card["data_digest"] == "abc"
    assert {"commit", "uncommitted", "lock", "python"} <= card["made_by"].keys()
    assert card["made_by"]["device"] == "a processor, 1 thread"
    assert card["made_by"]["precision"] == "bfloat16"
    assert card["validation"] == {"epoch": 2, "validation_loss": 0.25}
