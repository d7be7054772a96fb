"""Networks that should not be run: refused before onnxruntime sees them, or noticed there."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.onnx_check import check_network
from sharpflow.bundle.pack import write_bundle
from sharpflow.bundle.session import Network
from sharpflow.bundle.typed_json import from_plain
from sharpflow.errors import UserError
from tests.unit.bundles import (
    MEMBER,
    SIZE,
    mean_network,
    members_of,
    plain_manifest,
    refused,
    sealed,
    whole,
    write_small_bundle,
    write_zip,
)
from tests.unit.damaged_bytes import damaged

__all__ = ["whole"]  # a fixture


def model_of(
    nodes: list[onnx.NodeProto],
    weights: dict[str, Any] | None = None,
    *,
    given: tuple[int, ...] = (1, SIZE, SIZE),
    gives: tuple[int, ...] = (1,),
    **options: Any,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *given])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", *gives])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], **options)


def node(operation: str, *inputs: str, output: str = "output", **options: Any) -> onnx.NodeProto:
    return helper.make_node(operation, list(inputs), [output], **options)


def external() -> onnx.ModelProto:
    model = model_of([node("Identity", "input")], {"w": np.ones(4, np.float32)})
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model


def function() -> onnx.ModelProto:
    body = helper.make_function(
        "own", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], []
    )
    return model_of([node("Identity", "input")], functions=[body])


def loop() -> onnx.ModelProto:
    body = helper.make_graph([], "b", [], [])
    return model_of([node("Loop", "input", body=body)])


def grown() -> onnx.ModelProto:
    """Doubles its channels 40 times."""
    names = ["input", *(f"v{number}" for number in range(40))]
    nodes = [node("Concat", a, a, output=b, axis=1) for a, b in itertools.pairwise(names)]
    return model_of([*nodes, node("Identity", names[-1])])


def huge() -> onnx.ModelProto:
    """One value of more than 2**26 numbers."""
    return model_of([node("Concat", *["input"] * 17, axis=1)], given=(1, 2048, 2048))


def padded() -> onnx.ModelProto:
    weights = {"w": np.ones((1, 1, 1, 1), np.float32)}
    return model_of([node("Conv", "input", "w", pads=[30000] * 4)], weights)


def enlarged() -> onnx.ModelProto:
    scales = {"s": np.array([1, 1, 1e5, 1e5], np.float32)}
    return model_of([node("Resize", "input", "", "s", mode="nearest")], scales)


def laborious() -> onnx.ModelProto:
    """Few weights, and hours of work: one wide convolution, again and again."""
    side = 2048
    nodes = [node("Concat", *["input"] * 16, output="v0", axis=1)]
    nodes += [node("Conv", f"v{n}", "w", output=f"v{n + 1}", pads=[20] * 4) for n in range(9)]
    weights = {"w": np.ones((16, 16, 41, 41), np.float32)}
    return model_of([*nodes, node("Identity", "v9")], weights, given=(1, side, side))


def padded_by_name(operation: str) -> Callable[[], onnx.ModelProto]:
    """By its pads it gives 1x1; by auto_pad it keeps height and width."""

    def make() -> onnx.ModelProto:
        options = {"kernel_shape": [SIZE, SIZE], "auto_pad": "SAME_UPPER"}
        inputs = ["input", "w"][: 1 + (operation == "Conv")]
        nodes = [node(operation, *inputs, output="a", **options), node("Flatten", "a", axis=1)]
        return model_of(nodes, {"w": np.ones((1, 1, SIZE, SIZE), np.float32)})

    return make


def pooled() -> onnx.ModelProto:
    """A kernel of 1024x1024 at each position of 2048x2048."""
    pool = node("MaxPool", "input", output="a", kernel_shape=[1024] * 2, pads=[512, 512, 511, 511])
    return model_of([pool, *AS_ONE], given=(1, 2048, 2048))


def kept() -> onnx.ModelProto:
    """Values of 2**26 numbers each, all of which the last operation needs."""
    nodes = [node("Concat", *["input"] * 16, output="v0", axis=1)]
    nodes += [node("Relu", "v0", output=f"v{number}") for number in range(1, 40)]
    for number in range(1, 40):
        nodes.append(node("GlobalAveragePool", f"v{number}", output=f"m{number}"))
    nodes.append(node("Concat", *[f"m{number}" for number in range(1, 40)], output="a", axis=1))
    return model_of([*nodes, *AS_ONE], given=(1, 2048, 2048))


def multiplied() -> onnx.ModelProto:
    """Of 64 numbers, 2**20; of each image of a batch."""
    nodes = [node("Add", "input", "w", output="a"), *AS_ONE]
    return model_of(nodes, {"w": np.ones((1, 2**14, 1, 1), np.float32)})


def reread() -> onnx.ModelProto:
    """Reads 2**22 numbers again and again, to write one."""
    nodes = [node("GlobalAveragePool", "input", output=f"a{number}") for number in range(2000)]
    return model_of([*nodes, *AS_ONE], given=(1, 2048, 2048))


AS_ONE = [node("GlobalAveragePool", "a", output="b"), node("Flatten", "b", axis=1)]


def split_into_none() -> onnx.ModelProto:
    return model_of([helper.make_node("Split", ["input"], [], axis=1)])


def with_attribute(name: str, value: Any) -> Callable[[], onnx.ModelProto]:
    return lambda: model_of([node("Flatten", "input", **{name: value})])


def shape_without_end() -> onnx.ModelProto:
    return model_of([node("Reshape", "input", "s")], {"s": np.ones(10**6, np.int64)})


def inputs_without_end() -> onnx.ModelProto:
    return model_of([node("Concat", *["input"] * 10**4, axis=1)])


def two_versions() -> onnx.ModelProto:
    """Readers may take the first or the last."""
    model = model_of([node("Relu", "input")])
    model.opset_import.add(domain="", version=17)
    return model


def twice() -> onnx.ModelProto:
    """Readers may take the first or the last."""
    flatten = node("Flatten", "input", axis=1)
    flatten.attribute.append(helper.make_attribute("axis", 0))
    return model_of([flatten])


HOSTILE: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "weights in another file": (external, "a field 1[34] that it should not have"),
    "a function": (function, "a field 25 that it should not have"),
    "a loop": (loop, "the operation 'Loop', which is not allowed"),
    "an operation of another library": (
        lambda: model_of([node("Relu", "input", domain="com.evil")]),
        "the operation 'Relu', which is not allowed",
    ),
    "operations of another library": (
        lambda: helper.make_model(
            model_of([]).graph, opset_imports=[helper.make_opsetid("com.evil", 1)]
        ),
        "operations of 'com.evil'",
    ),
    "channels without end": (grown, "more memory than any network"),
    "a huge value": (huge, "a value of the shape .* larger than allowed"),
    "a huge padding": (padded, "a Conv with a padding|beyond all sizes"),
    "a huge enlargement": (enlarged, "a Resize by"),
    "work without end": (laborious, "more work than any network"),
    "padding by name, of a pooling": (
        padded_by_name("MaxPool"),
        "a MaxPool with the attribute auto_pad='SAME_UPPER', not allowed",
    ),
    "padding by name, of a convolution": (
        padded_by_name("Conv"),
        "a Conv with the attribute auto_pad='SAME_UPPER', not allowed",
    ),
    "poolings of huge kernels": (pooled, "more work than any network"),
    "values that are all kept": (kept, "more memory than any network"),
    "values that grow with the batch": (multiplied, "more memory than any network"),
    "a value read without end": (reread, "more memory than any network"),
    "a Split into none": (split_into_none, "a Split of .* into 0"),
    "an unknown attribute": (with_attribute("depth", 1), "the attribute 'depth', not allowed"),
    "an attribute of another type": (with_attribute("axis", 1.0), "attribute axis of another type"),
    "a shape without end": (shape_without_end, r"a Reshape whose input 1 has the shape"),
    "inputs without end": (inputs_without_end, "an operation of .* bytes, more than 4096"),
    "operations of two versions": (two_versions, "2 fields 8 instead of one"),
    "another output": (
        lambda: model_of([node("Flatten", "input", axis=1)], gives=(64,)),
        r"an output of the shape \(64,\) instead of \(1,\)",
    ),
    "another name of the input": (
        lambda: helper.make_model(
            helper.make_graph(
                [node("Relu", "x")],
                "g",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])],
                [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
        ),
        "an input that is not called 'input'",
    ),
    "a value that nothing gives": (lambda: model_of([node("Relu", "x")]), "which nothing gives"),
    "a value given twice": (
        lambda: model_of([node("Relu", "input"), node("Relu", "input")]),
        "two values of the name 'output'",
    ),
    "an attribute twice": (twice, "a Flatten with an attribute twice"),
}


LARGE = (huge, laborious, pooled, kept, reread)  # of 2048x2048 pixels


@pytest.mark.parametrize("kind", HOSTILE)
def test_networks_that_should_not_be_run(kind: str, whole: Path, tmp_path: Path) -> None:
    make, words = HOSTILE[kind]
    model = make().SerializeToString()
    side = 2048 if make in LARGE else SIZE
    with pytest.raises(ValueError, match=words):
        check_network(model, (1, side, side), (1,))
    if side == SIZE:
        members = sealed(members_of(whole) | {MEMBER: model})
        refused(write_zip(tmp_path / "b", members), words)


def test_weights_of_another_length_than_their_shape() -> None:
    model = model_of([node("Identity", "input")], {"w": np.ones(4, np.float32)})
    model.graph.initializer[0].dims[0] = 2**40
    with pytest.raises(ValueError, match=r"weights of the shape \(1099511627776,\) in 16 bytes"):
        check_network(model.SerializeToString(), (1, SIZE, SIZE), (1,))


def test_a_network_for_other_inputs_than_the_manifest_says(whole: Path, tmp_path: Path) -> None:
    graph = Graph()
    channels = graph.convolve("input", np.ones((1, 3, 1, 1)), None)
    model = graph.model([3, SIZE, SIZE], graph.mean(channels), [1])
    members = sealed(members_of(whole) | {MEMBER: model})
    refused(write_zip(tmp_path / "b", members), "a convolution of 1 channels by weights for 3")


def test_what_onnxruntime_does_not_take_is_refused_too(whole: Path, tmp_path: Path) -> None:
    model = onnx.load_from_string(mean_network())
    (flattening,) = [n for n in model.graph.node if n.op_type == "Flatten"]
    flattening.input.append("input")
    members = sealed(members_of(whole) | {MEMBER: model.SerializeToString()})
    refused(write_zip(tmp_path / "b", members), "found one that onnxruntime does not take")


def all_operations() -> onnx.ModelProto:
    """Each operation that a bundle may have: (n, 2, 8, 8) -> (n, 3)."""
    graph, random_numbers = Graph(), np.random.default_rng(3)
    x = graph.add("Transpose", "input", perm=[0, 1, 3, 2])
    x = graph.convolve(x, random_numbers.random((4, 2, 3, 3)), np.ones(4), pads=[1, 1, 1, 1])
    x = graph.clip(graph.normalize(x, np.ones((4, 4)), 1e-3), 0, 6)
    x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = graph.enlarge(graph.add("Relu", x), [2, 2], bilinear=True)
    x = graph.add("Pad", x, graph.weights([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    before, after = graph.add_several("Split", 2, x, axis=1)
    x = graph.concatenate([graph.add("Sub", before, after), graph.add("Add", before, after)])
    x = graph.add("Mul", x, graph.add("Sigmoid", x))
    shares = graph.add("Softmax", graph.reshape(x, [0, 4, -1]), axis=1)
    sums = graph.add("ReduceSum", shares, graph.weights([2], np.int64), keepdims=0)
    last = graph.add("Add", graph.mean(x), sums)
    last = graph.multiply(last, random_numbers.random((4, 3)), np.zeros(3))
    return onnx.load_from_string(graph.model([2, SIZE, SIZE], last, [3]))


NUMBERS = [-(2**63), -1, 0, 1, 2, 3, 7, 2**16, 2**40, 2**63 - 1]


def mutated(model: onnx.ModelProto, chance: random.Random) -> bytes:
    """A network with its bytes, or one or two operations, attributes and weights, changed."""
    if chance.random() < 0.3:
        return damaged(model.SerializeToString(), chance)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changes = [change_attributes, change_attributes, change_node, change_weights]
    for _ in range(chance.randint(1, 2)):
        chance.choice(changes)(changed.graph, chance)
    return changed.SerializeToString()


def change_attributes(graph: onnx.GraphProto, chance: random.Random) -> None:
    node, number = chance.choice(graph.node), chance.choice(NUMBERS)
    if not node.attribute or chance.random() < 0.3:
        names = ["axis", "perm", "pads", "strides", "auto_pad", "ceil_mode", "group", "x"]
        node.attribute.append(helper.make_attribute(chance.choice(names), number))
    elif chance.random() < 0.3:
        del node.attribute[chance.randrange(len(node.attribute))]
    else:
        attribute = chance.choice(node.attribute)
        numbers = [number] * chance.randint(1, 4)
        value = chance.choice([number, numbers, 0.5, "SAME_UPPER", b"\xff"])
        attribute.CopyFrom(helper.make_attribute(attribute.name, value))


def change_node(graph: onnx.GraphProto, chance: random.Random) -> None:
    node, kind = chance.choice(graph.node), chance.randrange(4)
    if kind == 0:
        del node.input[chance.randrange(len(node.input) + 1) :]
    elif kind == 1:
        node.input.append(chance.choice(["", "input", "weights_0"]))
    elif kind == 2:
        del node.output[:]
        node.output.extend(f"new{chance.random()}" for _ in range(chance.randrange(3)))
    else:
        node.op_type = chance.choice(graph.node).op_type


def change_weights(graph: onnx.GraphProto, chance: random.Random) -> None:
    tensor, number, kind = chance.choice(graph.initializer), chance.choice(NUMBERS), chance.random()
    if kind < 0.4:
        tensor.raw_data = chance.randbytes(len(tensor.raw_data))
    elif kind < 0.7 and len(tensor.dims):
        tensor.dims[chance.randrange(len(tensor.dims))] = number
    else:
        values = np.full(chance.randrange(6), number, np.int64)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def test_changed_networks_are_refused_or_give_what_they_should() -> None:
    """Whatever is wrong with one is a ValueError of the check, or what onnxruntime refuses."""
    chance, model = random.Random(7), all_operations()
    images = np.ones((2, 2, SIZE, SIZE), np.float32)
    check_network(model.SerializeToString(), (2, SIZE, SIZE), (3,))
    ended = {"run": 0, "refused": 0, "not taken": 0}
    for _ in range(500):
        content = mutated(model, chance)
        try:
            check_network(content, (2, SIZE, SIZE), (3,))
        except ValueError:
            ended["refused"] += 1
            continue
        try:
            assert Network(content, 1)(images).shape == (2, 3)
            ended["run"] += 1
        except (ValueError, UserError):
            ended["not taken"] += 1
    assert min(ended.values()) >= 10, ended


def test_bundles_repeat_to_the_byte_and_are_read_before_they_are_kept(tmp_path: Path) -> None:
    first = write_small_bundle(tmp_path / "a.sharpflow").read_bytes()
    assert write_small_bundle(tmp_path / "b.sharpflow").read_bytes() == first
    manifest = from_plain(Manifest, plain_manifest())
    wrong = model_of([node("Flatten", "input", axis=1)], gives=(64,)).SerializeToString()
    told = (
        r"c\.sharpflow is not written, since it would be refused: c\.sharpflow, .* an output of "
        r"the shape .*\. Change the study\.$"
    )
    with pytest.raises(UserError, match=told):
        write_bundle(tmp_path / "c.sharpflow", manifest, {MEMBER: wrong})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sharpflow", "b.sharpflow"]


def mixed() -> onnx.ModelProto:
    """Of one image it gives what it should; of several, one sum."""
    nodes = [
        node("Flatten", "input", output="a", axis=1),
        node("Reshape", "a", "shape", output="b"),
        node("Add", "b", "w", output="c"),
        node("ReduceSum", "c", "axis", output="d", keepdims=0),
        node("ReduceSum", "d", "axis", keepdims=0),
    ]
    weights = {"shape": np.array([0, -1, 1]), "axis": np.array([1])}
    return model_of(nodes, weights | {"w": np.ones((1, 1, 1, 1), np.float32)})


def test_a_network_that_mixes_images_up_is_refused_and_noticed_where_it_runs() -> None:
    model = mixed().SerializeToString()
    with pytest.raises(ValueError, match="the operation Add, which moves images"):
        check_network(model, (1, SIZE, SIZE), (1,))
    network = Network(model, 1, "base")
    assert network(np.ones((1, 1, SIZE, SIZE), np.float32)).shape == (1, 1)
    with pytest.raises(UserError, match="network base of the bundle cannot be run: found 1 out"):
        network(np.ones((3, 1, SIZE, SIZE), np.float32))
    with pytest.raises(UserError, match="network base of the bundle cannot be run: found"):
        network(np.ones((3, 1, SIZE, SIZE + 1), np.float32))


def test_messages_stay_short_whatever_the_file_says() -> None:
    model = helper.make_model(
        model_of([]).graph, opset_imports=[helper.make_opsetid("x" * 10**6, 17)]
    )
    with pytest.raises(ValueError, match="operations of") as error:
        check_network(model.SerializeToString(), (1, SIZE, SIZE), (1,))
    assert len(str(error.value)) <= 200
    many = model_of([node("Identity", "input")] * 5000)
    with pytest.raises(ValueError, match="5000 operations, more than 4000"):
        check_network(many.SerializeToString(), (1, SIZE, SIZE), (1,))
    with pytest.raises(ValueError, match="more than 100000 fields"):
        check_network(b"\x08\x08" * 10**6, (1, SIZE, SIZE), (1,))
