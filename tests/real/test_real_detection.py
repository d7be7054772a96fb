"""A detector that learned on 12 boxed real hands, and synthetic ones, finds the joints of 6 others.

The folder that SHARPFLOW_RADIOGRAPHS names holds images/<id>.png and joints_voc/<id>.xml; without
it these tests are skipped. The hands, sorted by id, are dealt into three parts (first, fourth, ...
to the first part), since two people drew the boxes, in runs of ids: one round the whole joint, one
closely round the growing ends of the bones, a third of that area. A box that fits one overlaps the
other by a third, so a joint counts as found and rightly named where each box's centre lies in the
other.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BOX_COLUMNS, DETECTOR_CLASSES
from sharpflow.cohorts.boxes import read_boxes
from sharpflow.imaging.standardize import standardize, standardize_mask
from sharpflow.joints.detection.dataset import write_detector_set
from sharpflow.joints.detection.detect import detect
from sharpflow.joints.detection.training import DetectorSettings, train_detector
from sharpflow.joints.detection.views import Views
from sharpflow.joints.identification.rules import name_radiographs
from sharpflow.joints.identification.true_joints import true_joints_from_boxes
from sharpflow.joints.scoring.crops import to_standard
from sharpflow.phantom.bones.children import make_childs_hand

FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHARPFLOW_RADIOGRAPHS names no folder")
OTHER_CLASSES = ("DIP", "Radius", "Ulna", "Wrist")
HEIGHT, WIDTH, SIZE = 480, 384, 320
PARTS, SYNTHETIC, REPEATS = 3, 300, 8
MIRRORED = 0.0  # left hands, as the RSNA says
ROW = ["image_id", "patient", "limb", "body_part", "height", "width", "scale", "x_offset"]
ROW += ["y_offset"]
DETECTOR = DetectorSettings(
    model="yolov3-tiny-3l", image_size=SIZE, batch=8, optimizer="AdamW", learning_rate=0.001
)


def standard(name, radiograph):
    """A radiograph at standard size, and its row."""
    image, placement = standardize(radiograph, HEIGHT, WIDTH, 0.0)
    return image, (name, name, "LH", "hand", *radiograph.shape, *placement)


@pytest.fixture(scope="module")
def hands():
    """Standardized boxed radiographs, their rows, and the boxes of PIP and MCP in their pixels."""
    folder = Path(str(FOLDER))
    radiographs, rows = [], []
    for label in sorted((folder / "joints_voc").glob("*.xml")):
        radiograph = cv2.imread(str(folder / "images" / f"{label.stem}.png"), cv2.IMREAD_GRAYSCALE)
        image, row = standard(label.stem, radiograph)
        radiographs.append(image)
        rows.append(row)
    table = pd.DataFrame(rows, columns=ROW)
    boxes, problems = read_boxes(folder / "joints_voc", table, OTHER_CLASSES)
    assert not problems
    return np.stack(radiographs), table, to_standard(boxes, table)


@pytest.fixture(scope="module")
def masks(hands):
    """Masks of the boxed radiographs. TensorFlow works in a process of its own: here torch does."""
    radiographs, rows, _ = hands
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(unet_masks, radiographs, set(rows["image_id"])).result()


def unet_masks(radiographs, boxed):
    """Masks of radiographs from a U-Net that learned on the good entropy masks of all others."""
    from sharpflow.joints.masks import unet_prediction as predict
    from sharpflow.joints.masks.entropy_masks import entropy_mask
    from sharpflow.joints.masks.quality import mask_quality
    from sharpflow.joints.masks.unet_training import MaskedImages, UNetSettings, train_unet

    good = []
    for path in sorted((Path(str(FOLDER)) / "images").glob("*.png")):
        if path.stem not in boxed:
            radiograph, _ = standard(path.stem, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
            mask = entropy_mask(radiograph, window=11)
            if mask_quality(radiograph, mask)["quality"] >= 0.5:
                good.append((radiograph, mask))
    stacks = []
    for validation in (False, True):
        pairs = [pair for number, pair in enumerate(good) if (number % 6 == 0) == validation]
        images = predict.resize_for_unet([radiograph for radiograph, _ in pairs], 192, 160)
        targets = predict.resize_masks_for_unet([mask for _, mask in pairs], 192, 160)
        stacks.append(MaskedImages(images, targets))
    settings = UNetSettings(
        height=192, width=160, filters=16, kernels=[1, 3, 5], epochs=60, batch=8,
        learning_rate=2e-3, patience=15, flip=True, brightness=0.5,
    )  # fmt: skip
    model, _ = train_unet(*stacks, body_part="hand", settings=settings, seed=1)
    return predict.predict_masks(model, radiographs, batch=4)


def seen(radiographs, masks):
    """What the detector sees of radiographs."""
    return list(Views(radiographs, masks, image_size=SIZE, view="limb"))


@pytest.fixture(scope="module")
def synthetic():
    """Views, rows and boxes of synthetic children's hands."""
    ages = np.random.default_rng(5).uniform(12, 216, SYNTHETIC)
    radiographs, outlines, rows, boxes = [], [], [], []
    for number, months in enumerate(ages):
        name = f"synthetic{number:03d}"
        radiograph = make_childs_hand(
            months, male=number % 2 == 1, seed=77, image_id=name, height=600
        )
        image, row = standard(name, radiograph.image)
        radiographs.append(image)
        outlines.append(standardize_mask(radiograph.mask, HEIGHT, WIDTH, 0.0))
        rows.append(row)
        boxes += [
            {"image_id": name, "joint": ""} | {key: joint[key] for key in ("class", *BOX_COLUMNS)}
            for joint in radiograph.joints
            if joint["class"] in DETECTOR_CLASSES["hand"]
        ]
    table = pd.DataFrame(rows, columns=ROW)
    return seen(radiographs, outlines), table, to_standard(pd.DataFrame(boxes), table)


