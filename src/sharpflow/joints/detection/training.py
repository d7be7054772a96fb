"""Trains YOLOv3 to find joints, one model a body part (Tan et al., 2.3.3).

ultralytics builds the network from its YAML: YOLOv3's backbone with an anchor-free head in
place of darknet's three anchors a cell, which is what `filters = 21` in the paper says. Training
that was stopped starts again from the beginning, since ultralytics cannot resume to the same bytes.
"""

import io
import logging
import math
import time
from collections.abc import Iterator, Mapping
from copy import copy, deepcopy
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from sharpflow.errors import UserError
from sharpflow.files import atomic_write, write_table
from sharpflow.hardware import Precision, uses_bfloat16
from sharpflow.joints.detection.batch_norms import measure_statistics
from sharpflow.joints.detection.offline import chosen_device, import_ultralytics
from sharpflow.training.time_limit import Deadline, OutOfTime, tells_when_stopped

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
# Share of the run in which the learning rate rises from 0 (darknet's burn-in of 1000 batches would
# be a quarter), and that the average spans whose weights are kept (ultralytics' own spans 10000
# steps, too many for a short run). Validation radiographs are looked at about this often, evenly
# over the second half of the run, the last epoch always; each time costs a pass over the training
# radiographs for the batch norms. All ours.
WARMUP, AVERAGE, VALIDATIONS = 0.1, 0.02, 5
DROPS = (0.8, 0.9)  # darknet's steps 3200 and 3600 of 4000
STARTS_AGAIN = (
    "The detector cannot resume: run again, it starts from its beginning. Was its time too short, "
    "raise the runtime of train_detector in the profile."
)


def rate_factor(epoch: int, epochs: int) -> float:
    """Share of the first learning rate in an epoch (from 0): x0.1 at 80% and at 90% of the run."""
    return 0.1 ** sum(epoch >= round(drop * epochs) for drop in DROPS)


