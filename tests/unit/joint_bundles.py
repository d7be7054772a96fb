"""A bundle of both pipelines with made-up networks, which finds a left limb's joints."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import DETECTED_JOINTS, DETECTOR_CLASSES, MODELS, BodyPart, n_classes
from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.manifest import JointModels, Manifest, expected_networks
from sharpflow.bundle.pack import write_bundle
from sharpflow.bundle.typed_json import from_plain
from sharpflow.joints.detection import decoding
from sharpflow.joints.identification.templates import template
from tests.unit.bundles import NETWORK, as_plain, mean_network, plain_manifest

HEIGHT, WIDTH = 160, 128
Array = npt.NDArray[np.float32]


def joint_models(**changes: Any) -> JointModels:
    plain = {
        "trained_on": {"data": "phantom", "train": 3, "validation": 2, "test": 1},
        "detector_data": "phantom",
        "base_weights": "none",
        "standardize": {"height": HEIGHT, "width": WIDTH, "clahe_clip": 2.0, "clahe_grid": 8},
        "unet": {"height": 32, "width": 24},
        "detector": {
            "image_size": 160,
            "view": "radiograph",
            "overlap": 0.45,
        },
        "identification": {"rule": "template", "mirrored_share": 0.05},
        "crops": {"size": 32, "margin": 0.1},
        "little_found": {"joints": 0.75, "mask_from": 0.1, "mask_to": 0.65},
        "body_parts": {
            part: {
                "crop_bottom": 0.0,
                "classes": list(DETECTOR_CLASSES[BodyPart(part)]),
                "confidence": 0.5,
            }
            for part in ("hand", "foot")
        },
        "heads": {name: n_classes(part, damage) for name, (damage, part) in MODELS.items()},
    }
    return from_plain(JointModels, plain | changes)


def places(body_part: BodyPart) -> npt.NDArray[np.float64]:
    """Centres of a left limb's joints in standardized pixels, as anatomy has them."""
    points = template(body_part).points
    spread = points.max(axis=0) - points.min(axis=0)
    scale = 0.7 * min(WIDTH / spread[0], HEIGHT / spread[1])
    return points * scale + [WIDTH / 2, HEIGHT / 2]


class Detector:
    """Finds the joints of a left limb where they are, but for those left out."""

    def __init__(self, body_part: BodyPart, left_out: int = 0) -> None:
        classes = DETECTOR_CLASSES[body_part]
        joints = DETECTED_JOINTS[body_part][left_out:]
        centres = places(body_part)[left_out:]
        output = np.zeros((6, len(joints) + 1), np.float32)
        # The view is as large as the radiograph, its input's sides are multiples of 32.
        assert decoding.network_shape((HEIGHT, WIDTH), 160) == (160, 128)
        output[:4, :-1] = np.hstack([centres - 8, centres + 8]).T
        for place, joint in enumerate(joints):
            output[4 + classes.index(str(joint.detector_class)), place] = 0.9 - 0.01 * place
        output[:4, -1], output[4, -1] = output[:4, 0] + 1, 0.6  # a worse box of the first joint
        self.output = output

    def __call__(self, inputs: Array, batch: int = 32) -> Array:
        assert inputs.shape[1:] == (3, 160, 128)
        return np.repeat(self.output[None], len(inputs), axis=0)


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
