"""Training of whole-image networks: resumes to the same bytes, keeps the best, freezes for good."""

import io
import os
import signal
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from sharpflow.errors import UserError
from sharpflow.imaging.shards import ImageStack
from sharpflow.training.time_limit import OutOfTime, Stopped
from sharpflow.whole_image.data.batches import Batches, epoch_order, full_batches
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.networks.layout import full_float32
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.training.lightning_module import WholeImageModule, rate_factor
from sharpflow.whole_image.training.losses import LOSSES
from sharpflow.whole_image.training.predictions import (
    encode_targets,
    load_network,
    predict_images,
    predict_outputs,
)
from sharpflow.whole_image.training.settings import TrainingSettings
from sharpflow.whole_image.training.train import train_network

SPLITS = np.array(["train"] * 17 + ["validation"] * 6 + ["test"] * 3)
TOTALS = np.random.default_rng(1).uniform(0, 150, len(SPLITS))
# Brighter with a larger total, over noise.
IMAGES = (
    np.random.default_rng(2).integers(0, 80, (len(SPLITS), 32, 32)) + TOTALS[:, None, None]
).astype(np.uint8)
STATISTICS = {"pixel_mean": 0.45, "pixel_sd": 0.2, "target_mean": 75.0, "target_sd": 40.0}


def test_the_rate_rises_over_a_tenth_of_the_run_then_falls_to_almost_nothing() -> None:
    shares = [rate_factor("cosine", step, 100) for step in range(100)]
    assert shares[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert shares[9] == max(shares)
    assert shares[54] == pytest.approx(0.5, abs=0.02)
    assert 0 < shares[-1] < 0.001
    assert {rate_factor("constant", step, 100) for step in range(100)} == {1.0}


def network_experiment(name: str) -> NetworkExperiment:
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, NetworkExperiment)
    return experiment


