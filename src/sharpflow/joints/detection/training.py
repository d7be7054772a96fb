"""Trains YOLOv3 to find joints, one model a body part (Tan et al., 2.3.3).

ultralytics builds the network from its YAML: YOLOv3's backbone with an anchor-free head in
place of darknet's three anchors a cell, which is what `filters = 21` in the paper says. Training
that was stopped starts again from the beginning, since ultralytics cannot resume to the same bytes.
"""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from sharpflow.errors import UserError
from sharpflow.files import atomic_write
from sharpflow.hardware import Precision, uses_bfloat16
from sharpflow.joints.detection.offline import chosen_device, import_ultralytics
from sharpflow.joints.detection.views import ViewName
from sharpflow.training.time_limit import Deadline, tells_when_stopped
from sharpflow.training.torch_files import save_torch

log = logging.getLogger(__name__)

# ultralytics' own, and one more that lies beside this file.
MODELS = ("yolov3", "yolov3-spp", "yolov3-tiny", "yolov3-tiny-3l")
# A radiograph has exactly 10 or 6 joints in one layout, so mosaic and mixing, which make up for
# scenes that vary, only blur it (ours). Turned, moved, scaled and mirrored radiographs stay limbs;
# brightness follows exposure. PIP and MCP or MTP are the same class on either side, so mirroring is
# safe.
AUGMENTATION: Mapping[str, float] = {
    "degrees": 10.0,
    "translate": 0.1,
    "scale": 0.2,
    "fliplr": 0.5,
    "hsv_v": 0.3,
    "hsv_h": 0.0,
    "hsv_s": 0.0,
    "mosaic": 0.0,
}
MOMENTUM, WEIGHT_DECAY = 0.9, 0.0005  # darknet's; the first beta of Adam and AdamW
# Share of the run in which the learning rate rises from 0 (ours; darknet's burn-in of 1000 batches
# would be a quarter).
WARMUP = 0.1


@dataclass(frozen=True)
class DetectorSettings:
    """How a detector is built and trained.

    Attributes:
        model: "yolov3", "yolov3-spp", "yolov3-tiny", or "yolov3-tiny-3l" (darknet's third output
            for small objects: on small radiographs it learns several times as fast as yolov3-tiny),
            or a path to a YAML as ultralytics reads it.
        image_size: longer side of the radiographs, a multiple of 32 (paper silent; darknet: 416).
        view: what the network sees of a radiograph (see `Views`; ours).
        batch: radiographs a step (darknet: 64).
        max_batches: steps of the run, rounded up to whole epochs (paper: 4000).
        optimizer: darknet's by default (paper silent).
        learning_rate: likewise.
        grey_changes: share of the training radiographs whose grey values are changed at random, a
            new each epoch (ours).
        precision: of the network's products while it learns; its loss, validation and predictions
            are in float32. "bfloat16" takes a third of the time on processors that have it in
            hardware; "auto" takes it there and "float32" elsewhere (ours; the results of the two
            differ as those of two seeds do).
    """

    model: str = "yolov3"
    image_size: int = 416
    view: ViewName = "limb"
    batch: int = 64
    max_batches: int = 4000
    optimizer: Literal["SGD", "Adam", "AdamW"] = "SGD"
    learning_rate: float = 0.001
    grey_changes: float = 0.0
    precision: Precision = "auto"


