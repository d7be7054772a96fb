"""Small trainings on the backend that KERAS_BACKEND names; test_backends runs it once for each.

    python backend_trainings.py OUT [OTHER]

Without OTHER it makes networks to start from; with the OUT of another backend's run it starts from
that one's, and predicts with the models which that one trained.
"""

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.metrics import balanced_accuracy_score

from sharpflow.anatomy import BodyPart
from sharpflow.hardware import keep_tensorflow_out
from sharpflow.joints.masks.unet import build_unet
from sharpflow.joints.masks.unet_prediction import as_input, predict_probabilities
from sharpflow.joints.masks.unet_training import MaskedImages, UNetSettings, train_unet
from sharpflow.joints.scoring.base_training import ALL_BITS, masked_loss
from sharpflow.joints.scoring.features import extract_features, network_input
from sharpflow.joints.scoring.head_training import HeadSettings, predict_scores, train_head
from sharpflow.joints.scoring.ordinal import encode
from sharpflow.joints.scoring.vgg16 import build_base, build_head
from sharpflow.training.epochs import train_epochs

RADIOGRAPH = (24, 24)
CLASSES = 3
UNET = UNetSettings(
    height=24,
    width=24,
    filters=4,
    kernels=(3,),
    epochs=10,
    batch=4,
    learning_rate=1e-2,
    patience=10,
    flip=True,
    brightness=0.1,
)
HEAD = HeadSettings(
    epochs=40,
    batch=32,
    learning_rate=5e-3,
    keep="last",
    averaged_share=0.1,
    dropout=0.0,  # each backend draws its own
)


def radiographs(count: int, seed: int) -> tuple[Any, Any]:
    """Bright discs on a dark, noisy ground, and their masks."""
    random = np.random.default_rng(seed)
    y, x = np.indices(RADIOGRAPH)
    middle = random.uniform(9, 15, (2, count, 1, 1))
    masks = np.where((y - middle[0]) ** 2 + (x - middle[1]) ** 2 < 50, 255, 0).astype(np.uint8)
    grey = np.where(masks > 0, 140, 60) + random.normal(0, 15, masks.shape)
    return np.clip(grey, 0, 255).astype(np.uint8), masks


def joints(count: int, seed: int) -> tuple[Any, Any]:
    """Features of which some rise with the score, and the scores."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, CLASSES, count)
    features = random.normal(0, 1, (count, 512)).astype(np.float32)
    features[:, :60] += scores[:, None].astype(np.float32)
    return features, scores


def starts(folder: Path, *, make: bool) -> dict[str, Any]:
    """Untrained networks, compiled; the folder's, so that two backends start from the same."""
    if make:
        keras.utils.set_random_seed(1)
        build_unet(*RADIOGRAPH, filters=4, kernels=(3,)).save(folder / "start_unet.keras")
        build_head(CLASSES).save(folder / "start_head.keras")
        build_base(None, 32).save(folder / "base.keras")
    models = {name: keras.saving.load_model(folder / f"start_{name}.keras") for name in INPUTS}
    for model in models.values():
        model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", jit_compile=False)
    return models


IMAGES, MASKS = radiographs(16, 1)
FEATURES, SCORES = joints(64, 1)
INPUTS = {"unet": as_input(IMAGES), "head": FEATURES}
TARGETS = {"unet": as_input(MASKS), "head": encode(SCORES, CLASSES)}


def losses(name: str, model: Any) -> list[float]:
    """Of three epochs from the start that both backends share."""
    x, y = INPUTS[name], TARGETS[name]

    def batches(_epoch: int, random: np.random.Generator) -> Any:
        for rows in random.permutation(len(x)).reshape(-1, 8):
            yield x[rows], y[rows]

    history = train_epochs(model, batches, epochs=3, seed=5, monitor="loss", keep="last")
    return history["loss"].tolist()


def trained(out: Path, seed: int) -> dict[str, float]:
    """Train both as the workflow does; gives what the tables would show."""
    unet, history = train_unet(
        MaskedImages(*radiographs(16, 2)),
        MaskedImages(*radiographs(8, 3)),
        body_part=BodyPart.HAND,
        settings=UNET,
        seed=seed,
    )
    unet.save(out / "model.keras")
    head, _, _ = train_head(
        *joints(400, 4), *joints(60, 5), classes=CLASSES, settings=HEAD, seed=seed
    )
    head.save(out / "head.keras")
    features, scores = joints(300, 6)
    return {
        "dice": float(history["validation_dice"].max()),
        "balanced_accuracy": float(balanced_accuracy_score(scores, predict_scores(head, features))),
    }


def predictions(folder: Path) -> dict[str, Any]:
    """What the models that a run trained say, on this backend."""
    unet, head, base = (
        keras.saving.load_model(folder / f"{name}.keras", compile=False)
        for name in ("model", "head", "base")
    )
    crops = np.random.default_rng(7).integers(0, 256, (4, 32, 32), dtype=np.uint8)
    assert network_input(crops).shape == (4, 32, 32, 3)
    return {
        "unet": predict_probabilities(unet, as_input(radiographs(4, 8)[0]), 4),
        "head": np.asarray(head.predict(joints(50, 9)[0], verbose=0)),
        "base": extract_features(base, crops),
    }


def loss_on_a_device() -> None:
    """As on a GPU, whose tensors numpy cannot touch; "meta" is torch's stand-in for any device."""
    arrays = np.zeros((2, 4, ALL_BITS), np.float32)
    with keras.device("meta"):
        assert masked_loss(*arrays).shape == (4,)


def main(out: Path, other: Path | None) -> None:
    """Write what test_backends compares."""
    keep_tensorflow_out()
    if keras.backend.backend() == "torch":
        loss_on_a_device()
    models = starts(other or out, make=other is None)
    numbers = {
        "backend": keras.backend.backend(),
        "tensorflow": bool(sys.modules.get("tensorflow")),
        "losses": {name: losses(name, model) for name, model in models.items()},
        "metrics": trained(out, seed=1),
    }
    if other:
        build_base(None, 32).save(out / "base.keras")
        np.savez(out / "others.npz", **predictions(other))
    np.savez(out / "own.npz", **predictions(out))
    (out / "numbers.json").write_text(json.dumps(numbers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
