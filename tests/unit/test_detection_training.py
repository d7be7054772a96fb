"""A tiny detector trained in a process of its own, so that nothing is already set up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from sharpflow.errors import UserError
from sharpflow.joints.detection.batch_norms import measure_statistics
from sharpflow.joints.detection.schedule import is_validated, rate_factor
from sharpflow.joints.detection.training import DetectorSettings, train_detector

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
from sharpflow.anatomy import BOX_COLUMNS
from sharpflow.joints.detection.dataset import write_detector_set
from sharpflow.joints.detection.detect import detect
from sharpflow.joints.detection.training import DetectorSettings, train_detector
from sharpflow.joints.detection.views import Views

out = sys.argv[1]
rng = np.random.default_rng(0)
images = np.zeros((6, 80, 64), np.uint8)
boxes = []
for number in range(6):
    for name in ("PIP", "MCP"):
        x, y = rng.integers(0, 48), rng.integers(0, 64)
        images[number, y:y + 16, x:x + 16] = 255 if name == "PIP" else 120
        boxes.append((f"f{number}", name, x, y, x + 16, y + 16))
boxes = pd.DataFrame(boxes, columns=["image_id", "class", *BOX_COLUMNS])
names = [f"f{number}" for number in range(6)]
rows = pd.DataFrame({"image_id": names, "patient": names})
splits = pd.DataFrame({"patient": rows["patient"], "split": ["train"] * 4 + ["validation"] * 2})
views = Views(images, np.full_like(images, 255), image_size=64, view="radiograph")
write_detector_set(out + "/set", views, rows, boxes, splits, body_part="hand")
settings = DetectorSettings(model=out + "/tiny.yaml", image_size=64, batch=2, max_batches=4,
                            optimizer="AdamW")
for again in ("one", "two"):
    history = train_detector(out + "/set", out=f"{out}/{again}", settings=settings, seed=3,
                             threads=1)
    history.to_csv(f"{out}/{again}/history.csv", index=False)
from dataclasses import replace
train_detector(out + "/set", out=f"{out}/grey", settings=replace(settings, grey_changes=1.0),
               seed=3, threads=1).to_csv(f"{out}/grey/history.csv", index=False)
from ultralytics.data.augment import Compose, RandomPerspective
from sharpflow.joints.detection.trainer import move_on_black
moves = Compose([Compose([RandomPerspective()])])
move_on_black(moves)
half = {"M": np.array([[1, 0, 4], [0, 1, 0], [0, 0, 1]], np.float32), "size": (8, 8)}
white = {"img": np.full((8, 8, 3), 255, np.uint8)}
moved = moves.transforms[0].transforms[0].apply_image(white, half)["img"]
np.savetxt(out + "/moved.txt", moved[0, :, 0])

from pathlib import Path
from sharpflow.training.time_limit import OutOfTime
try:
    train_detector(out + "/set", out=f"{out}/late", settings=settings, seed=3, threads=1,
                   time_budget=0.0)
except OutOfTime as error:
    Path(out + "/late.txt").write_text(str(error))
found = detect(out + "/one/best.pt", views, rows, body_part="hand", image_size=64,
               confidence=0.0, overlap=1.0)
found.to_csv(out + "/found.csv", index=False)

from ultralytics.nn.tasks import DetectionModel
import sharpflow.joints.detection.training as training
network = Path(training.__file__).with_name("yolov3-tiny-3l.yaml")
strides = DetectionModel(str(network), nc=2, verbose=False).stride
Path(out + "/strides.txt").write_text(" ".join(str(int(stride)) for stride in strides))
"""

