"""Trainings at the papers' sizes, timed: the section `speed` of gpu.py."""

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sharpflow.joints.detection.offline import chosen_device, import_ultralytics
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.training.settings import TrainingSettings
from sharpflow.whole_image.training.train import train_network

NETWORKS = ("resnet50", "resnet34", "mobilenetv2")
STATISTICS = {"pixel_mean": 0.25, "pixel_sd": 0.2, "target_mean": 50.0, "target_sd": 50.0}


def speed(minutes: float, *, small: bool) -> Iterator[dict[str, Any]]:
    """One row a training: images a second, and the most memory that torch held on the GPU."""
    began = time.monotonic()
    fastest: dict[tuple[str, int], float] = {}
    trainings: list[tuple[tuple[str, int, str, bool], Callable[[], float]]] = [
        (("yolov3", 64, "float32", False), partial(time_detector, small, bfloat16=False)),
        (("yolov3", 64, "bfloat16", False), partial(time_detector, small, bfloat16=True)),
        (("U-Net", 16, "float32", False), partial(time_unet, small)),
        (("VGG16 features", 128, "float32", False), partial(time_features, small)),
    ]
    for compiled, name, batch, precision in product(
        (False, True), NETWORKS, (16, 4), ("bfloat16", "float32")
    ):
        timed = partial(time_network, small, name, batch, precision=precision, compiled=compiled)
        trainings.append(((name, batch, precision, compiled), timed))
    for (name, batch, precision, compiled), timed in trainings:
        experiment = {"network": name, "batch": batch, "precision": precision, "compiled": compiled}
        if time.monotonic() - began > 60 * minutes:
            yield experiment | {"images_per_second": "no time left", "peak_gb": None}
            continue
        rate, peak = measure(timed)
        yield experiment | {"images_per_second": rate, "peak_gb": peak}
        if name in NETWORKS and isinstance(rate, float):
            fastest[name, batch] = max(rate, fastest.get((name, batch), 0.0))
    for (name, batch), rate in fastest.items():
        print(f"{name}, batch {batch}: an epoch of 2,700 images takes {2700 / rate:.1f} s at best")
    print(f"All whole-image trainings at these rates: {all_hours(fastest):.1f} GPU hours")


def measure(timed: Callable[[], float]) -> tuple[float | str, float | None]:
    """The rate that `timed` gives, or that memory was too small; and the peak in GB."""
    torch._dynamo.reset()  # else the tenth compiled network would run uncompiled
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        rate: float | str = round(timed(), 2)
    except torch.OutOfMemoryError:
        rate = "out of memory"
    peak = torch.cuda.max_memory_reserved() / 1e9 if torch.cuda.is_available() else None
    return rate, peak and round(peak, 1)


def all_hours(rates: dict[tuple[str, int], float]) -> float:
    """GPU hours of the paper's trainings; predicting 760 images costs a third of training them."""
    seconds = 0.0
    for experiment in EXPERIMENTS.values():
        if isinstance(experiment, NetworkExperiment) and experiment.group != "further":
            images, epochs = (12611, 50) if experiment.cohort == "bone_age" else (2700, 100)
            seconds += (
                epochs
                * (images + 760 / 3)
                / rates.get((experiment.network, experiment.batch), math.nan)
            )
    return seconds / 3600


def time_network(small: bool, name: str, batch: int, *, precision: Any, compiled: bool) -> float:
    """Images a second in the second epoch of a training as the workflow runs it."""
    experiment = EXPERIMENTS[f"total-{name}-mse-batch4"]
    assert isinstance(experiment, NetworkExperiment)
    size, train = (64, 2 * batch) if small else (1024, 192)
    images = np.random.default_rng(1).integers(0, 255, (train + 4, size, size), np.uint8)
    settings = TrainingSettings(
        epochs=2, learning_rate=1e-5, precision=precision, compile=compiled, devices=1
    )
    with tempfile.TemporaryDirectory() as folder:
        history = train_network(
            replace(experiment, batch=batch),
            images,
            np.arange(train + 4.0),
            ["train"] * train + ["validation"] * 4,
            STATISTICS,
            settings=settings,
            out=folder,
            checkpoints=folder,
            seed=1,
        )
    return float(history["images_per_second"].iloc[-1])


def time_steps(step: Callable[[], Any], images: int, *, small: bool) -> float:
    """Images a second over ten steps, after three that are not counted."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    for _ in range(1 if small else 3):
        step()
    wait()
    began, steps = time.monotonic(), 1 if small else 10
    for _ in range(steps):
        step()
    wait()
    return steps * images / (time.monotonic() - began)


def time_detector(small: bool, *, bfloat16: bool) -> float:
    """YOLOv3's step, its loss in float32, on images that are on the device already."""
    import_ultralytics(Path(tempfile.mkdtemp()))
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    device, batch, height, width = chosen_device(), *((2, 64, 64) if small else (64, 416, 352))
    model = DetectionModel("yolov3.yaml", nc=2, verbose=False).to(device).train()
    model.to(memory_format=torch.channels_last)
    model.args = get_cfg()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5, momentum=0.9, nesterov=True)
    labelled = {
        "img": torch.rand(batch, 3, height, width, device=device),
        "batch_idx": torch.arange(batch, device=device).repeat_interleave(10).float(),
        "cls": torch.zeros(10 * batch, 1, device=device),
        "bboxes": torch.full((10 * batch, 4), 0.3, device=device),
    }

    def as_float32(found: Any) -> Any:
        if isinstance(found, dict):
            return {name: as_float32(value) for name, value in found.items()}
        return [f.float() for f in found] if isinstance(found, list | tuple) else found.float()

    def step() -> None:
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
            found = model(labelled["img"])
        optimizer.zero_grad()
        model.loss(labelled, as_float32(found))[0].sum().backward()
        optimizer.step()

    return time_steps(step, batch, small=small)


def time_unet(small: bool) -> float:
    """Keras's own step, compiled as in the workflow, images in the computer's memory."""
    import keras

    from sharpflow.joints.masks.unet import build_unet

    batch, height, width = (2, 64, 56) if small else (16, 512, 416)
    model = build_unet(height, width, filters=16, kernels=(1, 3, 5))
    adam = keras.optimizers.Adam(1e-4)
    model.compile(optimizer=adam, loss="binary_crossentropy", jit_compile=False)
    images = np.random.default_rng(1).random((batch, height, width, 1), np.float32)
    return time_steps(lambda: model.train_on_batch(images, images), batch, small=small)


def time_features(small: bool) -> float:
    """Crops of 64 pixels through the frozen base."""
    from sharpflow.joints.scoring.features import extract_features
    from sharpflow.joints.scoring.vgg16 import build_base

    crops = np.random.default_rng(1).integers(0, 255, (4 if small else 1280, 64, 64), np.uint8)
    base = build_base(None, 64)
    return time_steps(lambda: extract_features(base, crops), len(crops), small=small)