def train(
    folder: Path,
    experiment: str | NetworkExperiment = "total-mobilenetv2-mse-batch4",
    **options: Any,
) -> pd.DataFrame:
    """Train with `options`: settings of the training, or other arguments of train_network."""
    options = {"epochs": 4, "precision": "float32", "seed": 7, "threads": 1} | options
    names = {field.name for field in fields(TrainingSettings)} & set(options)
    settings = TrainingSettings(**{name: options.pop(name) for name in names})
    return train_network(
        network_experiment(experiment) if isinstance(experiment, str) else experiment,
        options.pop("images", IMAGES),
        TOTALS,
        options.pop("splits", SPLITS),
        STATISTICS,
        settings=settings,
        out=folder,
        checkpoints=folder / "checkpoints",
        **options,
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return folder


def same_model(one: Path, other: Path) -> bool:
    return (one / "model.pt").read_bytes() == (other / "model.pt").read_bytes()


def without_times(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "history.csv").drop(columns=["seconds", "images_per_second"])


def test_a_run_that_ran_out_of_time_each_epoch_ends_with_the_same_bytes(
    unbroken: Path, tmp_path: Path
):
    for done in (1, 2, 3):
        with pytest.raises(OutOfTime, match=f"{done} of 4 epochs are done.*it goes on there"):
            train(tmp_path, time_budget=0.0)
        assert not (tmp_path / "model.pt").exists()
    train(tmp_path, time_budget=0.0)
    assert same_model(unbroken, tmp_path)
    pd.testing.assert_frame_equal(without_times(unbroken), without_times(tmp_path))


def interrupt_in_third_epoch(monkeypatch: pytest.MonkeyPatch, action: Any) -> None:
    step = WholeImageModule.training_step

    def interrupted(self: WholeImageModule, batch: Any, index: int) -> torch.Tensor:
        if (self.epoch, index) == (3, 2):
            action()
        return step(self, batch, index)

    monkeypatch.setattr(WholeImageModule, "training_step", interrupted)


def fail() -> None:
    raise RuntimeError("the machine went away")


@pytest.mark.parametrize(
    ("action", "error"),
    [(fail, RuntimeError), (lambda: os.kill(os.getpid(), signal.SIGTERM), Stopped)],
)
def test_a_run_stopped_within_an_epoch_ends_with_the_same_bytes(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Any, error: Any
):
    with monkeypatch.context() as patch:
        interrupt_in_third_epoch(patch, action)
        with pytest.raises(error):
            train(tmp_path)
    train(tmp_path)
    assert same_model(unbroken, tmp_path)


def test_adamw_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings: dict[str, Any] = {"optimizer": "AdamW", "learning_rate": 1e-3, "epochs": 3}
    train(tmp_path / "unbroken", **settings)
    with monkeypatch.context() as patch:
        interrupt_in_third_epoch(patch, fail)
        with pytest.raises(RuntimeError):
            train(tmp_path / "broken", **settings)
    train(tmp_path / "broken", **settings)
    assert same_model(tmp_path / "unbroken", tmp_path / "broken")
    train(tmp_path / "sgd", **settings | {"optimizer": "SGD"})
    assert not same_model(tmp_path / "unbroken", tmp_path / "sgd")


def test_two_processes_share_a_training_that_goes_on_with_one(tmp_path: Path):
    # As in a Slurm job, which Lightning would otherwise take for one of its own.
    slurm = {"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "train", "SLURM_PROCID": "0"}
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "tests/unit/two_devices.py", str(tmp_path)],
        cwd=root,
        env=os.environ | slurm | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = (tmp_path / "log.txt").read_text()
    assert ended.returncode == 1
    assert "1 of 2 epochs are done and kept" in ended.stderr, said
    assert "Traceback" not in said
    assert said.count("validation_loss") == 1  # of one process
    history = train(tmp_path, epochs=2)
    assert list(history["epoch"]) == [1, 2]
    assert (tmp_path / "model.pt").exists()


def test_frozen_stages_do_not_change_and_resume_too(tmp_path: Path):
    name = "severity-mobilenetv2-irbs3"
    train(tmp_path / "months", "bone-age-mobilenetv2", epochs=1)
    start = tmp_path / "months" / "model.pt"
    train(tmp_path / "a", name, start=start, epochs=2)
    with pytest.raises(OutOfTime):
        train(tmp_path / "b", name, start=start, epochs=2, time_budget=0.0)
    train(tmp_path / "b", name, start=start, epochs=2)
    assert same_model(tmp_path / "a", tmp_path / "b")
    before, after = (torch.load(p, weights_only=True) for p in (start, tmp_path / "a" / "model.pt"))
    frozen = tuple(f"features.{block}." for block in range(7))
    for key, value in after.items():
        if key.startswith("features."):  # weights and batch norms' statistics alike
            assert torch.equal(value, before[key]) == key.startswith(frozen), key


def test_two_runs_agree_and_another_seed_does_not(unbroken: Path, tmp_path: Path):
    stack = ImageStack([IMAGES[:9], IMAGES[9:]])
    train(tmp_path / "same", images=stack)
    train(tmp_path / "other", seed=8, epochs=1)
    assert same_model(unbroken, tmp_path / "same")
    assert not same_model(unbroken, tmp_path / "other")


def test_the_best_epoch_is_kept(unbroken: Path):
    experiment = network_experiment("total-mobilenetv2-mse-batch4")
    rows = pd.DataFrame({"image_id": range(len(SPLITS)), "patient": "p", "split": SPLITS})
    table = predict_images(
        experiment,
        unbroken / "model.pt",
        IMAGES,
        rows,
        targets=TOTALS,
        statistics=STATISTICS,
        settings=TrainingSettings(epochs=4),
        threads=1,
    )
    seen = table[table["split"] == "validation"]
    loss = (((seen["true"] - seen["predicted"]) / 40) ** 2).mean()
    history = pd.read_csv(unbroken / "history.csv")
    assert loss == pytest.approx(history["validation_loss"].min(), rel=1e-4)
    assert (table["true"] == TOTALS).all()


def test_the_history_and_nothing_else_is_written(unbroken: Path):
    history = pd.read_csv(unbroken / "history.csv")
    assert list(history.columns) == [
        "epoch",
        "learning_rate",
        "loss",
        "validation_loss",
        "seconds",
        "images_per_second",
    ]
    assert list(history["epoch"]) == [1, 2, 3, 4]
    assert (history["learning_rate"] == 0.001).all()
    files = sorted(str(p.relative_to(unbroken)) for p in unbroken.rglob("*") if p.is_file())
    assert files == ["checkpoints/last.ckpt", "history.csv", "model.pt"]


def test_the_bar_counts_on_where_a_training_was_stopped(unbroken: Path, tmp_path: Path):
    with pytest.raises(OutOfTime):
        train(tmp_path, time_budget=0)
    terminal = io.StringIO()
    train(tmp_path, terminal=terminal)
    _, first, *_ = terminal.getvalue().split("\r")
    steps = len(full_batches(np.flatnonzero(SPLITS == "train"), 4))
    assert "total-mobilenetv2-mse-batch4:  25%" in first
    assert f"{steps}/{4 * steps}" in first
    assert "epoch 4 of 4" in terminal.getvalue()
    assert same_model(unbroken, tmp_path)


def test_it_learns_brightness(tmp_path: Path):
    totals = np.random.default_rng(1).uniform(0, 150, 60)
    images = np.random.default_rng(2).integers(0, 80, (60, 48, 48)) + totals[:, None, None]
    history = train_network(
        network_experiment("severity-mobilenetv2-batch4"),
        images.astype(np.uint8),
        totals,
        ["train"] * 48 + ["validation"] * 12,
        STATISTICS,
        settings=TrainingSettings(epochs=5, learning_rate=3e-4, precision="float32"),
        out=tmp_path,
        checkpoints=tmp_path,
        seed=7,
        threads=1,
    )
    assert history["loss"].iloc[-1] < 0.9 * history["loss"].iloc[0]
    assert history["validation_loss"].iloc[-1] < history["validation_loss"].iloc[0]


def test_ordinal_and_balanced_rows_train(tmp_path: Path):
    for extra in ("ordinal", "balanced"):
        experiment = network_experiment(f"severity-resnet34-finetuned-{extra}")
        experiment = replace(experiment, network="mobilenetv2", start=None)  # smaller
        train(tmp_path / extra, experiment, epochs=1)
        rows = pd.DataFrame({"image_id": range(len(SPLITS)), "patient": "p", "split": SPLITS})
        table = predict_images(
            experiment,
            tmp_path / extra / "model.pt",
            IMAGES,
            rows,
            targets=TOTALS,
            statistics=STATISTICS,
            settings=TrainingSettings(epochs=1),
        )
        outputs = table[[f"output_{k}" for k in range(10)]].to_numpy()
        assert (table["true"] == class_of(TOTALS)).all()
        if extra == "ordinal":
            bits = (outputs >= 0).cumprod(axis=1)
            assert (table["predicted"] == np.maximum(bits.sum(axis=1) - 1, 0)).all()
        else:
            assert (table["predicted"] == outputs.argmax(axis=1)).all()


def test_validation_loss_of_the_smooth_loss_is_one_root_over_all_images(tmp_path: Path):
    name = "total-mobilenetv2-smooth-batch4"
    history = train(tmp_path, name, epochs=1)
    network = load_network(network_experiment(name), tmp_path / "model.pt")
    seen = SPLITS == "validation"
    x = torch.from_numpy((IMAGES[seen] / 255 - 0.45) / 0.2).float()[:, None]
    targets = torch.from_numpy(encode_targets("total", TOTALS[seen], STATISTICS))
    with torch.inference_mode():
        loss = LOSSES["smooth"](network(x), targets).item()
    assert history["validation_loss"].iloc[0] == pytest.approx(loss, rel=1e-3)


def test_what_trained_in_bfloat16_is_judged_and_predicts_in_float32(tmp_path: Path):
    name = "total-mobilenetv2-mse-batch4"
    history = train(tmp_path, name, epochs=1, precision="bfloat16")
    network = load_network(network_experiment(name), tmp_path / "model.pt")
    x = torch.from_numpy((IMAGES / 255 - 0.45) / 0.2).float()[:, None]
    targets = torch.from_numpy(encode_targets("total", TOTALS, STATISTICS))
    seen = SPLITS == "validation"
    with torch.inference_mode():
        outputs = network(x)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network(x)
    losses = [LOSSES["mse"](out[seen], targets[seen]).item() for out in (outputs, rounded)]
    assert losses[1] != pytest.approx(losses[0], rel=1e-5)  # bfloat16 would show
    assert history["validation_loss"].iloc[0] == pytest.approx(losses[0], rel=1e-5)
    predicted = predict_outputs(network_experiment(name), network, IMAGES, STATISTICS)
    np.testing.assert_allclose(predicted, outputs.numpy(), rtol=1e-4, atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        again = predict_outputs(network_experiment(name), network, IMAGES, STATISTICS)
    np.testing.assert_array_equal(predicted, again)


def test_float32_is_neither_cast_nor_rounded_to_tf32():
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    before = convolutions.allow_tf32, products.allow_tf32
    with torch.autocast("cpu", torch.bfloat16):
        with full_float32("cpu"):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
            assert not (convolutions.allow_tf32 or products.allow_tf32)
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    assert (convolutions.allow_tf32, products.allow_tf32) == before


def test_activation_checkpointing_trains_the_same_network(unbroken: Path, tmp_path: Path):
    train(tmp_path, activation_checkpointing=True)
    assert same_model(unbroken, tmp_path)


def test_too_few_images_are_refused(tmp_path: Path):
    splits = np.where(SPLITS == "validation", "test", SPLITS)
    with pytest.raises(UserError, match="17 images to train on and 0 to validate on"):
        train(tmp_path, splits=splits)


def test_devices_that_are_not_there_or_cannot_share_a_batch_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(UserError, match="3 devices cannot share a batch of 4"):
        train(tmp_path, devices=3)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match=r"`whole_image: devices` is 2, but this job sees 1 GPU"):
        train(tmp_path, devices=2)


def test_weights_to_start_from_must_fit_the_row(unbroken: Path, tmp_path: Path):
    with pytest.raises(UserError, match="starts from bone-age-resnet34, but"):
        train(tmp_path, "total-resnet34-rbs1")
    with pytest.raises(UserError, match="of another network"):
        train(tmp_path, "total-resnet34-rbs1", start=unbroken / "model.pt")
    with pytest.raises(UserError, match="starts from random weights"):
        train(tmp_path, start=unbroken / "model.pt")


def test_a_checkpoint_of_something_else_is_refused(unbroken: Path, tmp_path: Path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(b"nothing")
    with pytest.raises(UserError, match="delete its folder"):
        train(tmp_path)
    with pytest.raises(UserError, match="ended after 4 epochs, not 5"):
        train(unbroken, epochs=5)


def test_orders_of_an_epoch():
    classes = np.array([0] * 90 + [1] * 10)
    shuffled = epoch_order(classes, np.random.default_rng(1), "shuffled")
    assert sorted(shuffled) == list(range(100))
    balanced = np.concatenate(
        [epoch_order(classes, np.random.default_rng(k), "balanced") for k in range(50)]
    )
    assert classes[balanced].mean() == pytest.approx(0.5, abs=0.03)  # SD 0.007


def test_only_full_batches():
    assert full_batches(np.arange(17), 4).shape == (4, 4)
    assert full_batches(np.arange(3), 4).tolist() == [[0, 1, 2]]


def test_batches_come_in_order_and_stop_when_nobody_asks():
    batches = Batches(IMAGES, torch.arange(len(IMAGES)), list(full_batches(np.arange(26), 5)))
    seen = list(batches)
    assert len(seen) == len(batches) == 5
    assert torch.cat([targets for _, targets in seen]).tolist() == list(range(25))
    assert np.array_equal(torch.cat([images for images, _ in seen]).numpy(), IMAGES[:25])
    images, _ = next(iter(batches))
    assert len(images) == 5
