"""Activation checkpointing: the same step, to the byte, and much less kept for it."""

import pickle

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from sharpflow.whole_image.experiments import Network, Scheme
from sharpflow.whole_image.networks.activation_checkpointing import recompute_blocks
from sharpflow.whole_image.networks.architectures import build_network, last_layer
from sharpflow.whole_image.networks.freezing import freeze

CASES: list[tuple[Network, Scheme | None]] = [
    ("resnet34", None),
    ("resnet50", None),
    ("resnet50", "rbs2"),
    ("mobilenetv2", None),
    ("mobilenetv2", "irbs3"),
]


def ready(name: Network, scheme: Scheme | None, *, recomputed: bool) -> nn.Module:
    network = build_network(name, 1, 1)
    last = network.get_submodule(last_layer(network))
    nn.init.normal_(last.weight, generator=torch.Generator().manual_seed(2))
    freeze(network, scheme)
    if recomputed:
        recompute_blocks(network)
    return network.train()


def step(network: nn.Module) -> int:
    """One step of SGD; gives the bytes of activations that its forward pass kept."""
    torch.set_num_threads(1)
    images = torch.randn(4, 1, 64, 64, generator=torch.Generator().manual_seed(3))
    own = {tensor.untyped_storage().data_ptr() for tensor in network.state_dict().values()}
    kept: dict[int, int] = {}

    def count(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    trainable = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(trainable, lr=0.01, momentum=0.9, weight_decay=0.001)
    torch.manual_seed(4)  # dropout
    with saved_tensors_hooks(count, lambda tensor: tensor):
        loss = network(images).square().mean()
    loss.backward()
    optimizer.step()
    return sum(kept.values())


@pytest.mark.parametrize(("name", "scheme"), CASES)
def test_a_step_is_the_same_and_keeps_less(name: Network, scheme: Scheme | None) -> None:
    plain, recomputed = (ready(name, scheme, recomputed=way) for way in (False, True))
    before = {key: value.clone() for key, value in plain.state_dict().items()}
    bytes_plain, bytes_recomputed = step(plain), step(recomputed)
    assert bytes_recomputed < 0.5 * bytes_plain
    after = recomputed.state_dict()
    assert list(after) == list(before)
    for key, value in plain.state_dict().items():  # weights, running statistics, their counters
        torch.testing.assert_close(after[key], value, rtol=1e-6, atol=1e-7, msg=key)
    last = f"{last_layer(plain)}.weight"
    assert not torch.equal(after[last], before[last])
    counts = {int(value) for key, value in after.items() if key.endswith("num_batches_tracked")}
    assert counts == ({0, 1} if scheme else {1})


def test_running_statistics_of_two_steps_are_those_of_two_batches() -> None:
    network = ready("resnet34", None, recomputed=True)
    step(network)
    first = network.state_dict()["layer4.2.bn2.running_mean"].clone()
    step(network)
    assert network.layer4[2].bn2.num_batches_tracked == 2
    assert not torch.equal(network.layer4[2].bn2.running_mean, first)


def test_predictions_are_the_same() -> None:
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(3))
    plain, recomputed = (ready("mobilenetv2", None, recomputed=way).eval() for way in (False, True))
    with torch.inference_mode():
        assert torch.equal(plain(images), recomputed(images))


def test_another_process_gets_it_as_it_is() -> None:
    network = pickle.loads(pickle.dumps(ready("mobilenetv2", "irbs2", recomputed=True)))
    plain = ready("mobilenetv2", "irbs2", recomputed=False)
    assert step(network) < 0.5 * step(plain)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(network.state_dict()[key], value, rtol=1e-6, atol=1e-7)
