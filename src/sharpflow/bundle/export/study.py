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

from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.manifest_check import Sides, expected_networks, network_file
from sharpflow.bundle.session import Network
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Trained = Callable[[Floats], Floats]  # a trained network, run by its framework
AGREES = 1e-4  # of the largest value of an output's channel, or of 1 where that is smaller
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
        log.info("%s, from %s", name, path)  # whatever goes wrong is wrong with it
        if path.suffix == ".keras":
            model, trained = export_keras_file(path)
        elif name in EXPERIMENTS:
            model, trained = export_whole_image(name, path, sides)
        else:
            model, trained = export_detector_file(path, sides)
        difference = compare(model, trained, sides)
        log.info("%s: %.1f MB, differs by %.1g", name, len(model) / 1e6, difference)
        members[network_file(name)] = model
    return members


def export_keras_file(path: Path) -> tuple[bytes, Trained]:
    """A Keras network from its file: as ONNX, and as it was trained."""
    import keras

    from sharpflow.bundle.export.keras_layers import export_keras

    network = keras.saving.load_model(path, compile=False)

    def run(inputs: Floats) -> Floats:
        return np.asarray(keras.ops.convert_to_numpy(network(inputs, training=False)))

    return export_keras(network), run


def export_whole_image(name: str, path: Path, sides: Sides) -> tuple[bytes, Trained]:
    """The network of an experiment from its model.pt: as ONNX, and as it was trained."""
    from sharpflow.bundle.export.torch_layers import export_classifier
    from sharpflow.whole_image.training.predictions import load_network

    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, NetworkExperiment)
    network = load_network(experiment, path)
    model = export_classifier(network, sides.given[-1], experiment.outputs)
    return model, lambda inputs: _by_torch(network, inputs)


def export_detector_file(path: Path, sides: Sides) -> tuple[bytes, Trained]:
    """A detector from its best.pt: as ONNX, and as it was trained."""
    from sharpflow.bundle.export.torch_layers import export_detector
    from sharpflow.joints.detection.offline import import_ultralytics

    ultralytics = import_ultralytics(path.parent / ".ultralytics")
    network = ultralytics.YOLO(str(path), task="detect").model.float().eval()
    model = export_detector(network, *sides.given[1:])
    return model, lambda inputs: _corners(_by_torch(network, inputs))


def compare(model: bytes, trained: Trained, sides: Sides) -> float:
    """The largest difference between an exported network and the trained one, on random inputs.

    Args:
        model: ONNX.
        trained: runs the trained network.
        sides: of its inputs.

    Returns:
        The difference, as a share of the largest value of an output's channel where that is above
        1: of pixels, since a detector's boxes are as far off at 1 as at 400.

    Raises:
        RuntimeError: it is above 1e-4, so the export is wrong.
    """
    inputs = np.random.default_rng(0).random((IMAGES, *sides.given), np.float32)
    expected, found = trained(inputs), Network(model, threads=1)(inputs)
    if expected.shape != found.shape:
        raise RuntimeError(f"exported, the network gives {found.shape}, not {expected.shape}")
    off, size = (
        np.abs(values).max(axis=(0, *range(2, values.ndim)))
        for values in (found - expected, expected)
    )
    difference = float((off / np.maximum(size, 1)).max())
    if not difference <= AGREES:
        raise RuntimeError(f"exported, the network's outputs differ by {difference:.2g}")
    return difference


def _by_torch(network: Any, inputs: Floats) -> Floats:
    import torch

    with torch.inference_mode():
        output = network(torch.from_numpy(inputs))
    return np.asarray((output[0] if isinstance(output, tuple) else output).numpy(), np.float32)


def _corners(output: Floats) -> Floats:
    """A detector's output with the corners of boxes, for their middles and sizes."""
    middle, half = output[:, :2], output[:, 2:4] / 2
    return np.concatenate([middle - half, middle + half, output[:, 4:]], axis=1)
