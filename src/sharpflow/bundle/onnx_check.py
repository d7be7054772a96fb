"""What a network in a bundle may be: checked in plain Python before anything runs it.

A network of somebody else's could name files outside the bundle, call code that is not part of
ONNX, loop for ever, or grow a small file into all of the memory. So only the operations that this
project writes (`export.graph`) are allowed, with their attributes and with weights inside the file;
and the shape of every value is worked out beforehand, for one image.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sharpflow.bundle.protobuf import (
    BYTES,
    FIXED32,
    VARINT,
    Fields,
    read_fields,
    text,
    whole_numbers,
)

Shape = tuple[int, ...]

MOST_NODES = 4000
MOST_VALUES = 2**26  # numbers in one value of one image: a quarter of a gigabyte
# Numbers in all values of one image together, since a network can keep each until its end: at most
# so many, and at most so many for each number of the input. The largest network, ResNet-50 (also
# with depthwise convolutions), has 2**29.7 at 1024 pixels, 2**9.7 for each number of its input;
# yolov3 at 416 pixels 2**27.4 and 2**8.4, the U-Net at 512x416 pixels 2**26.7 and 2**9.
MOST_WRITTEN = 2**31
MOST_GROWTH = 2**13
# Numbers that the operations of one image read and write: what bounds the time of all but
# convolutions and poolings. ResNet-50 has 2**30.7.
MOST_MOVED = 2**32
# Products of convolutions and comparisons of poolings for one image: ResNet-50 has 2**36.3, yolov3
# 2**35.8.
MOST_WORK = 2**39
MOST_SIDES = 8
MOST_NODE_BYTES = 2**12  # of an operation's description: ours take some hundred
MOST_TOLD = 200  # letters of an error, which may quote the file
OPSET = 17

# Numbers of fields and their wire types, of onnx.proto3. What is not listed is refused: functions,
# training, sparse weights, weights in other files, subgraphs.
_MODEL = {1: VARINT, 2: BYTES, 3: BYTES, 5: VARINT, 7: BYTES, 8: BYTES}
_OPSET = {1: BYTES, 2: VARINT}
_GRAPH = {1: BYTES, 2: BYTES, 5: BYTES, 11: BYTES, 12: BYTES}
_NODE = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: BYTES, 7: BYTES}
_ATTRIBUTE = {1: BYTES, 2: FIXED32, 3: VARINT, 4: BYTES, 8: VARINT, 20: VARINT}
_TENSOR = {1: VARINT, 2: VARINT, 8: BYTES, 9: BYTES}
_VALUE = {1: BYTES, 2: BYTES}
_TYPE = {1: BYTES}
_TENSOR_TYPE = {1: VARINT, 2: BYTES}
_SHAPE = {1: BYTES}
_SIDE = {1: VARINT, 2: BYTES}
_FLOAT, _INT64 = 1, 7
_DTYPES: Mapping[int, Any] = {_FLOAT: np.dtype("<f4"), _INT64: np.dtype("<i8")}

# Attributes: their types, and the field of each that holds the value.
_FRACTION, _NUMBER, _TEXT, _NUMBERS = 1, 2, 3, 7
_FIELD_OF_TYPE = {_FRACTION: 2, _NUMBER: 3, _TEXT: 4, _NUMBERS: 8}
_NO_AUTO_PAD = frozenset({"NOTSET"})  # any other replaces `pads`, by which shapes are worked out

# What an operation may be told: an attribute's name -> its type, or the texts that it may be.
_ATTRIBUTES: Mapping[str, Mapping[str, int | frozenset[str]]] = {
    "BatchNormalization": {"epsilon": _FRACTION},
    "Concat": {"axis": _NUMBER},
    "Conv": {
        "auto_pad": _NO_AUTO_PAD,
        "dilations": _NUMBERS,
        "group": _NUMBER,
        "kernel_shape": _NUMBERS,
        "pads": _NUMBERS,
        "strides": _NUMBERS,
    },
    "Flatten": {"axis": _NUMBER},
    "MaxPool": {
        "auto_pad": _NO_AUTO_PAD,
        "kernel_shape": _NUMBERS,
        "pads": _NUMBERS,
        "strides": _NUMBERS,
    },
    "ReduceSum": {"keepdims": _NUMBER},
    "Resize": {
        "coordinate_transformation_mode": frozenset({"asymmetric", "half_pixel"}),
        "mode": frozenset({"linear", "nearest"}),
        "nearest_mode": frozenset({"floor"}),
    },
    "Softmax": {"axis": _NUMBER},
    "Split": {"axis": _NUMBER},
    "Transpose": {"perm": _NUMBERS},
}


@dataclass
class _Node:
    """One operation: its attributes and the shapes of what goes in."""

    operation: str
    numbers: dict[str, list[int]]
    shapes: list[Shape]
    constants: list[npt.NDArray[Any] | None]

    def pair(self, name: str, default: int) -> tuple[int, int]:
        """An attribute of two numbers, for height and width."""
        first, second = self.numbers.get(name, [default] * 2)
        return first, second

    def constant(self, place: int) -> npt.NDArray[Any]:
        """An input that must be part of the network."""
        value = self.constants[place] if place < len(self.constants) else None
        if value is None:
            raise ValueError(f"a {self.operation} whose input {place} is not part of the network")
        return value

    def few(self, place: int, dtype: int = _INT64) -> list[Any]:
        """The few numbers of an input that must be part of the network, as of a shape."""
        value = self.constant(place)
        if value.dtype != _DTYPES[dtype] or value.ndim != 1 or len(value) > 2 * MOST_SIDES:
            raise ValueError(f"a {self.operation} whose input {place} has the shape {value.shape}")
        return list(value.tolist())

    def number(self, name: str) -> int:
        """An attribute of one number."""
        if name not in self.numbers:
            raise ValueError(f"a {self.operation} without {name}")
        (number,) = self.numbers[name]
        return number


@dataclass
class _Values:
    """Shapes of all values by name, and those that are weights; what computing them takes."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    weights: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    written: int = 0
    moved: int = 0
    work: int = 0

    def add(self, name: str, shape: Shape) -> None:
        """A new value; ValueError where it is known already, or absurdly large."""
        if not name or name in self.shapes:
            raise ValueError(f"two values of the name {name[:40]!r}")
        if any(side < 1 for side in shape) or math.prod(shape) > MOST_VALUES:
            raise ValueError(f"a value of the shape {shape}, larger than allowed or empty")
        self.shapes[name] = shape

    def count(self, node: _Node, outputs: Sequence[Shape]) -> None:
        """Add what an operation takes; ValueError where it is more than any network needs."""
        written = sum(map(math.prod, outputs))
        self.written += written
        self.moved += written + sum(map(math.prod, node.shapes))
        most = min(MOST_WRITTEN, MOST_GROWTH * math.prod(self.shapes["input"]))
        if self.written > most or self.moved > MOST_MOVED:
            raise ValueError("more memory than any network of a bundle")
        if node.operation == "Conv":
            self.work += math.prod(outputs[0]) * math.prod(node.constant(1).shape[1:])
        elif node.operation == "MaxPool":
            self.work += math.prod(outputs[0]) * math.prod(node.numbers["kernel_shape"])
        if self.work > MOST_WORK:
            raise ValueError("more work than any network of a bundle")