# What is computed in which precision, of a training and a detection; and known losses.
PRECISION_SCRIPT = """
import json, sys
from pathlib import Path
from sharpflow.joints.detection.offline import import_ultralytics

out = Path(sys.argv[1])
import_ultralytics(out / ".ultralytics")
import numpy as np, pandas as pd, torch
from sharpflow.anatomy import BOX_COLUMNS
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.loss import v8DetectionLoss
from sharpflow.joints.detection.dataset import write_detector_set
from sharpflow.joints.detection.detect import detect
from sharpflow.joints.detection.mixed_precision import predict_in_bfloat16
from sharpflow.joints.detection.training import DetectorSettings, train_detector
from sharpflow.joints.detection.views import Views

# A network that predicts the same in every cell, 16 pixels each, on an image of 4 x 64 cells.
torch.manual_seed(0)
network = DetectionModel(str(out / "tiny.yaml"), nc=2, verbose=False).train()
network.args = get_cfg()
head = network.model[-1]
with torch.no_grad():
    for last in (head.cv2[0][-1], head.cv3[0][-1]):
        last.weight.zero_()
        last.bias.uniform_(-2, 2)

def batch_with_box_at(cell):
    box = torch.tensor([[(cell + 0.3) / 64, 0.5, 2.1 / 64, 1.7 / 4]])
    return {"img": torch.zeros(1, 3, 64, 1024), "batch_idx": torch.zeros(1),
            "cls": torch.zeros(1, 1), "bboxes": box}

def losses(model):
    return [model(batch_with_box_at(cell))[0].tolist() for cell in (10, 50)]

said = {"float32": losses(network)}
rounded = torch.autocast("cpu", torch.bfloat16)(network.predict)(torch.zeros(1, 3, 64, 1024))
said["rounded"] = str(rounded["boxes"].dtype)
exact = {"boxes": rounded["boxes"].float(), "scores": rounded["scores"].float(),
         "feats": [part.float() for part in rounded["feats"]]}
said["exact"] = [network.criterion(exact, batch_with_box_at(cell))[0].tolist() for cell in (10, 50)]
predict_in_bfloat16(network, "cpu")
said["bfloat16"] = losses(network)

# Every convolution, and every prediction that the loss reads, as (learning?, type).
seen = {"convolutions": set(), "losses": set()}
convolve, compute = torch.nn.Conv2d.forward, v8DetectionLoss.get_assigned_targets_and_loss
def watched_convolution(self, x):
    y = convolve(self, x)
    seen["convolutions"].add((self.training and y.requires_grad, str(y.dtype)))
    return y
def watched_loss(self, preds, batch, **options):
    learning = preds["boxes"].requires_grad
    for part in (preds["boxes"], preds["scores"], *preds["feats"]):
        seen["losses"].add((learning, str(part.dtype)))
    seen["losses"].add((learning, f"autocast {torch.is_autocast_enabled('cpu')}"))
    found = compute(self, preds, batch, **options)
    for part in (*found[0][2:], found[1]):
        seen["losses"].add((learning, str(part.dtype)))
    return found
torch.nn.Conv2d.forward = watched_convolution
v8DetectionLoss.get_assigned_targets_and_loss = watched_loss

images = np.random.default_rng(0).integers(0, 255, (3, 64, 64), dtype=np.uint8)
names = list("abc")
boxes = pd.DataFrame([(name, "PIP", 8, 8, 40, 40) for name in names],
                     columns=["image_id", "class", *BOX_COLUMNS])
rows = pd.DataFrame({"image_id": names, "patient": names})
splits = pd.DataFrame({"patient": names, "split": ["train", "train", "validation"]})
views = Views(images, np.full_like(images, 255), image_size=64, view="radiograph")
write_detector_set(out / "set", views, rows, boxes, splits, body_part="hand")
settings = DetectorSettings(model=str(out / "tiny.yaml"), image_size=64, batch=2, max_batches=2,
                            precision="bfloat16")
train_detector(out / "set", out=out / "trained", settings=settings, seed=3, threads=1)
said |= {name: sorted(types) for name, types in seen.items()}

# How far batch norms are, in standard deviations and shares of the variance, from a pass over the
# training radiographs with the very weights that are kept.
kept = torch.load(out / "trained" / "best.pt", weights_only=False)["model"]
said["kept"] = sorted({str(value.dtype) for value in kept.state_dict().values()})
def statistics():
    norms = [part for part in kept.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    return [torch.cat(values) for values in zip(*((n.running_mean.clone(), n.running_var.clone())
                                                  for n in norms))]
mean, variance = statistics()
radiographs = torch.from_numpy(images[:2] / np.float32(255))[:, None].repeat(1, 3, 1, 1)
torch.optim.swa_utils.update_bn([radiographs], kept)
true_mean, true_variance = statistics()
off = (mean - true_mean).abs() / true_variance.sqrt(), (variance / true_variance - 1).abs()
said["statistics"] = [float(part.max()) for part in off]

seen["convolutions"].clear()
detect(out / "trained" / "best.pt", views, rows, body_part="hand", image_size=64, confidence=0.0)
said["detection"] = sorted(seen["convolutions"])
(out / "said.json").write_text(json.dumps(said))
"""


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run_script(script: str, out: Path, work: Path, **environment: str) -> None:
    """Run a script in a process of its own; `out` is its argument and has the tiny network."""
    (out / "tiny.yaml").write_text(TINY)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO_", "XDG_", "MPL"))}
    environment = {
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        **environment,
    }
    finished = subprocess.run(
        [sys.executable, "-c", script, str(out)],
        cwd=work,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def precision(tmp_path_factory):
    """What a detector that learns in bfloat16 computes in which precision."""
    out = tmp_path_factory.mktemp("precision")
    run_script(PRECISION_SCRIPT, out, out)
    return json.loads((out / "said.json").read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two equal trainings and a detection; home, temporary files and working directory watched."""
    base = tmp_path_factory.mktemp("detector")
    home, scratch, work, out = (base / name for name in ("home", "scratch", "work", "out"))
    for folder in (home, scratch, work, out):
        folder.mkdir()
    run_script(SCRIPT, out, work, HOME=str(home), TMPDIR=str(scratch))
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


def test_grey_values_that_change_teach_otherwise_and_leave_the_ground_black(run):
    assert (run / "out/grey/best.pt").read_bytes() != (run / "out/one/best.pt").read_bytes()
    assert pd.read_csv(run / "out/grey/history.csv")["mAP50"].notna().iloc[-1]
    moved = (run / "out" / "moved.txt").read_text().split()
    assert [float(value) for value in moved] == [0] * 4 + [255] * 4


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
    for _, radiograph in found.groupby("image_id"):
        assert radiograph["confidence"].is_monotonic_decreasing
    assert found[["x_min", "x_max"]].to_numpy().max() <= 64
    assert found["y_max"].max() > 64  # radiographs' own pixels: 80 high


def test_network_for_small_radiographs_has_an_output_at_stride_8(run):
    assert (run / "out" / "strides.txt").read_text() == "8 16 32"


def test_only_the_layers_of_a_network_that_learns_multiply_in_bfloat16(precision):
    layers = {tuple(pair) for pair in precision["convolutions"]}
    assert layers == {(True, "torch.bfloat16"), (False, "torch.float32")}  # learning, validating
    assert precision["detection"] == [[False, "torch.float32"]]


def test_the_loss_is_computed_in_float32(precision):
    types = {(True, "torch.float32"), (True, "autocast False")}
    types |= {(False, body_part) for _, body_part in types}  # of validation too
    assert {tuple(pair) for pair in precision["losses"]} == types


def test_a_box_costs_the_same_wherever_it_lies(precision):
    """Beyond cell 32 numbers of cells in bfloat16 would be an eighth of a cell off."""
    for how in ("float32", "bfloat16"):
        near, far = precision[how]
        assert min(near) > 0
        assert far == pytest.approx(near, rel=1e-5)


def test_only_predictions_are_rounded_never_the_loss(precision):
    assert precision["rounded"] == "torch.bfloat16"
    assert precision["bfloat16"] == precision["exact"]
    assert precision["bfloat16"][0] != precision["float32"][0]


def test_batch_norms_hold_the_statistics_of_the_weights_that_are_kept(precision):
    assert max(precision["statistics"]) < 1e-3
    assert precision["kept"] == ["torch.float32", "torch.int64"]  # as they were validated


def test_every_radiograph_weighs_the_same_in_the_statistics():
    network = torch.nn.Sequential(torch.nn.BatchNorm2d(1, momentum=0.03))
    radiographs = torch.arange(5.0).reshape(5, 1, 1, 1).repeat(1, 1, 2, 2)
    measure_statistics(network, [radiographs[:4], radiographs[4:]])
    assert network[0].running_mean.item() == pytest.approx(2.0)
    variance = 4 / 5 * radiographs[:4].var().item()  # one radiograph alone has none
    assert network[0].running_var.item() == pytest.approx(variance)
    assert network[0].momentum == 0.03 and not network.training


def test_learning_rate_drops_at_80_and_90_per_cent_as_at_3200_and_3600_of_4000():
    factors = [rate_factor(epoch, 4000) for epoch in (0, 3199, 3200, 3599, 3600, 3999)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert [rate_factor(epoch, 1) for epoch in (0,)] == [1]


def test_about_five_epochs_of_the_second_half_are_validated_the_last_among_them():
    validated = [epoch for epoch in range(100) if is_validated(epoch, 100)]
    assert validated == [59, 69, 79, 89, 99]
    assert [epoch for epoch in range(2) if is_validated(epoch, 2)] == [1]
    assert is_validated(0, 1)


@pytest.mark.parametrize(("model", "weights"), [("yolov9", None), ("yolov3", "absent.pt")])
def test_unknown_model_or_absent_weights_are_refused_before_training(model, weights, tmp_path):
    settings = DetectorSettings(model=model)
    with pytest.raises(UserError, match=r"yolov9|absent\.pt"):
        train_detector(tmp_path, out=tmp_path / "out", settings=settings, seed=0, weights=weights)
