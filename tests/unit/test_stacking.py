"""Stacking: the layer finds a known relation; members are chosen without the test images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from sharpflow.errors import UserError
from sharpflow.whole_image.experiment_types import StackExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.outputs import output_columns
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.stacking.settings import StackSettings
from sharpflow.whole_image.stacking.stack import (
    StackLayer,
    bin_stack,
    choose_members,
    fit_stack,
    predict_stack,
    train_stack,
)

STATISTICS = {"target_mean": 30.0, "target_sd": 40.0}


def stack_experiment(name: str) -> StackExperiment:
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, StackExperiment)
    return experiment


def splits(n: int) -> np.ndarray:
    return np.resize(["train", "validation", "validation", "test"], n)


def parameters(layer: StackLayer) -> int:
    return sum(weight.numel() for weight in layer.parameters())


def test_parameters_of_each_principle():
    assert parameters(StackLayer("total", 3, 1)) == 3 + 1
    assert parameters(StackLayer("all", 3, 10)) == 30 * 10 + 10
    assert parameters(StackLayer("single", 3, 10)) == 10 * (3 + 1)


@pytest.mark.parametrize(("principle", "outputs"), [("total", 1), ("all", 10), ("single", 10)])
def test_an_unfitted_layer_gives_the_members_mean(principle: str, outputs: int):
    x = torch.randn(5, 3, outputs, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(StackLayer(principle, 3, outputs)(x), x.mean(1), atol=1e-6)


def test_single_class_looks_at_that_class_alone_and_all_classes_at_all():
    x = torch.randn(1, 3, 10, generator=torch.Generator().manual_seed(1))
    moved = x.clone()
    moved[0, 1, 4] += 1  # member 1's output for class 4
    for principle, reached in (("single", [4]), ("all", list(range(10)))):
        layer = StackLayer(principle, 3, 10)
        with torch.no_grad():
            layer.weight.add_(0.1)
        changed = (layer(moved) - layer(x))[0].detach().abs() > 1e-4
        assert changed.nonzero()[:, 0].tolist() == reached


def test_a_known_relation_is_found():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3, 1)).astype(np.float32)
    y = (x[:, :, 0] @ [0.7, 0.5, -0.2] + 0.1).astype(np.float32)
    experiment = stack_experiment("total-stack-batch4")
    settings = StackSettings(epochs=25, weight_decay=0)
    layer, history = fit_stack(experiment, x, y, splits(400), settings=settings, seed=1)
    assert layer.weight.detach().numpy()[0] == pytest.approx([0.7, 0.5, -0.2], abs=0.01)
    assert layer.bias.item() == pytest.approx(0.1, abs=0.01)
    assert history["validation_loss"].iloc[-1] < 1e-3
    assert list(history["epoch"]) == list(range(1, 26))


def test_a_member_that_knows_one_class_is_heard_for_that_class():
    rng = np.random.default_rng(2)
    y = rng.integers(10, size=600)
    x = 0.1 * rng.normal(size=(600, 3, 10)).astype(np.float32)
    x[np.arange(600), 0, y] += 1  # member 0 knows all classes, the others none
    experiment = stack_experiment("severity-stack-single-batch4")
    layer, _ = fit_stack(experiment, x, y, splits(600), settings=StackSettings(epochs=15), seed=1)
    weights = layer.weight.detach().numpy()
    assert (weights[:, 0] > weights[:, 1:].max(axis=1) + 0.05).all()


def test_only_the_fitted_split_has_a_say():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(80, 3, 1)).astype(np.float32), rng.normal(size=80).astype(np.float32)
    experiment, settings = stack_experiment("total-stack-batch16"), StackSettings(epochs=3)
    layer, _ = fit_stack(experiment, x, y, splits(80), settings=settings, seed=1)
    other = y.copy()
    other[splits(80) != "validation"] = 100
    same, _ = fit_stack(experiment, x, other, splits(80), settings=settings, seed=1)
    assert torch.equal(layer.weight, same.weight)
    on_training = replace(settings, fitted_on="train")
    trained, _ = fit_stack(experiment, x, other, splits(80), settings=on_training, seed=1)
    assert not torch.equal(layer.weight, trained.weight)


def test_a_split_without_images_is_refused():
    with pytest.raises(UserError, match="no image is in the split 'train'"):
        fit_stack(
            stack_experiment("total-stack-batch4"),
            np.zeros((3, 3, 1), np.float32),
            np.zeros(3, np.float32),
            ["validation"] * 3,
            settings=StackSettings(fitted_on="train"),
            seed=1,
        )


def member(true: np.ndarray, outputs: np.ndarray) -> pd.DataFrame:
    """Predictions of totals, their raw outputs z-scored."""
    return pd.DataFrame(
        {
            "image_id": [f"i{k}" for k in range(len(true))],
            "patient": [f"p{k}" for k in range(len(true))],
            "split": splits(len(true)),
            "true": true,
            "predicted": outputs * 40 + 30,
            "output_0": outputs,
        }
    )


def regression_members(noise: tuple[float, float, float]) -> list[pd.DataFrame]:
    rng = np.random.default_rng(4)
    true = rng.uniform(0, 200, 120)
    return [member(true, (true - 30) / 40 + rng.normal(0, sd, 120)) for sd in noise]


def test_a_stack_of_totals_and_its_bins(tmp_path: Path):
    members = regression_members((0.1, 0.1, 0.1))
    experiment, settings = stack_experiment("total-stack-batch16"), StackSettings(epochs=5)
    table = train_stack(experiment, members, STATISTICS, settings=settings, out=tmp_path, seed=1)
    assert list(table.columns) == ["image_id", "patient", "split", "true", "predicted", "output_0"]
    # Three independent errors of 4 points average to 4 / sqrt(3) = 2.3.
    error = (table["predicted"] - table["true"]).to_numpy()
    assert np.sqrt((error**2).mean()) < 3
    assert np.allclose(table["predicted"], table["output_0"] * 40 + 30)
    binned = bin_stack(table)
    assert (binned["predicted"] == class_of(table["predicted"])).all()
    assert (binned["true"] == class_of(table["true"])).all()
    assert (tmp_path / "history.csv").exists()
    weights = torch.load(tmp_path / "model.pt", weights_only=True)
    assert weights["weight"].shape == (1, 3)
    outputs = np.stack([output_columns(member) for member in members], axis=1)
    again = predict_stack(experiment, tmp_path / "model.pt", outputs)
    assert np.allclose(again[:, 0], table["output_0"], atol=1e-6)


@pytest.mark.parametrize("principle", ["all", "single"])
def test_a_stack_of_classes(tmp_path: Path, principle: str):
    rng = np.random.default_rng(5)
    true = rng.integers(10, size=200)
    tables = []
    for _ in range(3):
        outputs = rng.normal(size=(200, 10)).astype(np.float32)
        outputs[np.arange(200), true] += 2
        table = member(true, outputs[:, 0]).assign(predicted=outputs.argmax(1))
        tables.append(table.assign(**{f"output_{k}": outputs[:, k] for k in range(10)}))
    experiment = stack_experiment(f"severity-stack-{principle}-batch4")
    settings = StackSettings(epochs=3)
    stacked = train_stack(experiment, tables, {}, settings=settings, out=tmp_path, seed=1)
    right = [(table["predicted"] == table["true"]).mean() for table in [*tables, stacked]]
    assert right[3] > max(right[:3]) + 0.1
    assert stacked.columns[-1] == "output_9"


def test_members_of_different_images_are_refused(tmp_path: Path):
    members = regression_members((0.1, 0.1, 0.1))
    members[2] = members[2].iloc[::-1]
    with pytest.raises(UserError, match=r"total-stack-batch4.*not of the same images"):
        train_stack(
            stack_experiment("total-stack-batch4"),
            members,
            STATISTICS,
            settings=StackSettings(epochs=1),
            out=tmp_path,
            seed=1,
        )


def test_members_are_chosen_by_validation_never_by_test():
    experiment = stack_experiment("total-stack-batch16")
    poor, good, _ = regression_members((0.8, 0.1, 0.1))
    seen = good["split"] == "test"
    for column in ("predicted", "output_0"):  # on test images the better one is swapped
        good.loc[seen, column] = 0.0
    predictions = dict.fromkeys(experiment.members, poor) | {"total-resnet50-rbs2": good}
    chosen = choose_members(experiment, predictions, "validation")
    assert chosen == ("total-resnet50-rbs2", *experiment.members[1:])
    assert choose_members(experiment, predictions, "paper") == experiment.members