def check_network(model: bytes, given: Sequence[int], gives: Sequence[int | None]) -> None:
    """Raise ValueError, which says what is wrong, for a network that should not be run.

    Args:
        model: an ONNX file.
        given: sides of its one input, "input", but the first, the number of images.
        gives: likewise, of its one output, "output"; None for a side of any length.
    """
    try:
        _check(memoryview(model), tuple(given), tuple(gives))
    except ValueError as error:
        raise ValueError(str(error)[:MOST_TOLD]) from None
    except (ArithmeticError, LookupError, TypeError):  # what a malformed graph runs into
        raise ValueError("what cannot be read as a network") from None


def _check(model: memoryview, given: Shape, gives: tuple[int | None, ...]) -> None:
    fields = read_fields(model, _MODEL)
    opset = read_fields(_one(fields, 8), _OPSET)
    domain, version = text(opset.get(1, [memoryview(b"")])[-1]), opset.get(2, [0])[-1]
    if domain or version != OPSET:
        raise ValueError(f"operations of {domain or 'ONNX'!r}, version {version}")
    graph = read_fields(_one(fields, 7), _GRAPH)
    values = _Values()
    if _tensor_value(_one(graph, 11)) != "input":
        raise ValueError("an input that is not called 'input'")
    values.add("input", (1, *given))
    for tensor in graph.get(5, []):
        name, array = _weights(tensor)
        values.add(name, array.shape or (1,))
        values.weights[name] = array
    nodes = graph.get(1, [])
    if len(nodes) > MOST_NODES:
        raise ValueError(f"{len(nodes)} operations, more than {MOST_NODES}")
    for node in nodes:
        if len(node) > MOST_NODE_BYTES:
            raise ValueError(f"an operation of {len(node)} bytes, more than {MOST_NODE_BYTES}")
        _add_node(values, read_fields(node, _NODE))
    if _tensor_value(_one(graph, 12)) != "output" or "output" in values.weights:
        raise ValueError("an output that is not called 'output'")
    found = values.shapes.get("output", ())
    if len(found) != len(gives) + 1 or any(
        side not in (None, own) for side, own in zip((1, *gives), found, strict=True)
    ):
        raise ValueError(f"an output of the shape {found[1:]} instead of {gives}")


