"""New radiographs scored by a bundle's networks, whose outputs are made up: known answers."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from sharpflow.anatomy import DETECTED_JOINTS, BodyPart
from sharpflow.bundle.manifest import Manifest, WholeImageModels
from sharpflow.bundle.manifest_check import network_file, problem
from sharpflow.bundle.typed_json import from_plain
from sharpflow.imaging.standardize import standardize
from sharpflow.joints.detection import decoding
from sharpflow.joints.scoring.scores import total_scores
from sharpflow.score.joints import JointScorer, Radiograph, joined
from sharpflow.score.whole_images import WholeImage, WholeImageScorer
from sharpflow.whole_image.data.augmentation import normalise
from sharpflow.whole_image.data.packing import prepare
from sharpflow.whole_image.severity_classes import class_of
from sharpflow.whole_image.stacking.combine import combine
from sharpflow.whole_image.stacking.stack import StackLayer
from tests.unit.bundles import as_plain, plain_manifest
from tests.unit.made_up_networks import HEIGHT, WIDTH, Array, joint_models, networks, places


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        ("body_parts", {}, ("joints.body_parts", "none")),
        ("heads", {}, ("joints.heads", "none")),
        ("heads", {"erosion-hand": 6}, ("joints.heads", "erosion-hand")),
        ("heads", {"erosion-hand": 6, "narrowing-hand": 6}, ("joints.heads.narrowing-hand", "6 ")),
        ("heads", {"erosion-hand": 6, "narrowing-foot": 5}, ("joints.heads", "erosion-hand, n")),
        ("classes", ["MCP", "PIP"], ("joints.body_parts.hand.classes", "MCP, PIP")),
    ],
)
def test_joints_that_do_not_fit_the_method_are_refused(
    place: str, value: Any, found: tuple[str, str]
) -> None:
    plain = as_plain(joint_models())
    del plain["body_parts"]["foot"]
    plain["heads"] = {"erosion-hand": 6, "narrowing-hand": 5}
    names = ["base", "unet-hand", "detector-hand", *(f"head-{name}" for name in plain["heads"])]
    members = {network_file(name): {"bytes": 1, "sha256": "0" * 64} for name in names}
    whole = plain_manifest(joints=plain, whole_image=None, members=members)
    assert problem(from_plain(Manifest, whole)) is None
    (plain["body_parts"]["hand"] if place == "classes" else plain)[place] = value
    wrong = problem(from_plain(Manifest, whole))
    assert wrong and wrong[0] == found[0] and wrong[1].startswith(found[1])


def radiograph(limb: str, image_id: str = "", grey: int = 90, patient: str = "P") -> Radiograph:
    image = np.full((HEIGHT, WIDTH), grey, np.uint8)
    image[::2, ::3] += 40  # texture, else CLAHE has nothing to equalize
    return Radiograph(image_id or f"{patient}-{limb}", patient, "1", limb, image)


def test_each_joint_is_found_named_and_scored() -> None:
    left_hand = radiograph("LH")
    scored = JointScorer(joint_models(), networks()).score([left_hand])
    joints = scored.joints
    names = [joint.name for joint in DETECTED_JOINTS[BodyPart.HAND]]
    assert joints["joint"].tolist() == names
    assert (joints["state"] == "scored").all()
    centres = joints[["x_min", "y_min"]].to_numpy() + 8
    np.testing.assert_allclose(centres, places(BodyPart.HAND), atol=1e-4)
    np.testing.assert_allclose(joints["confidence"], 0.9 - 0.01 * np.arange(10), atol=1e-6)
    assert len(scored.boxes) == 10  # the worse box is no joint of its own
    # By hand: what lies under the box, with the margin, as the networks see it.
    image, _ = standardize(left_hand.image, HEIGHT, WIDTH, 0.0)
    for place, joint in joints.iterrows():
        left, top = (round(joint[f"{axis}_min"] - 0.8) for axis in ("x", "y"))
        mean = scored.features[place, 0]
        assert mean == pytest.approx(image[top : top + 18, left : left + 18].mean() / 255, abs=0.01)
        assert joint["erosion_predicted"] == min(int(mean * 10), 5)
        bits = scored.bits["erosion-hand"].set_index("joint").loc[joint["joint"]]
        assert bits["bit_1"] == pytest.approx(np.clip(mean * 10 - 0.5, 0, 1), abs=1e-6)
        assert list(bits.index) == ["image_id", *(f"bit_{n}" for n in range(1, 6))]
    narrowed = joints.set_index("joint")["narrowing_predicted"]
    assert pd.isna(narrowed["IP"]) and narrowed.drop("IP").notna().all()
    assert sorted(scored.bits) == ["erosion-hand", "narrowing-hand"]
    assert joints[["erosion_true", "narrowing_true"]].isna().all().all()


def test_batches_of_hands_and_feet_are_one_table() -> None:
    scorer = JointScorer(joint_models(), networks())
    limbs = ("LF", "RH", "LH", "RF")
    every = [radiograph(limb, grey=60 + 20 * place) for place, limb in enumerate(limbs)]
    at_once = scorer.score(every)
    assert at_once.radiographs["limb"].tolist() == ["RH", "LH", "LF", "RF"]
    one_by_one = joined([scorer.score([one]) for one in sorted(every, key=lambda r: r.limb[1:])])
    key = ["image_id", "joint"]
    for name in ("joints", "boxes", "crops"):
        by = key if name != "boxes" else ["image_id", "x_min", "y_min"]
        first, second = (
            getattr(one, name).sort_values(by, ignore_index=True) for one in (at_once, one_by_one)
        )
        pd.testing.assert_frame_equal(first, second)
    totals = total_scores(at_once.joints)
    assert totals["limbs"].tolist() == ["LH RH LF RF"]
    assert totals["total_predicted"].notna().all()
    assert totals["joints_expected"].tolist() == [32]
    assert sorted(at_once.images) == sorted(one.image_id for one in every)


def test_joints_that_are_not_found_stay_in_the_table() -> None:
    scored = JointScorer(joint_models(), networks(left_out=1)).score([radiograph("LH")])
    assert scored.joints["state"].tolist() == ["not found"] + ["scored"] * 9
    (row,) = scored.radiographs.to_dict("records")
    assert (row["boxes"], row["joints"], row["joints_expected"]) == (9, 9, 10)
    assert row["mask"] == "large"  # the U-Net takes all for limb
    nothing = networks()
    nothing["detector-hand"].output[4:] = 0
    scored = JointScorer(joint_models(), nothing).score([radiograph("LH")])
    assert (scored.joints["state"] == "not found").all()
    assert len(scored.crops) == len(scored.features) == len(scored.bits["erosion-hand"]) == 0
    assert scored.joints["erosion_predicted"].isna().all()
    assert scored.joints["erosion_predicted"].dtype == "Int64"


def test_a_bundle_of_hands_scores_hands_alone() -> None:
    hands = joint_models()
    hands = replace(hands, body_parts={"hand": hands.body_parts["hand"]})
    scorer = JointScorer(hands, networks())
    assert [scorer.can_score(limb) for limb in ("LH", "RH", "LF")] == [True, True, False]


def test_two_radiographs_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="one image_id"):
        JointScorer(joint_models(), networks()).score(
            [radiograph("LH", "a"), radiograph("RH", "a")]
        )


# Boxes of a detector's output.


def boxes(*rows: tuple[float, ...]) -> Array:
    """x, y, width, height and the confidences of two classes, as a network gives them."""
    table = np.array(rows, np.float32)
    return np.hstack([table[:, :2], table[:, :2] + table[:, 2:4], table[:, 4:]]).T


def test_boxes_suppress_each_other_across_classes() -> None:
    output = boxes(
        (10, 10, 10, 10, 0.1, 0.6),
        (10, 10, 10, 12, 0.9, 0.1),  # overlaps the first by 100/120
        (10, 18, 10, 10, 0.2, 0.7),  # overlaps the better one by 40/180
        (50, 50, 10, 10, 0.5, 0.4),  # not above 0.5
        (-5, -5, 20, 10, 0.0, 0.8),
        (60, 70, 9, 99, 0.0, 0.55),
    )
    corners, sure, classes = decoding.decode_boxes(
        output, (96, 96), 96, confidence=0.5, overlap=0.45, most=10
    )
    assert corners.tolist() == [[10, 10, 20, 22], [0, 0, 15, 5], [10, 18, 20, 28], [60, 70, 69, 96]]
    np.testing.assert_allclose(sure, [0.9, 0.8, 0.7, 0.55])
    assert classes.tolist() == [0, 1, 1, 1]
    _, sure, _ = decoding.decode_boxes(output, (96, 96), 96, confidence=0.5, overlap=0.2, most=2)
    np.testing.assert_allclose(sure, [0.9, 0.8])
    none, _, _ = decoding.decode_boxes(output, (96, 96), 96, confidence=0.95, overlap=0, most=9)
    assert none.shape == (0, 4)


def test_boxes_with_numbers_that_are_not_finite_are_dropped() -> None:
    nan, infinite = float("nan"), float("inf")
    output = boxes(
        (nan, 10, 10, 10, 0.9, 0),
        (10, 10, infinite, 10, 0.9, 0),
        (30, 10, 10, 10, infinite, 0),
        (50, 10, 10, 10, nan, 0.9),
        (70, 10, 10, 10, 0.8, 0),
    )
    corners, sure, classes = decoding.decode_boxes(
        output, (96, 96), 96, confidence=0.5, overlap=0.45, most=10
    )
    assert corners.tolist() == [[70, 10, 80, 20]]
    assert (sure.tolist(), classes.tolist()) == ([np.float32(0.8)], [0])
    none, _, _ = decoding.decode_boxes(
        np.full_like(output, nan), (96, 96), 96, confidence=0.5, overlap=0.45, most=10
    )
    assert none.shape == (0, 4)


def calibrated(**sums: Any) -> dict[str, Any]:
    """A manifest of hands and feet with a calibration of the heads of hands alone."""
    plain = as_plain(joint_models())
    heads = {
        name: {"slope": 1.0, "bias": 0.0, "spread": 1.0, "usual": [0.5**k for k in range(1, n)]}
        for name, n in plain["heads"].items()
        if name.endswith("hand")
    }
    names = ["base", *(f"head-{name}" for name in plain["heads"])]
    names += [
        f"{network}-{part}" for network in ("unet", "detector") for part in plain["body_parts"]
    ]
    members = {network_file(name): {"bytes": 1, "sha256": "0" * 64} for name in names}
    told = {"heads": heads, "sums": sums, "whole_image": None}
    return plain_manifest(joints=plain, whole_image=None, members=members, calibration=told)


def test_intervals_of_sums_need_all_heads_of_what_is_summed_up() -> None:
    intervals = {"patients": 30, "error_sd": 4.0, "erosion": 2.0, "narrowing": 2.0, "total": 2.0}
    for counts, missing in (("2h0f", ""), ("0h1f", "narrowing-foot"), ("1h2f", "narrowing-foot")):
        wrong = problem(from_plain(Manifest, calibrated(**{counts: intervals})))
        found = f"no calibrated head {missing}"
        expected = (f"calibration.sums.{counts}", found, "all heads of the foot calibrated")
        assert wrong == (expected if missing else None)
    plain = calibrated(**{"1h0f": intervals})
    del plain["calibration"]["heads"]["erosion-hand"]
    wrong = problem(from_plain(Manifest, plain))
    assert wrong and wrong[1] == "no calibrated head erosion-hand"


def test_a_view_is_padded_to_whole_strides_and_boxes_find_back() -> None:
    view = np.full((90, 70), 200, np.uint8)
    assert decoding.network_shape((90, 70), 90) == (96, 96)  # 96 of 90, 75 of 70
    seen = decoding.network_input(view, 90)
    inside = seen[0] == np.float32(200 / 255)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (0, 96, 10, 85)
    np.testing.assert_allclose(seen[:, ~inside], 114 / 255)
    output = boxes((10, 0, 75, 96, 1, 0))
    corners, _, _ = decoding.decode_boxes(output, (90, 70), 90, confidence=0.5, overlap=1, most=1)
    np.testing.assert_allclose(corners, [[0, 0, 70, 90]])


# Whole images.

TOTALS, CLASSES = "total-resnet34-finetuned", "severity-resnet34-finetuned"


def whole_models() -> WholeImageModels:
    plain = plain_manifest()["whole_image"]
    plain |= {
        "contrast": "clahe",
        "networks": {
            TOTALS: {"task": "total", "loss": "mse"},
            "total-two": {"task": "total", "loss": "smooth"},
            CLASSES: {"task": "severity", "loss": "cross_entropy"},
            "severity-bits": {"task": "severity", "loss": "ordinal"},
        },
        "stacks": {
            "stack": {
                "task": "total",
                "principle": "total",
                "members": ["total-two", TOTALS],
                "weight": [[0.25, 0.5]],
                "bias": [0.125],
            }
        },
        "binned": {"binned": "stack"},
        "total": "stack",
        "severity": "binned",
    }
    manifest = from_plain(Manifest, plain_manifest(whole_image=plain))
    assert manifest.whole_image
    return manifest.whole_image


def test_totals_and_classes_of_whole_images() -> None:
    seen: list[Array] = []

    def classes(inputs: Array, batch: int = 32) -> Array:
        return np.eye(10, dtype=np.float32)[[3] * len(inputs)]

    def bits(inputs: Array, batch: int = 32) -> Array:
        return np.array([[9, 9, 9, -9, *[9] * 6]] * len(inputs), np.float32)

    def totals(value: float) -> Any:
        def run(inputs: Array, batch: int = 32) -> Array:
            seen.append(inputs)
            return np.full((len(inputs), 1), value, np.float32)

        return run

    own = {TOTALS: totals(1.0), "total-two": totals(2.0), CLASSES: classes, "severity-bits": bits}
    random = np.random.default_rng(0)
    images = [
        WholeImage(name, "P", "1", random.integers(0, 256, (40, 50), np.uint8))
        for name in ("b", "a")
    ]
    table = WholeImageScorer(whole_models(), own).score(images)  # type: ignore[arg-type]
    assert list(table.columns) == ["image_id", "patient", "visit", "row", "predicted"]
    assert table["image_id"].tolist() == ["b"] * 6 + ["a"] * 6
    predicted = table[table["image_id"] == "a"].set_index("row")["predicted"]
    # Mean 40, SD 20; the stack: 0.25 * 2 + 0.5 * 1 + 0.125 = 1.125.
    assert predicted.to_dict() == {
        TOTALS: 60,
        "total-two": 80,
        CLASSES: 3,
        "severity-bits": 2,
        "stack": 62.5,
        "binned": class_of(62.5),
    }
    packed = np.stack([prepare(image.image, 8, "clahe") for image in images])
    expected = normalise(torch.from_numpy(packed), 0.5, 0.25).numpy()
    np.testing.assert_allclose(seen[0], expected, atol=1e-6)


@pytest.mark.parametrize("principle", ["total", "all", "single"])
def test_a_stack_combines_as_its_layer_does(principle: Any) -> None:
    outputs = 1 if principle == "total" else 10
    layer = StackLayer(principle, 3, outputs)
    random = np.random.default_rng(0)
    with torch.no_grad():
        for values in layer.parameters():
            values.copy_(torch.from_numpy(random.random(tuple(values.shape), np.float32)))
    given = random.random((4, 3, outputs), np.float32)
    weight, bias = (values.detach().numpy() for values in layer.parameters())
    expected = layer(torch.from_numpy(given)).detach().numpy()
    np.testing.assert_allclose(combine(principle, weight, bias, given), expected, atol=1e-6)


def test_scoring_needs_nothing_that_trains() -> None:
    """What a small installation lacks is not there."""
    code = """
import sys
for name in ("torch", "torchvision", "tensorflow", "keras", "ultralytics", "lightning", "onnx",
             "snakemake", "skimage", "sklearn", "numba", "pydantic", "yaml", "matplotlib"):
    sys.modules[name] = None
import sharpflow.bundle.pack, sharpflow.bundle.read, sharpflow.imaging.reading
import sharpflow.score.joints, sharpflow.score.networks, sharpflow.score.whole_images
import sharpflow.score.run
"""
    source = Path(__file__).parents[2] / "src"
    path = [str(source), *filter(None, sys.path)]
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(path), "PATH": ""}
    )