def trained(folder, views, rows, boxes, split, *, steps, weights=None):
    """The weights of a detector trained on radiographs of these splits."""
    splits = pd.DataFrame({"patient": rows["patient"], "split": split})
    write_detector_set(folder / "set", views, rows, boxes, splits, body_part="hand")
    settings = replace(DETECTOR, max_batches=steps)
    train_detector(folder / "set", out=folder / "out", settings=settings, seed=1, weights=weights)
    return folder / "out" / "best.pt"


@pytest.fixture(scope="module")
def beginning(synthetic, tmp_path_factory):
    """A detector that has seen synthetic hands only."""
    views, rows, boxes = synthetic
    split = np.where(np.arange(len(rows)) % 10 == 0, "validation", "train")
    return trained(tmp_path_factory.mktemp("synthetic"), views, rows, boxes, split, steps=1800)


def joint_sizes(views, rows, boxes, limbs):
    """Each joint's box size that lies between two people's.

    In the pixels of the views, in which hands are alike: the geometric middle of the smaller and
    the larger sizes (10th and 90th percentile) of these radiographs.
    """
    joints, scale = with_scale(views, rows, boxes, limbs)
    low, high = joints[BOX_COLUMNS[:2]].to_numpy(), joints[BOX_COLUMNS[2:]].to_numpy()
    size = np.sqrt((high - low).prod(axis=1)) * scale
    by_joint = size.groupby(joints["joint"])
    return np.sqrt(by_joint.quantile(0.1) * by_joint.quantile(0.9))


def with_scale(views, rows, boxes, limbs):
    """Named boxes, and the scale of the view of each."""
    joints = true_joints_from_boxes(boxes, limbs, mirrored_share=MIRRORED)
    scales = {name: view.scale for name, view in zip(rows["image_id"], views, strict=True)}
    return joints, joints["image_id"].map(scales)


def of_size(sizes, views, rows, boxes, limbs):
    """The boxes, each with its joint's size."""
    joints, scale = with_scale(views, rows, boxes, limbs)
    low, high = joints[BOX_COLUMNS[:2]].to_numpy(), joints[BOX_COLUMNS[2:]].to_numpy()
    half = joints["joint"].map(sizes).to_numpy() / scale.to_numpy() / 2
    centre = (low + high) / 2
    joints[BOX_COLUMNS] = np.hstack([centre - half[:, None], centre + half[:, None]])
    return joints[["image_id", "class", *BOX_COLUMNS]]


