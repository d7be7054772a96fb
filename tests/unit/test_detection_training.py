"""A tiny detector trained in a process of its own, so that nothing is already set up."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sharpflow.detection.training import rate_factor, train_detector
from sharpflow.errors import UserError

# Every layer of YOLOv3's sort, a few channels each.
TINY = """\
nc: 2
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
head:
  - [-1, 1, Conv, [16, 3, 1]]
  - [[-1], 1, Detect, [nc]]
"""
SCRIPT = """
import socket, sys
def refuse(*_, **__): raise OSError("no network in this test")
socket.socket.connect = refuse
import numpy as np, pandas as pd
from sharpflow.detection.dataset import write_detector_set
from sharpflow.detection.detect import detect
from sharpflow.detection.training import train_detector
from sharpflow.detection.views import Views

out = sys.argv[1]
rng = np.random.default_rng(0)
images = np.zeros((6, 80, 64), np.uint8)
boxes = []
for number in range(6):
    for name in ("PIP", "MCP"):
        x, y = rng.integers(0, 48), rng.integers(0, 64)
        images[number, y:y + 16, x:x + 16] = 255 if name == "PIP" else 120
        boxes.append((f"f{number}", name, x, y, x + 16, y + 16))
boxes = pd.DataFrame(boxes, columns=["image_id", "class", "x_min", "y_min", "x_max", "y_max"])
names = [f"f{number}" for number in range(6)]
rows = pd.DataFrame({"image_id": names, "patient": names})
splits = pd.DataFrame({"patient": rows["patient"], "split": ["train"] * 4 + ["validation"] * 2})
views = Views(images, np.full_like(images, 255), image_size=64, view="film")
write_detector_set(out + "/set", views, rows, boxes, splits, kind="hand")
for again in ("one", "two"):
    train_detector(out + "/set", out=f"{out}/{again}", model=out + "/tiny.yaml", image_size=64,
                   batch=2, max_batches=4, optimizer="AdamW", seed=3, threads=1)
from pathlib import Path
from sharpflow.time_limit import OutOfTime
try:
    train_detector(out + "/set", out=f"{out}/late", model=out + "/tiny.yaml", image_size=64,
                   batch=2, max_batches=4, optimizer="AdamW", seed=3, threads=1, time_budget=0.0)
except OutOfTime as error:
    Path(out + "/late.txt").write_text(str(error))
found = detect(out + "/one/best.pt", views, rows, kind="hand", image_size=64,
               confidence=0.0, overlap=1.0)
found.to_csv(out + "/found.csv", index=False)

from ultralytics.nn.tasks import DetectionModel
import sharpflow.detection.training as training
network = Path(training.__file__).with_name("yolov3-tiny-3l.yaml")
strides = DetectionModel(str(network), nc=2, verbose=False).stride
Path(out + "/strides.txt").write_text(" ".join(str(int(stride)) for stride in strides))
"""


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two equal trainings and a detection; home, temporary files and working directory watched."""
    base = tmp_path_factory.mktemp("detector")
    home, scratch, work, out = (base / name for name in ("home", "scratch", "work", "out"))
    for folder in (home, scratch, work, out):
        folder.mkdir()
    (out / "tiny.yaml").write_text(TINY)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO_", "XDG_", "MPL"))}
    environment = kept | {
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
    }
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(out)],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return base


def test_nothing_is_written_outside_the_runs_folder(run):
    assert tree(run / "home") == tree(run / "scratch") == tree(run / "work") == set()


def test_training_leaves_weights_and_history(run):
    history = pd.read_csv(run / "out" / "one" / "history.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert history["mAP50"].notna().iloc[-1]
    assert (run / "out" / "one" / "best.pt").stat().st_size > 0


def test_same_seed_gives_the_same_bytes(run):
    for name in ("best.pt", "history.csv"):
        assert (run / "out/one" / name).read_bytes() == (run / "out/two" / name).read_bytes()


def test_a_training_that_cannot_end_in_time_gives_up_and_says_so(run):
    said = (run / "out" / "late.txt").read_text()
    assert "1 of 2 epochs are done" in said
    assert "cannot resume" in said
    assert not (run / "out" / "late" / "best.pt").exists()


def test_detection_keeps_the_best_ten_of_known_classes(run):
    found = pd.read_csv(run / "out" / "found.csv")
    counts = found.groupby("image_id").size()
    assert counts.max() == 10
    assert set(found["class"]) <= {"PIP", "MCP"}
    for _, film in found.groupby("image_id"):
        assert film["confidence"].is_monotonic_decreasing
    assert found[["x_min", "x_max"]].to_numpy().max() <= 64
    assert found["y_max"].max() > 64  # films' own pixels: 80 high


def test_network_for_small_films_has_an_output_at_stride_8(run):
    assert (run / "out" / "strides.txt").read_text() == "8 16 32"


def test_learning_rate_drops_at_80_and_90_per_cent_as_at_3200_and_3600_of_4000():
    factors = [rate_factor(epoch, 4000) for epoch in (0, 3199, 3200, 3599, 3600, 3999)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert [rate_factor(epoch, 1) for epoch in (0,)] == [1]


@pytest.mark.parametrize(
    "wrong", [{"model": "yolov9"}, {"model": "yolov3", "weights": "absent.pt"}]
)
def test_unknown_model_or_absent_weights_are_refused_before_training(wrong, tmp_path):
    with pytest.raises(UserError, match=r"yolov9|absent\.pt"):
        train_detector(tmp_path, out=tmp_path / "out", seed=0, **wrong)
