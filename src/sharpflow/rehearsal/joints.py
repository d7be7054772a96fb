"""Rehearsals of the joint pipeline's rules (Tan et al.).

All networks have random weights: pretrained ones take as long.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from sharpflow.anatomy import DETECTOR_CLASSES, MODELS, BodyPart
from sharpflow.files import read_table
from sharpflow.rehearsal.clock import ends_of, seconds_between, seconds_each
from sharpflow.rehearsal.measured import Measured
from sharpflow.rehearsal.phantom import (
    JOINTS,
    Radiographs,
    radiograph_rows,
    standardize_file,
    standardized,
)

# Of a step and of what follows it: validation, which takes as many images at once.
SPLITS = ("train", "validation")
EPOCHS = 10  # of a head, which take moments
CROPS = 128  # that the base takes at once
DETECTED = 16  # radiographs that the detector takes at once


def rehearse_standardize(
    folder: Path, phantom: Path, *, body_part: str, standardize: Mapping[str, Any]
) -> Measured:
    """Read and standardize each radiograph."""
    files = radiograph_rows(phantom, body_part)["file"].tolist()
    seconds = seconds_each(partial(standardize_file, settings=standardize), files)
    return Measured("image", seconds, 1, len(files))


def rehearse_entropy_masks(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    standardize: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Measured:
    """Mask each radiograph by entropy, and measure the mask."""
    from sharpflow.joints.masks.entropy_masks import entropy_mask
    from sharpflow.joints.masks.quality import mask_quality

    def mask(number: int) -> None:
        radiograph = radiographs.images[number]
        mask_quality(radiograph, entropy_mask(radiograph, **settings))

    radiographs = standardized(phantom, body_part, standardize)
    numbers = range(len(radiographs.rows))
    return Measured("image", seconds_each(mask, numbers), 1, len(numbers))


def rehearse_unet(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    standardize: Mapping[str, Any],
    settings: Mapping[str, Any],
    steps: int,
    seed: int,
) -> Measured:
    """Training steps of a U-Net, and a validation."""
    import keras

    from sharpflow.joints.masks.unet_training import (
        UNetSettings,
        choose_training_data,
        train_unet,
    )

    asked = UNetSettings(**settings)
    radiographs = _for_training(standardized(phantom, body_part, standardize), asked, steps)
    training, validation = (
        choose_training_data(
            radiographs.images,
            radiographs.masks,
            radiographs.rows.assign(chosen=True),
            split=split,
            height=asked.height,
            width=asked.width,
        )
        for split in SPLITS
    )
    with ends_of(keras.Model, "train_on_batch") as ends:
        train_unet(
            training,
            validation,
            body_part=BodyPart(body_part),
            settings=replace(asked, epochs=1),
            seed=seed,
            checkpoints=folder,
        )
    return Measured("step", seconds_between(ends), asked.batch, steps)


def rehearse_segment(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    standardize: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Measured:
    """Masks of a batch of radiographs."""
    import keras

    from sharpflow.joints.masks.unet import build_unet
    from sharpflow.joints.masks.unet_prediction import predict_masks

    sizes = {name: settings[name] for name in ("height", "width", "filters", "kernels")}
    build_unet(**sizes).save(folder / "model.keras")
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    batch = settings["batch"]
    images = standardized(phantom, body_part, standardize).copies(batch).images
    seconds = seconds_each(partial(predict_masks, model, batch=batch), [images])
    return Measured("image", seconds / batch, 1, batch)


def rehearse_detector(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    standardize: Mapping[str, Any],
    settings: Mapping[str, Any],
    steps: int,
    seed: int,
) -> Measured:
    """Training steps of a detector, and a validation."""
    from sharpflow.joints.detection.dataset import write_detector_set
    from sharpflow.joints.detection.offline import import_ultralytics
    from sharpflow.joints.detection.training import DetectorSettings, train_detector
    from sharpflow.joints.detection.views import Views

    asked = DetectorSettings(**settings)
    radiographs = _for_training(standardized(phantom, body_part, standardize), asked, steps)
    write_detector_set(
        folder / "radiographs",
        Views(radiographs.images, radiographs.masks, image_size=asked.image_size, view=asked.view),
        radiographs.rows,
        radiographs.boxes,
        radiographs.rows[["patient", "split"]],
        body_part=BodyPart(body_part),
    )
    import_ultralytics(folder / ".ultralytics")
    # Imports ultralytics, which is ready only now.
    from sharpflow.joints.detection.trainer import DetectorTrainer

    with ends_of(DetectorTrainer, "optimizer_step") as ends:
        train_detector(
            folder / "radiographs",
            out=folder,
            settings=replace(asked, max_batches=steps),
            seed=seed,
        )
    return Measured("step", seconds_between(ends), asked.batch, steps)


def rehearse_detect(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    standardize: Mapping[str, Any],
    model: str,
    image_size: int,
    view: Any,
    confidence: float,
) -> Measured:
    """Find joints on a batch of radiographs; loading the network counts."""
    from sharpflow.joints.detection.detect import detect
    from sharpflow.joints.detection.offline import import_ultralytics
    from sharpflow.joints.detection.training import _keep_weights, _network
    from sharpflow.joints.detection.views import Views

    import_ultralytics(folder / ".ultralytics")
    # Imports ultralytics, which is ready only now.
    from ultralytics.nn.tasks import DetectionModel

    classes = DETECTOR_CLASSES[BodyPart(body_part)]
    network = DetectionModel(_network(model), nc=len(classes), verbose=False)
    network.args = SimpleNamespace(task="detect", imgsz=image_size)
    _keep_weights(network, folder / "best.pt")
    radiographs = standardized(phantom, body_part, standardize).copies(DETECTED)
    views = Views(radiographs.images, radiographs.masks, image_size=image_size, view=view)
    find = partial(
        detect,
        folder / "best.pt",
        views,
        body_part=BodyPart(body_part),
        image_size=image_size,
        confidence=confidence,
    )
    return Measured("image", seconds_each(find, [radiographs.rows]) / DETECTED, 1, DETECTED)


def rehearse_synthetic_joints(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    radiograph_height: int,
    clahe: Mapping[str, Any],
    images: int,
    seed: int,
) -> Measured:
    """Make as many joints as there are images."""
    make = partial(_synthetic_joints, body_part, radiograph_height, clahe, seed=seed)
    return Measured("joint", seconds_each(make, [images]) / images, 1, images)


def rehearse_base(
    folder: Path,
    phantom: Path,
    *,
    body_parts: list[str],
    radiograph_height: int,
    clahe: Mapping[str, Any],
    settings: Mapping[str, Any],
    crops: Mapping[str, Any],
    images: int,
    steps: int,
    seed: int,
) -> Measured:
    """Training steps of VGG16's base, and a validation."""
    import keras

    from sharpflow.joints.scoring.base_training import BaseSettings, train_base
    from sharpflow.joints.scoring.crops import CropSettings
    from sharpflow.joints.scoring.synthetic_joints import SyntheticJoints

    asked, cut = BaseSettings(**settings), CropSettings(**crops)
    made = [
        _synthetic_joints(body_part, radiograph_height, clahe, images, seed=seed)
        for body_part in body_parts
    ]

    def joints(n: int) -> SyntheticJoints:
        """`n` of each body part or, together, a few more than asked for."""
        numbers = np.resize(np.arange(images), -(-n // len(made)))
        return SyntheticJoints(
            [patches[numbers] for patches, _ in made],
            [rows.iloc[numbers].reset_index(drop=True) for _, rows in made],
        )

    training, validation = joints(steps * asked.batch), joints(CROPS)
    with ends_of(keras.Model, "train_on_batch") as ends:
        train_base(
            partial(training.crop, cut, vary=True),
            training.scores,
            validation.crop(cut, np.random.default_rng(seed), vary=False),
            validation.scores,
            size=cut.size,
            settings=replace(asked, epochs=1),
            seed=seed,
            checkpoints=folder,
        )
    return Measured("step", seconds_between(ends), asked.batch, len(ends))


def rehearse_features(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    radiograph_height: int,
    clahe: Mapping[str, Any],
    crops: Mapping[str, Any],
    images: int,
    seed: int,
) -> Measured:
    """Features of a batch of crops."""
    import keras

    from sharpflow.joints.scoring.crops import CropSettings, crop_boxes
    from sharpflow.joints.scoring.features import extract_features
    from sharpflow.joints.scoring.vgg16 import build_base

    settings = CropSettings(**crops)
    patches, rows = _synthetic_joints(body_part, radiograph_height, clahe, images, seed=seed)
    cut = crop_boxes(patches, rows, settings.size, settings.margin)
    build_base(None, settings.size).save(folder / "base.keras")
    base = keras.saving.load_model(folder / "base.keras", compile=False)
    batch = cut[np.resize(np.arange(images), CROPS)]
    seconds = seconds_each(partial(extract_features, base), [batch])
    return Measured("crop", seconds / CROPS, 1, CROPS)


def rehearse_head(
    folder: Path,
    phantom: Path,
    *,
    model: str,
    settings: Mapping[str, Any],
    radiographs: int,
    seed: int,
) -> Measured:
    """Epochs of a head, on as many joints as the study's, with scores as the phantom's."""
    from sharpflow.joints.scoring.head_training import HeadSettings
    from sharpflow.joints.scoring.heads import ScoredJoints, train_heads
    from sharpflow.training import epochs

    damage, body_part = MODELS[model]
    joints = read_table(phantom / JOINTS / "truth" / "joints.csv")
    own = radiograph_rows(phantom, body_part)["image_id"]
    scored = joints[joints["image_id"].isin(own)].dropna(subset=["class", damage])
    n = radiographs * len(scored) // len(own)
    random = np.random.default_rng(seed)
    chosen = random.choice(scored[damage].to_numpy(np.int64), n)
    # Every tenth validates; the test joints are trained on here.
    split = np.where(np.arange(n) % 10 == 0, "validation", "train")
    rows = pd.DataFrame(
        {"image_id": "", "patient": "", "visit": "", "limb": "", "joint": ""}, range(n)
    )
    with ends_of(epochs, "_run_epoch") as ends:
        train_heads(
            ScoredJoints(
                rows.assign(split=split), random.random((n, 512), dtype=np.float32), chosen
            ),
            name=model,
            settings=replace(HeadSettings(**settings), epochs=EPOCHS, seeds=1),
            seed=seed,
            checkpoints=folder,
        )
    return Measured("epoch", seconds_between(ends), 1, EPOCHS)


def _for_training(radiographs: Radiographs, settings: Any, steps: int) -> Radiographs:
    """As many copies as these steps take, and a batch more to validate; `split` in the rows."""
    batch = settings.batch
    copies = radiographs.copies((steps + 1) * batch)
    split = [SPLITS[0]] * (steps * batch) + [SPLITS[1]] * batch
    return replace(copies, rows=copies.rows.assign(split=split))


def _synthetic_joints(
    body_part: str, height: int, clahe: Mapping[str, Any], joints: int, *, seed: int
) -> Any:
    """Patches, and their rows."""
    from sharpflow.joints.scoring.synthetic_joints import make_training_joints

    return make_training_joints(
        joints,
        body_part=BodyPart(body_part),
        seed=seed,
        height=height,
        clahe_clip=clahe["clip_limit"],
        clahe_grid=clahe["grid"],
    )
