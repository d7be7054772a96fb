"""What the workflow does on a GPU: whether it runs, how fast, in how much memory, and resuming.

    PYTHONPATH=src python benchmarks/gpu.py runs|speed|resume [--small]

`runs` trains a small study on the GPU and, beside it, on the processor, and shows the metrics of
each model side by side. `speed` times training steps at the papers' sizes, the most wanted first,
until `--minutes` are over; an epoch of 2,700 images and all trainings' hours follow from them.
`resume` stops a training by SIGTERM and by its time budget, and holds it against one that nobody
stopped. Each should take less than 10 minutes on a data-centre GPU, and writes `<section>.csv`,
line by line, with the card's name. `--small` is for trying it out on a processor.
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STUDY = ["profiles/demo/study.yaml", "benchmarks/gpu_study.yaml"]
SMALL_STUDY = ["tests/workflow/study.yaml", "tests/workflow/whole_image_study.yaml"]
SMALL = (
    "phantom={patients: 14, radiograph_height: 300, whole_image_patients: 24, "
    "whole_image_height: 100, "
    "children: 20, child_radiograph_height: 100}"
)
EPOCHS, NO_LIMIT, FIRST_EPOCH_ONLY = 4, 1e9, 15  # of `resume`: epochs; seconds of time budgets


def runs(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Metrics of all models, trained on the GPU, which three jobs share, and on the processor."""
    cores = str(max(2, (os.cpu_count() or 2) // 2))
    threads = "1" if asked.small else "4"
    passes = {}
    for device, hidden in (("gpu", {}), ("cpu", {"CUDA_VISIBLE_DEVICES": ""})):
        command = [sys.executable, "-m", "snakemake", asked.target, "--nolock", "--keep-going"]
        command += ["--rerun-incomplete", "--quiet", "rules", "host"]
        command += ["--cores", cores, "--max-threads", threads, "--resources", "gpu=3"]
        command += ["--configfile", *(SMALL_STUDY if asked.small else STUDY), "--config"]
        command += [f"study=gpu-check-{device}", "cohorts=phantom", *([SMALL] * asked.small)]
        passes[device] = subprocess.Popen(command, cwd=ROOT, env=os.environ | hidden)
    print({device: f"exit {process.wait()}" for device, process in passes.items()})
    metrics = {device: read_metrics(ROOT / "results" / f"gpu-check-{device}") for device in passes}
    for model, metric in sorted(metrics["gpu"].keys() | metrics["cpu"].keys()):
        values = {device: metrics[device].get((model, metric)) for device in passes}
        yield {"model": model, "metric": metric, **values}


def read_metrics(results: Path) -> dict[tuple[str, str], float]:
    """What each trained model's card says of its best epoch."""
    return {
        (str(path.parent.relative_to(results)), metric): value
        for path in results.rglob("model_card.json")
        for metric, value in json.loads(path.read_text())["metrics"].items()
    }


def speed(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row a training; see gpu_speed.py."""
    from sharpflow.hardware import keep_tensorflow_out

    os.environ["KERAS_BACKEND"] = "torch"
    keep_tensorflow_out()
    import gpu_speed

    return gpu_speed.speed(asked.minutes, small=asked.small)


def resume(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Trainings that were stopped and went on: how they differ from one that nobody stopped."""
    import pandas as pd

    def start(folder: Path, budget: float = NO_LIMIT) -> subprocess.Popen[bytes]:
        folder.mkdir(exist_ok=True)
        command = [sys.executable, __file__, "train", f"--out={folder}", f"--minutes={budget / 60}"]
        return subprocess.Popen(command + ["--small"] * asked.small)

    with tempfile.TemporaryDirectory() as name:
        unbroken, told, late = (Path(name) / each for each in ("unbroken", "SIGTERM", "budget"))
        codes = {unbroken: [start(unbroken).wait()]}
        stopped = start(told)
        while stopped.poll() is None and not (told / "last.ckpt").exists():
            time.sleep(0.05)
        stopped.send_signal(signal.SIGTERM)
        began = time.monotonic()
        codes[told] = [stopped.wait()]
        print(f"SIGTERM ended it after {time.monotonic() - began:.1f} s")
        codes[told] += [start(told).wait()]
        codes[late] = [start(late, FIRST_EPOCH_ONLY).wait(), start(late).wait()]
        expected = pd.read_csv(unbroken / "history.csv")["validation_loss"]
        for folder, exits in codes.items():
            losses = pd.read_csv(folder / "history.csv")["validation_loss"]
            yield {
                "stopped_by": folder.name,
                "exit_codes": " ".join(map(str, exits)),
                "epochs": len(losses),
                "last_validation_loss": losses.iloc[-1],
                "largest_difference": (losses - expected).abs().max(),
            }


def train(asked: argparse.Namespace) -> None:
    """The training that `resume` stops: a job by itself."""
    from sharpflow.workflow.job import job

    with job(asked.out / "log.txt", 1 if asked.small else 4, {"gpu": 1}):
        import numpy as np
        from gpu_speed import STATISTICS

        from sharpflow.whole_image.experiments import EXPERIMENTS
        from sharpflow.whole_image.training.settings import TrainingSettings
        from sharpflow.whole_image.training.train import train_network

        size, images = (64, 32) if asked.small else (256, 1600)
        random = np.random.default_rng(1)
        targets = random.uniform(0, 150, images + 16)
        noise = random.integers(0, 80, (images + 16, size, size), np.uint8)
        train_network(
            EXPERIMENTS["total-resnet34-mse-batch16"],
            noise + targets.astype(np.uint8)[:, None, None],
            targets,
            ["train"] * images + ["validation"] * 16,
            STATISTICS,
            settings=TrainingSettings(epochs=EPOCHS),
            out=asked.out,
            checkpoints=asked.out,
            seed=1,
            time_budget=60 * asked.minutes,
        )


def keep(rows: Iterator[dict[str, Any]], path: Path, *, small: bool) -> None:
    """Print each row as it comes, and write it."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", buffering=1) as file:
        for number, row in enumerate(rows):
            named = {"card": card, **row, "small": small}
            table = csv.DictWriter(file, list(named))
            if number == 0:
                table.writeheader()
            table.writerow(named)
            print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def main() -> None:
    sections = {"runs": runs, "speed": speed, "resume": resume}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("section", choices=[*sections, "train"])
    parser.add_argument("--small", action="store_true", help="tiny sizes; numbers mean nothing")
    parser.add_argument(
        "--target", default="tables", help="of `runs`; joints or whole_image: one pipeline"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "gpu")
    parser.add_argument("--minutes", type=float, default=8, help="after which `speed` leaves off")
    asked = parser.parse_args()
    if asked.section == "train":
        train(asked)
    else:
        path = asked.out / f"{asked.section}.csv"
        keep(sections[asked.section](asked), path, small=asked.small)


if __name__ == "__main__":
    main()
