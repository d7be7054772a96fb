"""Networks, and stages that are really frozen: parameters counted by hand."""

import pytest
import torch
from torch import nn

from sharpflow.errors import UserError
from sharpflow.whole_image.networks.architectures import build_network, last_layer, transfer_weights
from sharpflow.whole_image.networks.freezing import freeze

# Parameters as torchvision's documentation gives them, for 1000 classes.
PUBLISHED = {
    "resnet50": (25_557_032, 2048),
    "resnet34": (21_797_672, 512),
    "mobilenetv2": (3_504_872, 1280),
}


def conv(size: int, inputs: int, outputs: int) -> int:
    """A convolution without bias, then a batch norm (a scale and a shift a channel)."""
    return size * size * inputs * outputs + 2 * outputs


def depthwise(channels: int) -> int:
    return 9 * channels + 2 * channels


def inverted(inputs: int, outputs: int, times: int) -> int:
    """1x1 to `times` the channels, depthwise 3x3, 1x1 to the outputs."""
    wide = times * inputs
    return conv(1, inputs, wide) + depthwise(wide) + conv(1, wide, outputs)


STEM = conv(7, 3, 64)  # 9,536
# ResNet-34: basic blocks of two 3x3; the first of a later stage halves and has a 1x1 shortcut.
BASIC_1 = 3 * 2 * conv(3, 64, 64)  # 221,952
BASIC_2 = conv(3, 64, 128) + conv(3, 128, 128) + conv(1, 64, 128) + 3 * 2 * conv(3, 128, 128)
# ResNet-50: bottlenecks 1x1, 3x3, 1x1 to 4 times the channels; the first of a stage has a shortcut.
BOTTLENECK_1 = (
    conv(1, 64, 64) + 3 * (conv(3, 64, 64) + conv(1, 64, 256)) + 2 * conv(1, 256, 64)
) + conv(1, 64, 256)
BOTTLENECK_2 = (
    conv(1, 256, 128) + 4 * (conv(3, 128, 128) + conv(1, 128, 512)) + 3 * conv(1, 512, 128)
) + conv(1, 256, 512)
# MobileNetV2: the first stack does not widen: depthwise, then 32 -> 16.
MOBILE_STEM = conv(3, 3, 32) + depthwise(32) + conv(1, 32, 16)
MOBILE_2 = inverted(16, 24, 6) + inverted(24, 24, 6)
MOBILE_3 = inverted(24, 32, 6) + 2 * inverted(32, 32, 6)

FROZEN = {
    ("resnet34", "rbs1"): STEM + BASIC_1,
    ("resnet34", "rbs2"): STEM + BASIC_1 + BASIC_2,
    ("resnet50", "rbs1"): STEM + BOTTLENECK_1,
    ("resnet50", "rbs2"): STEM + BOTTLENECK_1 + BOTTLENECK_2,
    ("mobilenetv2", "irbs2"): MOBILE_STEM + MOBILE_2,
    ("mobilenetv2", "irbs3"): MOBILE_STEM + MOBILE_2 + MOBILE_3,
}


def parameters(network: nn.Module, trainable: bool | None = None) -> int:
    return sum(
        weight.numel()
        for weight in network.parameters()
        if trainable is None or weight.requires_grad == trainable
    )


@pytest.mark.parametrize("outputs", [1, 10])
@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones_but_for_the_last_layer(name: str, outputs: int):
    published, features = PUBLISHED[name]
    expected = published - 1000 * (features + 1) + outputs * (features + 1)
    with torch.device("meta"):
        assert parameters(build_network(name, outputs, 1)) == expected


def test_resnet_dwise50_has_the_parameters_of_its_blocks():
    expected, inputs = STEM + 512 + 1, 64
    for blocks, outputs in ((3, 64), (4, 128), (6, 256), (3, 512)):
        expected += inverted(inputs, outputs, 4) + (blocks - 1) * inverted(outputs, outputs, 4)
        inputs = outputs
    with torch.device("meta"):
        assert parameters(build_network("resnetdwise50", 1, 1)) == expected


@pytest.mark.parametrize(("name", "scheme"), FROZEN)
def test_a_scheme_freezes_what_was_counted_by_hand(name: str, scheme: str):
    with torch.device("meta"):
        network = build_network(name, 1, 1)
    freeze(network, scheme)
    assert parameters(network, trainable=False) == FROZEN[name, scheme]
    assert parameters(network, trainable=True) == parameters(network) - FROZEN[name, scheme]


