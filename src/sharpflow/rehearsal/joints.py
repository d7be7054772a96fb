"""Rehearsals of the joint pipeline's rules (Tan et al.).

Each is given a folder to write to and that of the phantom images (see `images`). All networks have
random weights: pretrained ones take as long.
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
from sharpflow.rehearsal.clock import ends_of, seconds_between, seconds_each
from sharpflow.rehearsal.images import numbers_of_copies, radiographs, synthetic_joints
from sharpflow.rehearsal.measured import Measured

EPOCHS = 10  # of a head, which take moments
CROPS = 128  # that the base takes at once
DETECTED = 16  # radiographs that the detector takes at once


def rehearse_standardize(
    folder: Path, phantom: Path, *, body_part: str, settings: Mapping[str, Any]
) -> Measured:
    """Read and standardize each radiograph."""
    from sharpflow.rehearsal.phantom import standardize_file

    files = [phantom / file for file in radiographs(phantom, body_part).rows["file"]]
    standardize = partial(standardize_file, settings=settings, body_part=body_part)
    return Measured("image", seconds_each(standardize, files), 1, len(files))


def rehearse_entropy_masks(
    folder: Path, phantom: Path, *, body_part: str, settings: Mapping[str, Any]
) -> Measured:
    """Mask each radiograph by entropy, and measure the mask."""
    from sharpflow.joints.masks.entropy_masks import entropy_mask
    from sharpflow.joints.masks.quality import mask_quality

    def mask(number: int) -> None:
        mask_quality(images[number], entropy_mask(images[number], **settings))

    images = radiographs(phantom, body_part).images
    return Measured("image", seconds_each(mask, range(len(images))), 1, len(images))


def rehearse_unet(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
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
    shown = radiographs(phantom, body_part).for_training(asked.batch, steps)
    training, validation = (
        choose_training_data(
            shown.images,
            shown.masks,
            shown.rows.assign(chosen=True),
            split=split,
            height=asked.height,
            width=asked.width,
        )
        for split in ("train", "validation")
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
    folder: Path, phantom: Path, *, body_part: str, settings: Mapping[str, Any]
) -> Measured:
    """Masks of a batch of radiographs."""
    import keras

    from sharpflow.joints.masks.unet import build_unet
    from sharpflow.joints.masks.unet_prediction import predict_masks

    sizes = {name: settings[name] for name in ("height", "width", "filters", "kernels")}
    build_unet(**sizes).save(folder / "model.keras")
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    batch = settings["batch"]
    images = radiographs(phantom, body_part).copies(batch).images
    seconds = seconds_each(partial(predict_masks, model, batch=batch), [images])
    return Measured("image", seconds / batch, 1, batch)


def rehearse_detector(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
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
    shown = radiographs(phantom, body_part).for_training(asked.batch, steps)
    write_detector_set(
        folder / "radiographs",
        Views(shown.images, shown.masks, image_size=asked.image_size, view=asked.view),
        shown.rows,
        shown.boxes,
        shown.rows[["patient", "split"]],
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
    model: str,
    image_size: int,
    view: Any,
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
    shown = radiographs(phantom, body_part).copies(DETECTED)
    find = partial(
        detect,
        folder / "best.pt",
        Views(shown.images, shown.masks, image_size=image_size, view=view),
        body_part=BodyPart(body_part),
        image_size=image_size,
    )
    return Measured("image", seconds_each(find, [shown.rows]) / DETECTED, 1, DETECTED)


def rehearse_synthetic_joints(
    folder: Path,
    phantom: Path,
    *,
    body_part: str,
    radiograph_height: int,
    clahe: Mapping[str, Any],
    joints: int,
    seed: int,
) -> Measured:
    """Make a few joints."""
    from sharpflow.joints.scoring.synthetic_joints import make_training_joints

    make = partial(
        make_training_joints,
        body_part=BodyPart(body_part),
        seed=seed,
        height=radiograph_height,
        clahe_clip=clahe["clip_limit"],
        clahe_grid=clahe["grid"],
    )
    return Measured("joint", seconds_each(make, [joints]) / joints, 1, joints)


def rehearse_base(
    folder: Path,
    phantom: Path,
    *,
    body_parts: list[str],
    settings: Mapping[str, Any],
    crops: Mapping[str, Any],
    steps: int,
    seed: int,
) -> Measured:
    """Training steps of VGG16's base, and a validation."""
    import keras

    from sharpflow.joints.scoring.base_training import BaseSettings, train_base
    from sharpflow.joints.scoring.crops import CropSettings
    from sharpflow.joints.scoring.synthetic_joints import SyntheticJoints

    asked, cut = BaseSettings(**settings), CropSettings(**crops)
    made = [synthetic_joints(phantom, body_part) for body_part in body_parts]

    def joints(n: int) -> SyntheticJoints:
        """`n` of all body parts together or, where that cannot be shared out, a few more."""
        numbers = [numbers_of_copies(len(rows), -(-n // len(made))) for _, rows in made]
        return SyntheticJoints(
            [patches[chosen] for (patches, _), chosen in zip(made, numbers, strict=True)],
            [rows.iloc[chosen] for (_, rows), chosen in zip(made, numbers, strict=True)],
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
    folder: Path, phantom: Path, *, body_part: str, crops: Mapping[str, Any]
) -> Measured:
    """Features of a batch of crops."""
    import keras

    from sharpflow.joints.scoring.crops import CropSettings, crop_boxes
    from sharpflow.joints.scoring.features import extract_features
    from sharpflow.joints.scoring.vgg16 import build_base

    settings = CropSettings(**crops)
    patches, rows = synthetic_joints(phantom, body_part)
    cut = crop_boxes(patches, rows, settings.size, settings.margin)
    build_base(None, settings.size).save(folder / "base.keras")
    base = keras.saving.load_model(folder / "base.keras", compile=False)
    batch = cut[numbers_of_copies(len(cut), CROPS)]
    return Measured(
        "crop", seconds_each(partial(extract_features, base), [batch]) / CROPS, 1, CROPS
    )


def rehearse_head(
    folder: Path,
    phantom: Path,
    *,
    model: str,
    settings: Mapping[str, Any],
    n_radiographs: int,
    seed: int,
) -> Measured:
    """Epochs of a head, on as many joints as the study's, with scores as the phantom's."""
    from sharpflow.joints.scoring.head_training import HeadSettings
    from sharpflow.joints.scoring.heads import ScoredJoints, train_heads
    from sharpflow.training import epochs

    damage, body_part = MODELS[model]
    shown = radiographs(phantom, body_part)
    scores = shown.boxes[damage].dropna().to_numpy(np.int64)
    n = n_radiographs * len(scores) // len(shown.rows)
    random = np.random.default_rng(seed)
    # Every tenth validates; the test joints are trained on here.
    split = np.where(np.arange(n) % 10 == 0, "validation", "train")
    columns = ("image_id", "patient", "visit", "limb", "joint")
    rows = pd.DataFrame(dict.fromkeys(columns, ""), range(n)).assign(split=split)
    features = random.random((n, 512), dtype=np.float32)
    with ends_of(epochs, "_run_epoch") as ends:
        train_heads(
            ScoredJoints(rows, features, random.choice(scores, n)),
            name=model,
            settings=replace(HeadSettings(**settings), epochs=EPOCHS, seeds=1),
            seed=seed,
            checkpoints=folder,
        )
    return Measured("epoch", seconds_between(ends), 1, EPOCHS)