def _one(fields: Fields, number: int) -> memoryview:
    if len(fields.get(number, [])) != 1:
        raise ValueError(f"{len(fields.get(number, []))} fields {number} instead of one")
    value: memoryview = fields[number][0]
    return value


def _tensor_value(value: memoryview) -> str:
    """The name of an input or output, which must be of float32."""
    fields = read_fields(value, _VALUE)
    kind = read_fields(_one(read_fields(_one(fields, 2), _TYPE), 1), _TENSOR_TYPE)
    if kind.get(1) != [_FLOAT]:
        raise ValueError("an input or output that is not float32")
    for side in read_fields(_one(kind, 2), _SHAPE).get(1, []):
        read_fields(side, _SIDE)
    return text(_one(fields, 1))


def _weights(tensor: memoryview) -> tuple[str, npt.NDArray[Any]]:
    """The name and the numbers of an initializer, which must lie in the file."""
    fields = read_fields(tensor, _TENSOR)
    shape, dtype = tuple(whole_numbers(fields.get(1, []))), _DTYPES.get(fields.get(2, [0])[-1])
    if dtype is None or len(shape) > MOST_SIDES or any(side < 1 for side in shape):
        raise ValueError(f"weights of the shape {shape} and of a type that is not allowed")
    raw = _one(fields, 9)
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"weights of the shape {shape} in {len(raw)} bytes")
    return text(_one(fields, 8)), np.frombuffer(raw, dtype).reshape(shape)


def _add_node(values: _Values, fields: Fields) -> None:
    operation = text(_one(fields, 4))
    if operation not in _SHAPES or (7 in fields and text(_one(fields, 7))):
        raise ValueError(f"the operation {operation[:40]!r}, which is not allowed")
    names = [text(name) for name in fields.get(1, [])]
    if unknown := [name for name in names if name and name not in values.shapes]:
        raise ValueError(f"the value {unknown[0][:40]!r}, which nothing gives")
    node = _Node(
        operation,
        _attributes(operation, fields.get(5, [])),
        [values.shapes.get(name, ()) for name in names],
        [values.weights.get(name) for name in names],
    )
    outputs = [text(name) for name in fields.get(2, [])]
    shapes = _SHAPES[operation](node, len(outputs))
    values.count(node, shapes)
    for name, shape in zip(outputs, shapes, strict=True):
        values.add(name, shape)


def _attributes(operation: str, attributes: Sequence[memoryview]) -> dict[str, list[int]]:
    """Those of whole numbers, by name. ValueError for one that the operation may not have."""
    allowed = _ATTRIBUTES.get(operation, {})
    seen: set[str] = set()
    numbers: dict[str, list[int]] = {}
    for attribute in attributes:
        fields = read_fields(attribute, _ATTRIBUTE)
        name = text(_one(fields, 1))
        if name not in allowed:
            raise ValueError(f"a {operation} with the attribute {name[:40]!r}, not allowed")
        if name in seen:
            raise ValueError(f"a {operation} with an attribute twice")
        seen.add(name)
        found = _attribute_value(fields, f"{operation} with the attribute {name}", allowed[name])
        if found is not None:
            numbers[name] = found
    return numbers


