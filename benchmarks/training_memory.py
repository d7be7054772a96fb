"""The GPU memory that each training needs, worked out without a GPU.

    PYTHONPATH=src python benchmarks/training_memory.py [--size 1024]

One forward pass on tensors that have a size and no content tells what is kept for the backward
pass: each storage that autograd saves counts once. Beside it stand weights, gradients and the
optimizer's state. Both are exact for networks that are not compiled. What a GPU needs beyond them
is not counted: the CUDA context, convolutions' work space, and in the backward pass the gradients
of two or three layers, about twice the largest tensor that is kept. bfloat16 is autocast's.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from sharpflow.hardware import keep_tensorflow_out
from sharpflow.joints.detection.offline import import_ultralytics
from sharpflow.whole_image.networks.architectures import build_network

# Numbers kept for each weight beside its gradient: itself, momenta, a running average.
SGD, SGD_AND_AVERAGE, ADAM = 2, 3, 3
HEADER = (
    "| network | input | batch | float32, GB | bfloat16, GB | largest tensor, GB "
    "| weights, gradients, optimizer, GB |\n|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Training:
    """A network and the shape of its batches; `run` is the forward pass of a training step."""

    name: str
    size: str
    weights: list[torch.Tensor]
    run: Callable[[torch.Tensor], Any]
    shape: tuple[int, ...]
    state: int
    bfloat16: bool = True


def kept(training: Training, *, bfloat16: bool) -> list[int]:
    """Bytes of each storage that the backward pass needs, but for the weights."""
    storages: dict[int, torch.UntypedStorage] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storages[tensor.untyped_storage()._cdata] = tensor.untyped_storage()
        return tensor

    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=bfloat16),
    ):
        training.run(torch.empty(training.shape))
    for weight in training.weights:
        storages.pop(weight.untyped_storage()._cdata, None)
    return [storage.nbytes() for storage in storages.values()]


def line(training: Training) -> str:
    float32 = kept(training, bfloat16=False)
    half = f"{sum(kept(training, bfloat16=True)) / 1e9:.1f}" if training.bfloat16 else "-"
    numbers = sum(weight.numel() for weight in training.weights) * (training.state + 1)
    return (
        f"| {training.name} | {training.size} | {training.shape[0]} | {sum(float32) / 1e9:.1f} "
        f"| {half} | {max(float32) / 1e9:.1f} | {4 * numbers / 1e9:.1f} |"
    )


def whole_image(name: str, batch: int, size: int) -> Training:
    network = build_network(name, 1, 1).train()
    weights = [*network.parameters(), *network.buffers()]
    return Training(name, f"{size}x{size}", weights, network, (batch, 1, size, size), SGD)


def detector() -> Training:
    """The papers' radiographs, 1500x1200, the longer side at 416: 32 divides both sides."""
    with tempfile.TemporaryDirectory() as folder:
        import_ultralytics(Path(folder))
        from ultralytics.nn.tasks import DetectionModel

        network = DetectionModel("yolov3.yaml", nc=2, verbose=False).train()
    weights = [*network.parameters(), *network.buffers()]
    shape = (64, 3, 416, 352)
    return Training("yolov3", "416x352", weights, network, shape, SGD_AND_AVERAGE)


def keras_training(name: str, network: Any, shape: tuple[int, ...]) -> Training:
    weights = [variable.value.detach() for variable in network.variables]
    size = f"{shape[1]}x{shape[2]}"
    run = lambda images: network(images, training=True)  # noqa: E731
    return Training(name, size, weights, run, shape, ADAM, bfloat16=False)


def unet() -> Training:
    from sharpflow.joints.masks.unet import build_unet

    network = build_unet(512, 416, filters=16, kernels=(1, 3, 5))
    return keras_training("U-Net", network, (16, 512, 416, 1))


def vgg16() -> Training:
    """Trained only with `weights: none`; frozen, as the papers', it keeps nothing."""
    from sharpflow.joints.scoring.normalized_vgg16 import build_normalized_vgg16

    return keras_training("VGG16 base", build_normalized_vgg16(64), (32, 64, 64, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--size", type=int, default=1024, help="side of whole-image inputs in pixels"
    )
    size = parser.parse_args().size
    keep_tensorflow_out()
    print(HEADER)
    for name in ("resnet50", "resnet34", "mobilenetv2", "resnetdwise50"):
        for batch in (4, 16):
            print(line(whole_image(name, batch, size)), flush=True)
    for training in (detector(), unet(), vgg16()):
        print(line(training), flush=True)


if __name__ == "__main__":
    main()