def centres_in(boxes, others):
    """Whether the centres of boxes (n, 4) lie in others (n, 4)."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return ((others[:, :2] < centre) & (centre < others[:, 2:])).all(axis=1)


def test_template_names_all_hand_drawn_boxes_as_their_order_does(hands):
    _, rows, boxes = hands
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    named = name_radiographs(boxes.drop(columns="joint"), limbs)
    by_rule = named.set_index(["image_id", "joint"]).groupby("rule")["x_min"]
    paper, template = by_rule.get_group("paper"), by_rule.get_group("template")
    assert len(paper) == len(boxes)
    pd.testing.assert_series_equal(paper, template)


@pytest.mark.slow
def test_most_joints_of_unseen_hands_are_found_and_named(
    hands, masks, synthetic, beginning, tmp_path
):
    radiographs, rows, boxes = hands
    views = seen(radiographs, masks)
    limbs = dict(zip(rows["image_id"], rows["limb"], strict=True))
    truth = true_joints_from_boxes(boxes, limbs, mirrored_share=MIRRORED)
    found = []
    for part in range(PARTS):
        number = np.arange(len(rows))
        split = np.where(number % PARTS == part, "test", "train").astype(object)
        split[np.flatnonzero(split == "train")[5]] = "validation"
        known = np.flatnonzero(split != "test")
        own_boxes = boxes[boxes["image_id"].isin(rows["image_id"].iloc[known])]
        radiographs_known = [views[i] for i in known], rows.iloc[known], own_boxes, limbs
        sizes = joint_sizes(*radiographs_known)
        learned = of_size(sizes, *radiographs_known)
        synthetic_limbs = dict(zip(synthetic[1]["image_id"], synthetic[1]["limb"], strict=True))
        synthetic_boxes = of_size(sizes, *synthetic, synthetic_limbs)
        # Real radiographs weigh as much as synthetic ones: each is there several times.
        train = np.flatnonzero(split == "train")
        all_views, all_rows, all_boxes = list(synthetic[0]), [synthetic[1]], [synthetic_boxes]
        splits = ["train"] * len(synthetic[1])
        for again in range(REPEATS):
            part_of = known if again == 0 else train
            copy = rows.iloc[part_of].copy()
            names = {name: f"{name}-{again}" for name in copy["image_id"]}
            copy["image_id"] = copy["patient"] = copy["image_id"].map(names)
            own = learned[learned["image_id"].isin(names)].copy()
            own["image_id"] = own["image_id"].map(names)
            all_views += [views[i] for i in part_of]
            all_rows.append(copy)
            all_boxes.append(own)
            splits += list(split[part_of])
        weights = trained(
            tmp_path / str(part),
            all_views,
            pd.concat(all_rows, ignore_index=True),
            pd.concat(all_boxes, ignore_index=True),
            splits,
            steps=600,
            weights=beginning,
        )
        test = np.flatnonzero(split == "test")
        detected = detect(
            weights,
            [views[i] for i in test],
            rows.iloc[test],
            body_part="hand",
            image_size=SIZE,
        )
        named = name_radiographs(detected, limbs, mirrored_share=MIRRORED)
        found.append(named[named["rule"] == "template"])
    both = truth.merge(
        pd.concat(found), on=["image_id", "joint"], how="left", suffixes=("", "_found")
    )
    true = both[BOX_COLUMNS].to_numpy(float)
    given = both[[f"{name}_found" for name in BOX_COLUMNS]].to_numpy(float)
    right = centres_in(true, given) & centres_in(given, true)
    by_part = {part: right[both["image_id"].isin(rows["image_id"][part::PARTS])].mean()
               for part in range(PARTS)}  # fmt: skip
    print(f"found and rightly named: {right.mean():.3f} of {len(right)}; by part {by_part}")
    assert len(right) == 180
    assert right.mean() >= 0.9
