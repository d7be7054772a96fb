"""Networks as ONNX give what the frameworks give, and what is not translated is said."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from torch import nn

from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.export.keras_layers import export_keras
from sharpflow.bundle.export.study import compare, export_keras_file
from sharpflow.bundle.export.torch_layers import export_classifier
from sharpflow.bundle.manifest_check import Sides
from sharpflow.bundle.onnx_check import check_network
from sharpflow.bundle.session import Network
from sharpflow.joints.masks.unet import build_unet
from sharpflow.joints.scoring.vgg16 import build_base, build_head
from sharpflow.whole_image.networks.architectures import build_network
from tests.unit.exported_detectors import CASES, NETWORKS

AGREES = 1e-4
ROOT = Path(__file__).parents[2]


def inputs(*shape: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).random(shape, np.float32)


def trained(network: Any) -> Any:
    """Fresh layers are too plain: scales of 1, shifts of 0, and in torch a last layer of zeros."""
    random = np.random.default_rng(2)
    if not isinstance(network, nn.Module):
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.set_weights([random.random(w.shape) + 0.5 for w in layer.get_weights()])
        return network
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = 1.0  # its statistics become those of one batch
            if isinstance(part, nn.BatchNorm2d | nn.Linear):
                for values in (part.weight, part.bias):
                    values.add_(torch.from_numpy(random.random(values.shape, np.float32)))
        channels = next(network.parameters()).shape[1]
        network.train()(torch.from_numpy(inputs(8, channels, 64, 64)))
    return network.eval()


def head_of_batch_norms(*, dropout: float) -> Any:
    return trained(build_head(6, dropout))


KERAS: dict[str, Callable[[], Any]] = {
    "unet": lambda: trained(build_unet(16, 24, filters=7, kernels=[1, 3, 5])),
    "unet of one kernel": lambda: trained(build_unet(8, 8, filters=4, kernels=[3])),
    "base": lambda: build_base(None, 32),
    "head": lambda: head_of_batch_norms(dropout=0.5),
    "head without dropout": lambda: head_of_batch_norms(dropout=0),
}


@pytest.mark.parametrize("kind", KERAS)
def test_a_keras_network_gives_the_same(kind: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)  # of some weights hardly anything comes out
    network = KERAS[kind]()
    given, gives = network.input_shape[1:], network.output_shape[1:]
    model = export_keras(network)
    check_network(model, given, gives)
    images = inputs(5, *given)
    expected = np.asarray(network.predict(images, verbose=0))
    # Random convolutions of the base give features of a thousandth.
    largest = np.abs(expected).max()
    np.testing.assert_allclose(Network(model, 1)(images), expected, atol=AGREES * largest)
    assert expected.std() > 1e-2 * largest
    network.save(tmp_path / "model.keras")
    again, run = export_keras_file(tmp_path / "model.keras")
    assert again == model
    np.testing.assert_allclose(run(images), expected, atol=AGREES * largest)


@pytest.mark.parametrize(
    ("name", "outputs"),
    [("resnet34", 1), ("resnet50", 10), ("mobilenetv2", 10), ("resnetdwise50", 1)],
)
def test_a_whole_image_network_gives_the_same(name: Any, outputs: int) -> None:
    network = trained(build_network(name, outputs, seed=3))
    model = export_classifier(network, 40, outputs)
    check_network(model, (1, 40, 40), (outputs,))
    images = inputs(3, 1, 40, 40)
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)).numpy()
    largest = np.abs(expected).max()
    np.testing.assert_allclose(Network(model, 1)(images), expected, atol=AGREES * max(1, largest))
    assert expected.std() > 1e-2 * largest


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What detectors and their exports gave, in a process of its own."""
    out = tmp_path_factory.mktemp("detectors")
    script = Path(__file__).with_name("exported_detectors.py")
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), *filter(None, sys.path)])
    ended = subprocess.run(
        [sys.executable, str(script), str(out)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return out


@pytest.mark.parametrize("name", NETWORKS)
def test_a_detector_gives_the_corners_of_its_boxes(detectors: Path, name: str) -> None:
    given = np.load(detectors / f"{name}.npz")
    trained, exported = given["trained"], given["exported"]
    middle, size = (exported[:, :2] + exported[:, 2:4]) / 2, exported[:, 2:4] - exported[:, :2]
    np.testing.assert_allclose(middle, trained[:, :2], atol=1e-3)  # pixels
    np.testing.assert_allclose(size, trained[:, 2:4], atol=1e-3)
    np.testing.assert_allclose(exported[:, 4:], trained[:, 4:], atol=AGREES)
    assert trained[:, 2:4].std() > 1
    assert trained[:, 4:].std() > 10 * AGREES


@pytest.mark.parametrize("case", CASES)
def test_joints_are_detected_as_by_ultralytics(detectors: Path, case: str) -> None:
    theirs, ours = (pd.read_csv(detectors / f"{case} {whose}.csv") for whose in ("theirs", "ours"))
    assert len(theirs) > 10
    assert set(theirs["class"]) == {"PIP", "MCP"}
    pd.testing.assert_frame_equal(ours, theirs, atol=2e-3, rtol=1e-4)


def test_a_layer_that_is_not_translated_is_named() -> None:
    layers = keras.layers
    strange = keras.Sequential([keras.Input((4,)), layers.LayerNormalization(name="strange")])
    with pytest.raises(NotImplementedError, match=r"strange: .*LayerNormalization"):
        export_keras(strange)
    strided = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, strides=2, name="two")])
    with pytest.raises(NotImplementedError, match=r"two: strides is \(2, 2\)"):
        export_keras(strided)
    tanh = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation="tanh", name="last")])
    with pytest.raises(NotImplementedError, match=r"last: .*tanh"):
        export_keras(tanh)
    with pytest.raises(NotImplementedError, match="tanh"):
        export_classifier(nn.Sequential(nn.Conv2d(3, 2, 1), nn.Tanh()), 8, 2)


def test_a_wrong_export_is_noticed() -> None:
    graph = Graph()
    model = graph.model([2], graph.multiply("input", np.eye(2), np.zeros(2)), [2])
    sides = Sides((2,), (2,))
    assert compare(model, lambda x: x, sides) == 0
    with pytest.raises(RuntimeError, match=r"differ by 0\.001"):
        compare(model, lambda x: x + np.float32(1e-3), sides)
    # Of a thousand pixels, a hundredth is as little as the rounding of float32.
    assert compare(model, lambda x: x * np.float32(1 + 1e-5), sides) < AGREES


def test_the_same_network_gives_the_same_bytes() -> None:
    network = trained(build_network("mobilenetv2", 1, seed=3))
    first = export_classifier(network, 32, 1)
    assert first == export_classifier(network, 32, 1)
    assert b"tests" not in first and b"/" not in first[:2000]