def _attribute_value(fields: Fields, told: str, expected: int | frozenset[str]) -> list[int] | None:
    """An attribute's whole numbers, None for another kind, which is of no weight for shapes.

    Args:
        fields: of the attribute.
        told: what it is, for messages.
        expected: its type, or the texts that it may be.
    """
    kind = expected if isinstance(expected, int) else _TEXT
    value = fields.get(_FIELD_OF_TYPE[kind], [])
    if fields.get(20) != [kind] or not {*fields} <= {1, 20, _FIELD_OF_TYPE[kind]}:
        raise ValueError(f"a {told} of another type")
    if kind == _NUMBER and not isinstance(value[0], int):
        raise ValueError(f"a {told} of another type")
    if kind != _NUMBERS and len(value) != 1:
        raise ValueError(f"a {told} of {len(value)} values")
    if not isinstance(expected, int):
        if (word := text(value[0])) not in expected:
            raise ValueError(f"a {told}={word[:40]!r}, not allowed")
        return None
    if kind == _FRACTION:
        return None
    numbers = whole_numbers(value)
    if any(abs(number) > 2**16 for number in numbers):
        raise ValueError(f"a {told} beyond all sizes")
    return numbers


# Shapes of the outputs, of one image.


def _same(node: _Node, outputs: int) -> list[Shape]:
    return [node.shapes[0]]


def _broadcast(node: _Node, outputs: int) -> list[Shape]:
    first, second = node.shapes
    shape = tuple(np.broadcast_shapes(first, second))
    for own, weights in zip(node.shapes, node.constants, strict=True):
        if weights is None and len(own) != len(shape):
            raise ValueError(f"the operation {node.operation}, which moves images to another side")
    return [shape]


