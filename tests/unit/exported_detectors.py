"""Detectors as ONNX beside ultralytics, which changes the process that it is loaded in.

    python exported_detectors.py OUT

writes what both give to OUT: outputs.npz, of each network, and the boxes of both as tables.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from sharpflow.anatomy import BodyPart
from sharpflow.bundle.export.study import compare, export_detector_file
from sharpflow.bundle.export.torch_layers import export_detector
from sharpflow.bundle.manifest_check import Sides
from sharpflow.bundle.onnx_check import check_network
from sharpflow.bundle.session import Network
from sharpflow.joints.detection import decoding
from sharpflow.joints.detection.detect import detect
from sharpflow.joints.detection.offline import import_ultralytics
from sharpflow.joints.detection.views import Views
from sharpflow.training.torch_files import save_torch

SMALL = str(Path(decoding.__file__).with_name("yolov3-tiny-3l.yaml"))
# Layers that yolov3 and yolov3-spp have and the small detectors lack, a few channels each.
SPP = {
    "nc": 2,
    "backbone": [
        *[[-1, 1, "Conv", [8, 3, 2]]] * 3,
        [-1, 2, "Bottleneck", [8]],
        *[[-1, 1, "Conv", [8, 3, 2]]] * 2,
    ],
    "head": [
        [-1, 1, "Bottleneck", [8, False]],
        [-1, 1, "SPP", [8, [5, 9, 13]]],
        [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 4], 1, "Concat", [1]],
        [[7, 9], 1, "Detect", ["nc"]],
    ],
}
NETWORKS: dict[str, Any] = {"3l": SMALL, "tiny": "yolov3-tiny.yaml", "spp": SPP}
# Shape of the radiographs, and image size that is asked for.
CASES = {
    "high": ((96, 77), 96),
    "wide": ((77, 96), 96),
    "enlarged to whole strides": ((90, 72), 90),
    "enlarged without padding": ((80, 64), 80),
}


def built(cfg: Any) -> Any:
    """A random detector; the statistics of its batch norms are of one batch."""
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(5)
    network = DetectionModel(cfg, nc=2, verbose=False)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = 1.0
                for values in (part.weight, part.bias):
                    values.add_(torch.rand(values.shape))
        network.train()(torch.rand(8, 3, 64, 64))
    return network.eval()


def outputs(cfg: Any) -> dict[str, Any]:
    """What a network gives for two images, and what its export gives."""
    network = built(cfg)
    model = export_detector(network, 96, 64)
    check_network(model, (3, 96, 64), (6, None))
    images = np.random.default_rng(1).random((2, 3, 96, 64), np.float32)
    with torch.inference_mode():
        trained = network(torch.from_numpy(images))[0].numpy()
    return {"trained": trained, "exported": Network(model, 1)(images)}


def boxes(weights: Path, shape: tuple[int, int], image_size: int) -> tuple[Any, Any]:
    """The boxes that ultralytics finds on three radiographs, and those that are found here."""
    radiographs = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    rows = pd.DataFrame({"image_id": ["a", "b", "c"]})
    views = Views(radiographs, np.full_like(radiographs, 255), image_size=image_size, view="limb")
    view = views[0].image.shape
    sides = Sides((3, *decoding.network_shape(view, image_size)), (6, None))
    model, trained = export_detector_file(weights, sides)
    compare(model, trained, sides)
    seen = [decoding.network_input(views[number].image, image_size) for number in range(3)]
    given = Network(model, 1)(np.stack(seen))
    # Above it is half of the boxes, so that many suppress each other.
    middle = float(np.median(given[:, 4:].max(axis=1)))
    theirs = detect(
        weights,
        views,
        rows,
        body_part=BodyPart.HAND,
        image_size=image_size,
        confidence=middle,
    )
    found = []
    for number, output in enumerate(given):
        corners, sure, classes = decoding.decode_boxes(
            output, view, image_size, confidence=middle, overlap=decoding.OVERLAP, most=10
        )
        placed = views[number].to_radiograph(corners)
        for corner, confidence, one in zip(placed, sure, classes, strict=True):
            found.append((rows["image_id"][number], ("PIP", "MCP")[one], confidence, *corner))
    return theirs, pd.DataFrame(found, columns=decoding.COLUMNS)


def main(out: Path) -> None:
    """Write all of it."""
    import_ultralytics(out / ".ultralytics")
    for name, cfg in NETWORKS.items():
        np.savez(out / f"{name}.npz", **outputs(cfg))
    network = built(SMALL)
    network.args = {"task": "detect", "imgsz": 96}
    network.names = {0: "PIP", 1: "MCP"}
    save_torch({"model": network, "train_args": {}}, out / "best.pt")
    for name, case in CASES.items():
        theirs, ours = boxes(out / "best.pt", *case)
        theirs.to_csv(out / f"{name} theirs.csv", index=False)
        ours.to_csv(out / f"{name} ours.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