def test_the_counts_by_hand_as_numbers():
    assert FROZEN["resnet34", "rbs1"] == 9_536 + 221_952
    assert FROZEN["resnet34", "rbs2"] == 9_536 + 221_952 + 1_116_416
    assert FROZEN["resnet50", "rbs1"] == 9_536 + 215_808
    assert FROZEN["resnet50", "rbs2"] == 9_536 + 215_808 + 1_219_584
    assert FROZEN["mobilenetv2", "irbs2"] == 928 + 896 + 5_136 + 8_832
    assert FROZEN["mobilenetv2", "irbs3"] == 928 + 896 + 5_136 + 8_832 + 10_000 + 2 * 14_848


def test_frozen_stages_stay_in_evaluation_and_the_rest_trains():
    network = build_network("mobilenetv2", 1, 1)
    freeze(network, "irbs2")
    network.eval()
    network.train()
    frozen = [m.training for k in range(4) for m in network.features[k].modules()]
    assert not any(frozen)
    assert all(m.training for k in range(4, 19) for m in network.features[k].modules())


def test_a_frozen_stage_gives_the_same_in_training_and_evaluation():
    network = build_network("resnet34", 1, 1)
    freeze(network, "rbs1")
    x = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    before = {k: v.clone() for k, v in network.state_dict().items()}

    def first_stage() -> torch.Tensor:
        return network.layer1(network.bn1(network.conv1(x)))

    trained = first_stage()
    network(x).sum().backward()
    assert torch.equal(first_stage(), trained)
    assert torch.equal(trained, (network.eval(), first_stage())[1])
    for name, value in network.state_dict().items():
        if name.startswith(("bn1.", "layer1.")):
            assert torch.equal(value, before[name]), name


@pytest.mark.parametrize(("name", "scheme"), [("resnet34", "irbs2"), ("mobilenetv2", "rbs1")])
def test_a_scheme_of_another_network_is_refused(name: str, scheme: str):
    with pytest.raises(UserError, match=f"no stages '{scheme}'.*rbs1 or rbs2 for ResNets"):
        freeze(build_network(name, 1, 1), scheme)


def test_a_grey_image_is_repeated():
    network = build_network("mobilenetv2", 10, 3).eval()
    grey = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    assert network(grey).shape == (2, 10)
    torch.nn.init.normal_(network.classifier[1].weight)
    assert torch.equal(network(grey), network(grey.repeat(1, 3, 1, 1)))


def test_the_seed_decides_the_weights_and_nothing_else():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (build_network("mobilenetv2", 1, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.features[0][0].weight, same.features[0][0].weight)
    assert not one.classifier[1].weight.any()
    assert not torch.equal(one.features[0][0].weight, other.features[0][0].weight)


@pytest.mark.parametrize(("name", "last"), [("resnet34", "fc"), ("mobilenetv2", "classifier.1")])
def test_all_but_the_last_layer_is_transferred(name: str, last: str):
    months, classes = build_network(name, 1, 1), build_network(name, 10, 2)
    before = {k: v.clone() for k, v in classes.state_dict().items()}
    transfer_weights(classes, months.state_dict())
    assert last_layer(classes) == last
    for key, value in classes.state_dict().items():
        source = before if key.startswith(last) else months.state_dict()
        assert torch.equal(value, source[key]), key


def test_weights_of_another_network_are_refused():
    with pytest.raises(UserError, match="of another network"):
        transfer_weights(
            build_network("resnet50", 1, 1), build_network("resnet34", 1, 1).state_dict()
        )


def test_the_last_layer_is_not_rounded_to_bfloat16():
    network = build_network("mobilenetv2", 1, 1).eval()
    torch.nn.init.normal_(network.classifier[1].weight)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = network(torch.randn(8, 1, 64, 64, generator=torch.Generator().manual_seed(2)))
    assert outputs.dtype == torch.float32
    assert not torch.equal(outputs, outputs.bfloat16().float())


def test_an_unknown_network_is_refused():
    with pytest.raises(UserError, match="expected one of resnet50"):
        build_network("vgg16", 1, 1)  # type: ignore[arg-type]