def train_detector(
    data: str | Path,
    *,
    out: str | Path,
    model: str = "yolov3",
    weights: str | Path | None = None,
    image_size: int = 416,
    batch: int = 64,
    max_batches: int = 4000,
    optimizer: Literal["SGD", "Adam", "AdamW"] = "SGD",
    learning_rate: float = 0.001,
    precision: Precision = "auto",
    threads: int | None = None,
    time_budget: float | None = None,
    seed: int,
) -> pd.DataFrame:
    """Train a detector; writes best.pt and history.csv.

    best.pt holds the weights of the epoch that did best on validation radiographs (ultralytics'
    fitness: mAP50-95): averaged ones, whose batch norms' statistics were measured on the training
    radiographs.

    Args: data: folder that `write_detector_set` wrote. out: folder of the results, also of
        everything that ultralytics writes. model: "yolov3", "yolov3-spp", "yolov3-tiny", or
        "yolov3-tiny-3l" (darknet's third output for small objects: on small radiographs it learns
        several times as fast as yolov3-tiny), or a path to a YAML as ultralytics reads it. weights:
        local .pt file to start from (paper: COCO's), or None for random weights. image_size: longer
        side of the radiographs, a multiple of 32 (paper silent; darknet: 416). batch: radiographs a
        step (darknet: 64). max_batches: steps of the run, rounded up to whole epochs (paper: 4000).
        optimizer, learning_rate: darknet's by default (paper silent). precision: of the network's
        products while it learns; its loss, validation and predictions are in float32. "bfloat16"
        takes a third of the time on processors that have it in hardware; "auto" takes it there and
        "float32" elsewhere (ours; the results of the two differ as those of two seeds do). threads:
        of torch on the CPU; None leaves torch's setting. time_budget: seconds from the call until
        the job ends, None without a limit. seed: decides weights, order of radiographs and
        augmentation.

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
    _check(model, weights)
    import_ultralytics(out / ".ultralytics")
    import torch

    device = chosen_device()
    if threads is not None:
        torch.set_num_threads(threads)
    radiographs = pd.read_csv(data / "radiographs.csv")
    batches = math.ceil(int((radiographs["split"] == "train").sum()) / batch)
    epochs = math.ceil(max_batches / batches)
    settings: dict[str, Any] = {
        "model": _network(model),
        "data": str(_described(data, out)),
        "pretrained": str(Path(weights).resolve()) if weights else False,
        "epochs": epochs,
        "batch": batch,
        "nbs": batch,  # a step each batch, as in darknet
        "imgsz": image_size,
        "rect": True,  # radiographs have one shape; no padding is computed
        "cache": "ram",
        "optimizer": optimizer,
        "lr0": learning_rate,
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
        "seed": seed,
        "deterministic": True,
        "device": device,
        "save_dir": str(out / "ultralytics"),
        "exist_ok": True,
        **AUGMENTATION,
    }
    log.info("%s: %d epochs of %d batches of %d radiographs", model, epochs, batches, batch)
    trainer = _trainer(
        settings,
        steps=epochs * batches,
        bfloat16=uses_bfloat16(precision, device),
        deadline=deadline,
    )
    with tells_when_stopped(lambda: STARTS_AGAIN):
        trainer.train()
    history = pd.DataFrame(trainer.history)
    write_table(history, out / "history.csv")
    _keep_weights(trainer.kept, out / "best.pt")
    return history


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
        temporary.write_text(f"path: {data}\n" + (data / "data.yaml").read_text())
    return path


def predict_in_bfloat16(network: Any, device: str) -> None:
    """Let an ultralytics network multiply in bfloat16; its loss is computed in float32.

    The loss decodes boxes from numbers of cells, of which bfloat16 keeps 8 bits: beyond cell 32 a
    box would be up to an eighth of a cell off. So what the network predicts is float32 again before
    the loss reads it, and so are the anchors, which take their type from the predictions.

    Args:
        network: a `DetectionModel`; `predict`, which its `loss` calls, is replaced.
        device: torch's type of its device, "cpu" or "cuda".
    """
    import torch

    predict = torch.autocast(device, torch.bfloat16)(network.predict)
    network.predict = lambda *images, **options: _in_float32(predict(*images, **options))


def _in_float32(predictions: Any) -> Any:
    """Tensors in float32, in whatever dictionaries and lists they lie."""
    if isinstance(predictions, dict):
        return {name: _in_float32(part) for name, part in predictions.items()}
    if isinstance(predictions, list | tuple):
        return type(predictions)(map(_in_float32, predictions))
    return predictions.float()


def _trainer(settings: dict[str, Any], *, steps: int, bfloat16: bool, deadline: Deadline) -> Any:
    """ultralytics' trainer with the paper's schedule, a shorter average, and fewer validations."""
    import torch
    from torch.optim.lr_scheduler import LambdaLR
    from torch.utils.data import DataLoader
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.utils.torch_utils import ModelEMA

    class Trainer(DetectionTrainer):  # type: ignore[misc]
        seen: dict[str, Any]
        kept: Any  # the network that did best
        began = fastest = math.inf  # of an epoch

        def _setup_scheduler(self) -> None:
            self.lf = lambda epoch: rate_factor(epoch, self.epochs)
            self.scheduler = LambdaLR(self.optimizer, lr_lambda=self.lf)

        def _setup_train(self) -> None:
            super()._setup_train()
            memory = max(AVERAGE * steps, 1.0)
            self.model.to(memory_format=torch.channels_last)  # a quarter faster on CPUs too
            self.ema = ModelEMA(self.model, decay=math.exp(-1 / memory), tau=memory)
            self.history: list[dict[str, Any]] = []
            if bfloat16:  # after the average was copied, which predicts in float32
                predict_in_bfloat16(self.model, self.device.type)

        def plain_images(self) -> Iterator[Any]:
            """The training images as detection will see them, without augmentation, in batches."""
            radiographs = copy(self.train_loader.dataset)
            radiographs.augment = False
            radiographs.transforms = radiographs.build_transforms(self.args)
            for batch in DataLoader(
                radiographs, self.batch_size, collate_fn=radiographs.collate_fn
            ):
                yield self.preprocess_batch(batch)["img"]

        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            batch = super().preprocess_batch(batch)
            batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
            return batch

        def validate(self) -> tuple[Any, Any]:
            measure_statistics(self.ema.ema, self.plain_images())
            metrics, fitness = super().validate()
            self.seen = {key: value for key, value in metrics.items() if key.startswith("metrics/")}
            return metrics, fitness

        def save_model(self) -> bool:
            # Without this a network that was not validated would be written each epoch.
            if not self.seen:
                return False
            if self.fitness == self.best_fitness:
                self.kept = deepcopy(self.ema.ema)  # as validated; ultralytics' file is in float16
            return bool(super().save_model())

        def save_metrics(self, metrics: dict[str, Any]) -> None:
            row = {"epoch": self.epoch + 1, "learning_rate": self.lr["lr/pg0"]}
            row |= {key: float(value) for key, value in self.tloss.items()}
            row |= {
                key.removeprefix("metrics/").removesuffix("(B)"): float(value)
                for key, value in self.seen.items()
            }
            self.history.append(row)
            values = ", ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "epoch")
            log.info("epoch %d of %d: %s", self.epoch + 1, self.epochs, values)

        def check_time(self) -> None:
            """Give up where the run can't end in time: the next attempt may have more of it."""
            now = time.monotonic()
            self.fastest = min(self.fastest, now - self.began) if self.epoch else math.inf
            self.began = now
            needed = self.fastest * (self.epochs - self.epoch)
            if math.isfinite(needed) and needed > deadline.left():
                raise OutOfTime(
                    f"The detector: {self.epoch} of {self.epochs} epochs are done; the others need "
                    f"at least {needed / 60:.0f} minutes, the job has {deadline.left() / 60:.0f}. "
                    f"{STARTS_AGAIN}"
                )

        def plan_epoch(self) -> None:
            """Validate only now and then: on few radiographs it costs as much as training."""
            self.check_time()
            left = self.epochs - 1 - self.epoch
            every = max(1, round(self.epochs / 2 / VALIDATIONS))
            self.args.val = left % every == 0 and left < self.epochs / 2
            self.seen = {}
            self.fitness = None

    trainer = Trainer(overrides=settings)
    trainer.add_callback("on_train_epoch_start", Trainer.plan_epoch)
    return trainer


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
    buffer = io.BytesIO()  # a file's name would be written into it
    torch.save(kept, buffer)
    with atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
