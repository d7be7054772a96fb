"""Grad-CAM worked out by hand, cases by the paper's rules, and the share of heat on joints."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sharpflow.whole_image.experiments import Network
from sharpflow.whole_image.explanation.cases import PANELS, SeverityRules, TotalRules, choose_cases
from sharpflow.whole_image.explanation.grad_cam import coarse_heat, enlarge, last_activation
from sharpflow.whole_image.explanation.pointing_game import boxes_in_packed, energy_pointing_game
from sharpflow.whole_image.networks.architectures import build_network
from sharpflow.whole_image.networks.freezing import freeze


class BrightAndDark(nn.Module):
    """Two channels, what is above the mean and what is below it, and two outputs."""

    def __init__(self, weights: list[list[float]]) -> None:
        super().__init__()
        split = nn.Conv2d(1, 2, 1, bias=False)
        split.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
        self.features = nn.Sequential(nn.Sequential(split, nn.ReLU()))
        self.last = nn.Linear(2, len(weights), bias=False)
        self.last.weight.data = torch.tensor(weights)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(self.features(images).mean(dim=(2, 3)))


PAPER = TotalRules(healthy_below=5, severe_above=200, small_error=10, large_error=50)
# Normalised with mean 51/255 and sd 0.1: 2 and -26/25.5, 0 and 4.
IMAGE = np.array([[[102, 25], [51, 153]]], np.uint8)
PIXELS = {"pixel_mean": 51 / 255, "pixel_sd": 0.1}


def test_the_map_is_the_one_worked_out_by_hand() -> None:
    network = BrightAndDark([[2.0, -1.0]])
    heat = coarse_heat(network, IMAGE, **PIXELS, outputs=[0])
    # The gradient of the output by a channel is its weight over the 4 pixels: 2/4 and -1/4.
    # The dark channel is above 0 in the upper right pixel alone, where it speaks against.
    np.testing.assert_allclose(heat, [[[2 * 2 / 4, 0], [0, 2 * 4 / 4]]], rtol=1e-5)


def test_the_output_that_is_asked_for_is_explained() -> None:
    network = BrightAndDark([[2.0, 0.0], [0.0, 3.0]])
    dark = 26 / 25.5
    np.testing.assert_allclose(
        coarse_heat(network, IMAGE, **PIXELS, outputs=[0])[0], [[1, 0], [0, 2]], rtol=1e-5
    )
    np.testing.assert_allclose(
        coarse_heat(network, IMAGE, **PIXELS, outputs=[1])[0],
        [[0, 3 * dark / 4], [0, 0]],
        rtol=1e-5,
    )


def test_enlarged_maps_run_from_0_to_1_and_no_heat_stays_no_heat() -> None:
    large = enlarge(np.array([[[0, 0], [0, 5]], [[0, 0], [0, 0]]], np.float32), 8)
    assert large.shape == (2, 8, 8)
    assert large[0].max() == 1
    assert large[0, 7, 7] == 1
    assert large[0, 0, 0] == 0
    assert not large[1].any()


@pytest.mark.parametrize(
    ("name", "channels"),
    [("resnet34", 512), ("resnet50", 2048), ("mobilenetv2", 1280), ("resnetdwise50", 512)],
)
def test_the_map_before_the_fully_connected_layer_is_found(name: Network, channels: int) -> None:
    network = build_network(name, 1, seed=1)
    seen: list[torch.Size] = []
    last_activation(network).register_forward_hook(lambda *parts: seen.append(parts[2].shape))
    with torch.no_grad():
        network.eval()(torch.zeros(1, 1, 64, 64))
    assert seen == [(1, channels, 2, 2)]


def test_a_network_of_another_kind_is_named() -> None:
    with pytest.raises(ValueError, match="Linear has neither"):
        last_activation(nn.Linear(2, 1))


def test_heat_maps_are_whole_repeatable_and_leave_the_network_alone() -> None:
    network = build_network("mobilenetv2", 10, seed=1).train()
    torch.manual_seed(1)
    nn.init.normal_(network.classifier[1].weight)  # an untrained network's is 0
    freeze(network, "irbs2")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    frozen = [not parameter.requires_grad for parameter in network.parameters()]
    images = np.random.default_rng(0).integers(0, 255, (3, 64, 64), np.uint8)
    explained = {**PIXELS, "outputs": [1, 2, 3]}
    once = enlarge(coarse_heat(network, images, **explained, batch=2), 64)
    again = enlarge(coarse_heat(network, images, **explained, batch=2), 64)
    assert once.shape == (3, 64, 64)
    assert once.dtype == np.float32
    assert once.min() >= 0
    assert once.max() == 1
    np.testing.assert_array_equal(once, again)
    np.testing.assert_allclose(
        once,
        enlarge(coarse_heat(network, images, **PIXELS, outputs=[1, 2, 3], batch=3), 64),
        atol=1e-3,
    )
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None for parameter in network.parameters())
    assert [not parameter.requires_grad for parameter in network.parameters()] == frozen


def test_no_layer_before_the_map_keeps_its_output_for_a_gradient() -> None:
    kept: list[torch.Size] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.shape)
        return tensor

    images = np.zeros((2, 64, 64), np.uint8)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        heat = coarse_heat(build_network("resnet34", 1, seed=1), images, **PIXELS, outputs=[0, 0])
    assert heat.shape == (2, 2, 2)
    assert all(len(shape) < 4 or shape[-1] <= 2 for shape in kept)


def predictions(rows: list[tuple[str, float, float]], split: str = "test") -> pd.DataFrame:
    ids, true, predicted = zip(*rows, strict=True)
    return pd.DataFrame(
        {"image_id": ids, "patient": ids, "split": split, "true": true, "predicted": predicted}
    )


ALL_FOUND = predictions([
    ("tn-worse", 2, 9), ("tn", 4, 5), ("not-tn", 5, 5.5),
    ("tp", 210, 205), ("tp-worse", 250, 259), ("not-tp", 200, 200),
    ("fp", 40, 140), ("fp-less", 10, 65), ("fn", 150, 60), ("fn-less", 90, 30),
    ("at-the-bound", 100, 150),
])  # fmt: skip


def test_cases_follow_the_papers_rules_and_come_from_test_images_alone() -> None:
    better = predictions([("train-tn", 0, 0), ("train-fp", 0, 250)], split="train")
    table = pd.concat([better, ALL_FOUND]).sample(frac=1, random_state=1)
    cases = choose_cases(table, PAPER)
    assert tuple(cases["panel"]) == PANELS
    assert list(cases["image_id"]) == ["tn", "fp", "tp", "fn"]
    assert cases["met"].all()
    assert cases.loc[0, "rule"] == "true < 5, |error| < 10"


def test_where_no_image_meets_a_rule_the_nearest_is_shown_and_said_to_be_so() -> None:
    mild = predictions([("a", 1, 3), ("b", 60, 62), ("c", 30, 70), ("d", 80, 45), ("e", 66, 40)])
    cases = choose_cases(mild, PAPER).set_index("panel")
    assert dict(cases["image_id"]) == {"TN": "a", "FP": "c", "TP": "b", "FN": "d"}
    assert dict(cases["met"]) == {"TN": True, "FP": False, "TP": False, "FN": False}
    # TP: 140 below 200 and well within 10; FP: 10 short of 50; FN: 15 short.
    assert dict(cases["distance"]) == {"TN": 0, "FP": 10, "TP": 140, "FN": 15}


def test_four_panels_never_share_an_image_and_a_panel_lacks_where_images_do() -> None:
    three = predictions([("a", 1, 1), ("b", 2, 2), ("c", 3, 3)])
    cases = choose_cases(three, PAPER)
    assert len(cases) == 3
    assert cases["image_id"].is_unique
    assert cases.loc[cases["panel"] == "TN", "met"].all()
    assert choose_cases(three.assign(split="train"), PAPER).empty


def test_rules_for_classes_and_other_bounds() -> None:
    classes = predictions(
        [("a", 0, 0), ("b", 1, 1), ("c", 8, 9), ("d", 9, 9), ("e", 2, 6), ("f", 7, 4), ("g", 3, 5)]
    )
    cases = choose_cases(classes, SeverityRules(0, 8, 3)).set_index("panel")
    assert dict(cases["image_id"]) == {"TN": "a", "FP": "e", "TP": "d", "FN": "f"}
    assert cases["met"].all()
    strict = choose_cases(classes, SeverityRules(0, 8, large_error=4))
    assert dict(zip(strict["panel"], strict["met"], strict=True))["FN"] == np.False_
    loose = choose_cases(ALL_FOUND, replace(PAPER, severe_above=190))
    assert loose.set_index("panel").loc["TP", "image_id"] == "not-tp"


def test_boxes_of_a_wide_radiograph_follow_the_plain_resize() -> None:
    joints = pd.DataFrame({"x_min": [200.0], "y_min": [50.0], "x_max": [400.0], "y_max": [100.0]})
    boxes = boxes_in_packed(joints, height=500, width=1000, size=100)
    np.testing.assert_allclose(boxes, [[20, 10, 40, 20]])


RADIOGRAPHS = pd.DataFrame(
    {"image_id": ["a", "b"], "patient": ["p", "q"], "height": [40, 40], "width": [80, 80]}
)
JOINTS = pd.DataFrame(
    {
        "image_id": ["a", "a", "b"],
        "x_min": [0.0, 60.0, 0.0],
        "y_min": [0.0, 20.0, 0.0],
        "x_max": [20.0, 80.0, 20.0],
        "y_max": [10.0, 40.0, 10.0],
        "erosion": [0, np.nan, 0],
        "narrowing": [np.nan, 2, 0],
    }
)


def test_an_even_map_gives_joints_what_they_cover() -> None:
    shares = energy_pointing_game(np.ones((2, 8, 8), np.float32), 8, RADIOGRAPHS, JOINTS)
    # In packed pixels joint 1 of a is 2 x 2 and joint 2, the damaged one, 2 x 4, of 64.
    assert shares["joints_area"].tolist() == [12 / 64, 4 / 64]
    assert shares["joints_heat"].tolist() == pytest.approx([12 / 64, 4 / 64])
    assert shares["damaged_area"].tolist()[0] == 8 / 64
    assert shares["damaged_heat"].tolist()[0] == pytest.approx(8 / 64)
    assert shares.loc[1, ["damaged_area", "damaged_heat", "other_heat"]].isna().all()


def test_heat_on_the_damaged_joint_and_no_heat_at_all() -> None:
    heat = np.zeros((2, 8, 8), np.float32)
    heat[0, 4:, 6:] = 3  # all on the damaged joint of a
    shares = energy_pointing_game(heat, 8, RADIOGRAPHS, JOINTS)
    assert shares.loc[0, "damaged_heat"] == pytest.approx(1)
    assert shares.loc[0, "joints_heat"] == pytest.approx(1)
    assert shares["has_heat"].tolist() == [True, False]
    assert np.isnan(shares.loc[1, "joints_heat"])
    assert np.isnan(shares.loc[0, "other_heat"])  # the other image has no heat


def test_heat_and_radiographs_that_do_not_go_together_are_refused() -> None:
    heat = np.ones((2, 8, 8), np.float32)
    with pytest.raises(ValueError, match="2 heat maps and 1 radiographs"):
        energy_pointing_game(heat, 8, RADIOGRAPHS[:1], JOINTS)
    with pytest.raises(ValueError, match="none of radiograph b"):
        energy_pointing_game(heat, 8, RADIOGRAPHS, JOINTS[JOINTS["image_id"] == "a"])