def train_detector(
    data: str | Path,
    *,
    out: str | Path,
    settings: DetectorSettings,
    seed: int,
    weights: str | Path | None = None,
    threads: int | None = None,
    time_budget: float | None = None,
) -> pd.DataFrame:
    """Train a detector and write best.pt.

    best.pt holds the weights of the epoch that did best on validation radiographs (ultralytics'
    fitness: mAP50-95): averaged ones, whose batch norms' statistics were measured on the training
    radiographs.

    Args:
        data: folder that `write_detector_set` wrote.
        out: folder of best.pt, also of everything that ultralytics writes.
        settings: of network and training; `view` is for the caller.
        seed: decides weights, order of radiographs and augmentation.
        weights: local .pt file to start from (paper: COCO's); None: random weights.
        threads: of torch on the CPU; None leaves torch's setting.
        time_budget: seconds from the call until the job ends; None: no limit.

    Returns:
        History: epoch, losses, learning rate, and on validated epochs precision, recall, mAP50
        and mAP50-95 on validation radiographs.

    Raises:
        UserError: unknown model, or no such weights.
        OutOfTime: even at the pace of its fastest epoch the run would not end in time.
        Stopped: told to stop (SIGTERM). Either way all is lost.

    Source: Tan et al., 2.3.3; Redmon and Farhadi, arXiv:1804.02767; the network by ultralytics.
    """
    deadline = Deadline(time_budget)
    data, out = Path(data).resolve(), Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    _check(settings.model, weights)
    import_ultralytics(out / ".ultralytics")
    import torch

    # Imports ultralytics, which is ready only now.
    from sharpflow.joints.detection.trainer import STARTS_AGAIN, DetectorTrainer

    device = chosen_device()
    if threads is not None:
        torch.set_num_threads(threads)
    radiographs = pd.read_csv(data / "radiographs.csv")
    batches = math.ceil(int((radiographs["split"] == "train").sum()) / settings.batch)
    epochs = math.ceil(settings.max_batches / batches)
    log.info(
        "%s: %d epochs of %d batches of %d radiographs",
        settings.model,
        epochs,
        batches,
        settings.batch,
    )
    trainer = DetectorTrainer(
        {
            **_as_ultralytics(settings, epochs),
            # Ten epochs before the end it would build its transforms anew, on grey.
            **({"close_mosaic": 0} if settings.grey_changes else {}),
            "data": str(_described(data, out)),
            "pretrained": str(Path(weights).resolve()) if weights else False,
            "seed": seed,
            "device": device,
            "save_dir": str(out / "ultralytics"),
        },
        steps=epochs * batches,
        bfloat16=uses_bfloat16(settings.precision, device),
        deadline=deadline,
        grey_changes=settings.grey_changes,
    )
    with tells_when_stopped(lambda: STARTS_AGAIN):
        trainer.train()
    _keep_weights(trainer.kept, out / "best.pt")
    return pd.DataFrame(trainer.history)


def _as_ultralytics(settings: DetectorSettings, epochs: int) -> dict[str, Any]:
    """Our settings by ultralytics' names, and those that are always the same."""
    return {
        "model": _network(settings.model),
        "epochs": epochs,
        "batch": settings.batch,
        "nbs": settings.batch,  # a step each batch, as in darknet
        "imgsz": settings.image_size,
        "rect": True,  # radiographs have one shape; no padding is computed
        "cache": "ram",
        "optimizer": settings.optimizer,
        "lr0": settings.learning_rate,
        "momentum": MOMENTUM,
        "weight_decay": WEIGHT_DECAY,
        "warmup_epochs": WARMUP * epochs,
        "warmup_bias_lr": 0.0,
        "warmup_momentum": MOMENTUM,
        "patience": 0,
        "amp": False,  # True would download a network for a check; precision is set in the trainer
        "workers": 0,
        "plots": False,
        "val": False,
        "verbose": False,
        "deterministic": True,
        "exist_ok": True,
        **AUGMENTATION,
    }


def _check(model: str, weights: str | Path | None) -> None:
    if model not in MODELS and not Path(model).is_file():
        raise UserError(f"detector model is {model!r}; expected one of {', '.join(MODELS)}.")
    if weights is not None and not Path(weights).is_file():
        raise UserError(
            f"detector weights {weights} is not a file. Put the file there, or set weights: none."
        )


def _network(model: str) -> str:
    """The YAML of a model, by its name or path."""
    if model not in MODELS:
        return model
    beside = Path(__file__).with_name(f"{model}.yaml")
    return str(beside) if beside.is_file() else f"{model}.yaml"


def _described(data: Path, out: Path) -> Path:
    """A data.yaml with the absolute path, which ultralytics needs to look nowhere else."""
    path = out / "data.yaml"
    with atomic_write(path) as temporary:
        temporary.write_text(f"path: {json.dumps(str(data))}\n" + (data / "data.yaml").read_text())
    return path


def _keep_weights(network: Any, path: Path) -> None:
    """Keep the network and its class names; no dates, paths or optimizer, so bytes repeat."""
    import torch
    import ultralytics

    network = network.to(device="cpu", memory_format=torch.contiguous_format)
    network.criterion = None
    network.args = {"task": network.args.task, "imgsz": network.args.imgsz}
    kept = {
        "model": network,
        "train_args": dict(network.args),
        "version": ultralytics.__version__,
    }
    save_torch(kept, path)