def _window(node: _Node, kernel: Sequence[int]) -> Shape:
    """Height and width behind a convolution or a pooling, which must not grow."""
    pads = node.numbers.get("pads", [0, 0, 0, 0])
    strides, dilations = node.pair("strides", 1), node.pair("dilations", 1)
    top, left, bottom, right = pads
    sides = []
    for side, size, stride, dilation, padding in zip(
        node.shapes[0][2:], kernel, strides, dilations, (top + bottom, left + right), strict=True
    ):
        reach = dilation * (size - 1)
        if min(*pads, size - 1, stride - 1, dilation - 1) < 0 or padding > reach:
            raise ValueError(f"a {node.operation} with a padding of {pads}")
        sides.append((side + padding - reach - 1) // stride + 1)
    return tuple(sides)


def _convolution(node: _Node, outputs: int) -> list[Shape]:
    batch, channels, *_ = node.shapes[0]
    out, of_group, *kernel = node.constant(1).shape
    (groups,) = node.numbers.get("group", [1])
    if node.numbers.get("kernel_shape", kernel) != kernel:
        raise ValueError(f"a convolution whose kernel is not {kernel}, as its weights")
    if groups < 1 or of_group * groups != channels or out % groups:
        raise ValueError(f"a convolution of {channels} channels by weights for {of_group}")
    return [(batch, out, *_window(node, kernel))]


def _pooling(node: _Node, outputs: int) -> list[Shape]:
    return [(*node.shapes[0][:2], *_window(node, node.pair("kernel_shape", 0)))]


def _mean(node: _Node, outputs: int) -> list[Shape]:
    batch, channels, _, _ = node.shapes[0]
    return [(batch, channels, 1, 1)]


def _multiplication(node: _Node, outputs: int) -> list[Shape]:
    (rows, given), (expected, columns) = node.shapes[0], node.constant(1).shape
    if given != expected:
        raise ValueError(f"a Gemm of {given} columns with {expected} rows")
    return [(rows, columns)]


def _concatenation(node: _Node, outputs: int) -> list[Shape]:
    axis = node.number("axis")
    first = node.shapes[0]
    if not 1 <= axis < len(first):
        raise ValueError("a Concat of images")
    length = sum(shape[axis] for shape in node.shapes)
    joined = {(*shape[:axis], length, *shape[axis + 1 :]) for shape in node.shapes}
    if len(joined) > 1:
        raise ValueError(f"a Concat of the shapes {node.shapes}")
    return [joined.pop()]


def _transposition(node: _Node, outputs: int) -> list[Shape]:
    order = node.numbers.get("perm", [])
    if order[:1] != [0] or sorted(order) != list(range(len(node.shapes[0]))):
        raise ValueError(f"a Transpose to {order}")
    return [tuple(node.shapes[0][axis] for axis in order)]


def _flattening(node: _Node, outputs: int) -> list[Shape]:
    if node.numbers.get("axis", [1]) != [1]:
        raise ValueError("a Flatten of images")
    return [(node.shapes[0][0], math.prod(node.shapes[0][1:]))]


def _reshaping(node: _Node, outputs: int) -> list[Shape]:
    shape, asked = node.shapes[0], node.few(1)
    sides = [shape[place] if side == 0 else side for place, side in enumerate(asked)]
    if asked[:1] != [0] or sides.count(-1) > 1:
        raise ValueError(f"a Reshape to {asked}")
    rest = math.prod(side for side in sides if side != -1)
    sides = [math.prod(shape) // max(rest, 1) if side == -1 else side for side in sides]
    if math.prod(sides) != math.prod(shape):
        raise ValueError(f"a Reshape of {shape} to {asked}")
    return [tuple(sides)]


def _enlargement(node: _Node, outputs: int) -> list[Shape]:
    if len(node.shapes) != 3 or node.shapes[1]:
        raise ValueError("a Resize that is not by factors alone")
    factors = node.few(2, _FLOAT)
    if factors[:2] != [1, 1] or not all(factor in range(1, 17) for factor in factors):
        raise ValueError(f"a Resize by {factors}")
    return [tuple(s * int(f) for s, f in zip(node.shapes[0], factors, strict=True))]


def _padding(node: _Node, outputs: int) -> list[Shape]:
    amounts = node.few(1)
    shape = node.shapes[0]
    before, after = amounts[: len(shape)], amounts[len(shape) :]
    if before[0] or after[0] or not all(0 <= amount <= 64 for amount in amounts):
        raise ValueError(f"a Pad by {amounts}")
    return [tuple(s + b + a for s, b, a in zip(shape, before, after, strict=True))]


def _sum(node: _Node, outputs: int) -> list[Shape]:
    (axis,) = node.few(1)
    if not 1 <= axis < len(node.shapes[0]) or node.numbers.get("keepdims") != [0]:
        raise ValueError(f"a ReduceSum over {axis}")
    return [(*node.shapes[0][:axis], *node.shapes[0][axis + 1 :])]


def _softmax(node: _Node, outputs: int) -> list[Shape]:
    if not 1 <= node.number("axis") < len(node.shapes[0]):
        raise ValueError("a Softmax of images")
    return _same(node, outputs)


def _split(node: _Node, outputs: int) -> list[Shape]:
    axis, shape = node.number("axis"), node.shapes[0]
    if not 1 <= axis < len(shape) or len(node.shapes) != 1:
        raise ValueError(f"a Split of {shape}")
    if outputs < 1 or shape[axis] % outputs:
        raise ValueError(f"a Split of {shape} into {outputs}")
    return [(*shape[:axis], shape[axis] // outputs, *shape[axis + 1 :])] * outputs


_SHAPES: Mapping[str, Callable[[_Node, int], list[Shape]]] = {
    "Add": _broadcast,
    "BatchNormalization": _same,
    "Clip": _same,
    "Concat": _concatenation,
    "Conv": _convolution,
    "Flatten": _flattening,
    "Gemm": _multiplication,
    "GlobalAveragePool": _mean,
    "Identity": _same,
    "MaxPool": _pooling,
    "Mul": _broadcast,
    "Pad": _padding,
    "ReduceSum": _sum,
    "Relu": _same,
    "Reshape": _reshaping,
    "Resize": _enlargement,
    "Sigmoid": _same,
    "Softmax": _softmax,
    "Split": _split,
    "Sub": _broadcast,
    "Transpose": _transposition,
}
