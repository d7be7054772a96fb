"""A study's trained networks as ONNX, each compared with the framework that trained it.

Keras runs on torch here, so that one process exports all of them (TensorFlow and torch do not share
one).
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sharpflow.bundle.manifest import Manifest, Sides, expected_networks, network_file
from sharpflow.bundle.session import Network
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
AGREES = 1e-4  # of a value's size, or of 1 where it is smaller
IMAGES = 2  # in a comparison


def export_networks(manifest: Manifest, files: Mapping[str, str | Path]) -> dict[str, bytes]:
    """The networks of a bundle as its members.

    Args:
        manifest: the bundle's, which says what networks it has.
        files: name of each network -> the file that its training left.

    Returns:
        "networks/unet-hand.onnx" and so on -> ONNX.

    Raises:
        RuntimeError: an exported network does not give what the trained one gives.
        NotImplementedError: a network has a layer that is not translated.
    """
    members = {}
    for name, sides in expected_networks(manifest).items():
        path = Path(files[name])
        if path.suffix == ".keras":
            model = export_keras_file(path, sides)
        elif name in EXPERIMENTS:
            model = export_whole_image(name, path, sides)
        else:
            model = export_detector_file(path, sides)
        log.info("%s: %.1f MB", name, len(model) / 1e6)
        members[network_file(name)] = model
    return members


def export_keras_file(path: str | Path, sides: Sides) -> bytes:
    """A Keras network from its file."""
    import keras

    from sharpflow.bundle.export.keras_layers import export_keras

    network = keras.saving.load_model(path, compile=False)
    model = export_keras(network)
    compare(
        model,
        lambda inputs: np.asarray(keras.ops.convert_to_numpy(network(inputs, training=False))),
        sides,
    )
    return model


def export_whole_image(name: str, path: str | Path, sides: Sides) -> bytes:
    """The network of an experiment, by its name, from its model.pt."""
    from sharpflow.bundle.export.torch_layers import export_classifier
    from sharpflow.whole_image.training.predictions import load_network

    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, NetworkExperiment)
    network = load_network(experiment, path)
    model = export_classifier(network, sides.given[-1], experiment.outputs)
    compare(model, lambda inputs: _by_torch(network, inputs), sides)
    return model


def export_detector_file(path: str | Path, sides: Sides) -> bytes:
    """A detector from its best.pt."""
    from sharpflow.bundle.export.torch_layers import export_detector
    from sharpflow.joints.detection.offline import import_ultralytics

    path = Path(path)
    ultralytics = import_ultralytics(path.parent / ".ultralytics")
    network = ultralytics.YOLO(str(path), task="detect").model.float().eval()
    model = export_detector(network, *sides.given[1:])

    def corners(inputs: Floats) -> Floats:
        output = _by_torch(network, inputs)
        middle, half = output[:, :2], output[:, 2:4] / 2
        return np.concatenate([middle - half, middle + half, output[:, 4:]], axis=1)

    compare(model, corners, sides)
    return model


def compare(model: bytes, run: Callable[[Floats], Floats], sides: Sides) -> float:
    """The largest difference between an exported network and the trained one, on random inputs.

    Args:
        model: ONNX.
        run: the trained network.
        sides: of its inputs.

    Returns:
        The difference, as a share of the values' sizes where they are above 1.

    Raises:
        RuntimeError: it is above 1e-4, so the export is wrong.
    """
    inputs = np.random.default_rng(0).random((IMAGES, *sides.given), np.float32)
    expected, found = run(inputs), Network(model, threads=1)(inputs)
    if expected.shape != found.shape:
        raise RuntimeError(f"exported, the network gives {found.shape}, not {expected.shape}")
    difference = float((np.abs(found - expected) / np.maximum(np.abs(expected), 1)).max())
    if not difference <= AGREES:
        raise RuntimeError(f"exported, the network's outputs differ by {difference:.2g}")
    return difference


def _by_torch(network: Any, inputs: Floats) -> Floats:
    import torch

    with torch.inference_mode():
        output = network(torch.from_numpy(inputs))
    return np.asarray((output[0] if isinstance(output, tuple) else output).numpy(), np.float32)
