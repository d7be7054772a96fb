"""Keras on torch, as GPU machines have it, gives what Keras on TensorFlow gives."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from .backend_trainings import predictions

ROOT = Path(__file__).parents[2]


def run(backend: str, *command: str) -> None:
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each backend trained, each in a process of its own."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("tensorflow", "torch")}
    script = "tests/unit/backend_trainings.py"
    run("tensorflow", script, str(made["tensorflow"]))
    run("torch", script, str(made["torch"]), str(made["tensorflow"]))
    return made


@pytest.fixture
def numbers(folders: dict[str, Path]) -> dict[str, dict[str, Any]]:
    return {name: json.loads((f / "numbers.json").read_text()) for name, f in folders.items()}


def test_each_ran_on_its_backend_alone(numbers: dict[str, dict[str, Any]]) -> None:
    for name, found in numbers.items():
        assert found["backend"] == name
        assert found["tensorflow"] == (name == "tensorflow")


@pytest.mark.parametrize("network", ["unet", "head"])
def test_from_one_start_both_learn_in_the_same_steps(
    numbers: dict[str, dict[str, Any]], network: str
) -> None:
    one, other = (found["losses"][network] for found in numbers.values())
    assert one == pytest.approx(other, rel=1e-4)
    assert one[-1] < 0.95 * one[0]


# Four trainings of two seeds on either backend gave a Dice of 0.970 to 0.988, and a balanced
# accuracy of 0.979 to 0.993.
@pytest.mark.parametrize("metric", ["dice", "balanced_accuracy"])
def test_trained_apart_their_metrics_differ_by_noise_alone(
    numbers: dict[str, dict[str, Any]], metric: str
) -> None:
    values = [found["metrics"][metric] for found in numbers.values()]
    assert min(values) > 0.95
    assert abs(values[0] - values[1]) < 0.03


def test_models_of_either_backend_say_the_same_on_the_other(folders: dict[str, Path]) -> None:
    assert keras.backend.backend() == "tensorflow"
    on_torch = np.load(folders["torch"] / "others.npz")
    here = {name: np.load(folder / "own.npz") for name, folder in folders.items()}
    of_torch = predictions(folders["torch"])
    for name in of_torch:
        np.testing.assert_allclose(on_torch[name], here["tensorflow"][name], rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(of_torch[name], here["torch"][name], rtol=1e-3, atol=1e-5)


def test_trainings_resume_to_the_byte_on_torch_too() -> None:
    base = "tests/unit/test_joint_scoring_base.py::test_a_base_is_trained_and_then_frozen"
    run("torch", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_epochs.py", base)
