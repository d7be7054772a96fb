"""A bundle of both pipelines with made-up networks, which finds a left limb's joints."""

from pathlib import Path
from typing import Any

import numpy as np

from sharpflow.anatomy import BodyPart
from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.manifest_check import expected_networks
from sharpflow.bundle.pack import write_bundle
from sharpflow.bundle.typed_json import from_plain
from tests.unit.bundles import NETWORK, as_plain, mean_network, plain_manifest
from tests.unit.made_up_networks import Detector, joint_models


def plain() -> dict[str, Any]:
    """Its manifest as JSON has it, without members."""
    return plain_manifest() | {"joints": as_plain(joint_models())}


def networks() -> dict[str, bytes]:
    """The networks by member."""
    manifest = from_plain(Manifest, plain())
    found = {f"networks/{NETWORK}.onnx": mean_network()}
    for name, sides in expected_networks(manifest).items():
        kind, _, what = name.partition("-")
        if kind == "unet":
            found[f"networks/{name}.onnx"] = _mask(sides.given)
        elif kind == "detector":
            boxes = Detector(BodyPart(what)).output
            found[f"networks/{name}.onnx"] = _same(sides.given, boxes)
        elif kind == "base":
            found[f"networks/{name}.onnx"] = _base(sides.given)
        elif kind == "head":
            found[f"networks/{name}.onnx"] = _head(sides.given[0], sides.gives[0] or 0)
    return found


def write_joint_bundle(path: Path) -> Path:
    """Write it."""
    write_bundle(path, from_plain(Manifest, plain()), networks())
    return path


def _mask(given: tuple[int, ...]) -> bytes:
    """1 wherever it is not black."""
    graph = Graph()
    return graph.model(
        given, graph.clip(graph.add("Mul", "input", graph.weights(99.0)), 0, 1), given
    )


def _same(given: tuple[int, ...], output: Any) -> bytes:
    """The same output for every image."""
    graph = Graph()
    flat = output.reshape(1, -1)
    value = graph.multiply(graph.mean("input"), np.zeros((given[0], flat.size)), flat[0])
    return graph.model(given, graph.reshape(value, [0, *output.shape]), list(output.shape))


def _base(given: tuple[int, ...]) -> bytes:
    """The first feature is the mean of the crop."""
    graph = Graph()
    kernel = np.zeros((given[0], 512))
    kernel[:, 0] = 1 / given[0]
    return graph.model(given, graph.multiply(graph.mean("input"), kernel, np.zeros(512)), [512])


def _head(features: int, classes: int) -> bytes:
    """The score is how often a tenth fits into the first feature."""
    graph = Graph()
    kernel = np.zeros((features, classes))
    kernel[0] = 10
    bits = graph.multiply("input", kernel, 0.5 - np.arange(classes))
    return graph.model([features], graph.clip(bits, 0, 1), [classes])
