"""torch networks as ONNX: torchvision's and ultralytics' YOLOv3, traced by torch.fx."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import fx, nn

from sharpflow.bundle.export.graph import Graph

Translate = Callable[[Graph, Any, list[Any]], str]


def export_classifier(network: nn.Module, size: int, outputs: int) -> bytes:
    """A network of `whole_image.networks` for grey images (n, 1, size, size) as ONNX.

    torch.fx does not see the hook that repeats the grey image, so that is written here.

    Raises:
        NotImplementedError: the network has a layer that is not translated.
    """
    graph = Graph()
    images = graph.concatenate(["input"] * 3)
    return graph.model([1, size, size], _run(graph, network.eval(), [images]), [outputs])


def export_detector(network: nn.Module, height: int, width: int) -> bytes:
    """An ultralytics detector for images (n, 3, height, width) in [0, 1] as ONNX.

    Its output (n, 4 + classes, anchors) has the corners of boxes in pixels of its input (left, top,
    right, bottom) and the confidence of each class.

    Args:
        network: a `DetectionModel` with ultralytics' anchor-free head.
        height: of its input, pixels, a multiple of the largest stride.
        width: likewise.

    Raises:
        NotImplementedError: the network has a layer that is not translated.
    """
    from ultralytics.nn.modules import Detect

    graph = Graph()
    network = network.float().eval()
    head = next(part for part in network.modules() if isinstance(part, Detect))
    strides = [int(stride) for stride in head.stride]
    levels = [(height // stride, width // stride) for stride in strides]

    def detect(graph: Graph, head: Any, inputs: list[Any]) -> str:
        return _detect(graph, head, inputs[0], levels, strides)

    output = _run(graph, _OfImages(network), ["input"], {Detect: detect})
    anchors = sum(rows * columns for rows, columns in levels)
    return graph.model([3, height, width], output, [4 + head.nc, anchors])


class _OfImages(nn.Module):  # type: ignore[misc]
    """A network that takes images and nothing more, as torch.fx needs it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)


def _run(
    graph: Graph,
    module: nn.Module,
    inputs: Sequence[Any],
    further: Mapping[type, Translate] | None = None,
) -> str:
    """Write a module, traced down to the layers that are translated; gives its output's name."""
    layers = {**LAYERS, **(further or {})}
    own = _translation(module, layers)
    if own:
        return str(own(graph, module, list(inputs)))
    traced = _Tracer(tuple(layers)).trace(module)
    given = iter(inputs)
    names: dict[fx.Node, Any] = {}
    for node in traced.nodes:
        arguments = fx.map_arg(node.args, names.__getitem__)
        if node.op == "placeholder":
            names[node] = next(given)
        elif node.op == "output":
            return str(arguments[0])
        elif node.op == "call_module":
            layer = module.get_submodule(node.target)
            translate = _translation(layer, layers)
            assert translate, "the tracer stops only where there is one"
            names[node] = translate(graph, layer, list(arguments))
        elif node.target in FUNCTIONS:
            names[node] = FUNCTIONS[node.target](graph, node.kwargs, list(arguments))
        else:
            raise NotImplementedError(f"{node.name}: no translation of {node.target} to ONNX")
    raise AssertionError("a traced module has an output")


class _Tracer(fx.Tracer):  # type: ignore[misc]
    """Traces into all modules but those that are translated whole."""

    def __init__(self, leaves: tuple[type, ...]) -> None:
        super().__init__()
        self._leaves = leaves

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, self._leaves)


def _translation(layer: nn.Module, layers: Mapping[type, Translate]) -> Translate | None:
    return next((layers[kind] for kind in layers if isinstance(layer, kind)), None)


def _array(values: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(values.detach().cpu().numpy(), np.float32)


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _convolution(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise NotImplementedError(f"a convolution with padding {layer.padding_mode}")
    return graph.convolve(
        inputs[0],
        _array(layer.weight),
        None if layer.bias is None else _array(layer.bias),
        strides=_pair(layer.stride),
        pads=_pair(layer.padding) * 2,
        dilations=_pair(layer.dilation),
        groups=layer.groups,
    )


def _normalization(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    of_channels = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    return graph.normalize(inputs[0], map(_array, of_channels), layer.eps)


def _linear(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    return graph.multiply(inputs[0], _array(layer.weight).T, _array(layer.bias))


def _relu(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    return graph.add("Relu", inputs[0])


def _relu6(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    return graph.clip(inputs[0], 0, 6)


def _silu(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    return graph.add("Mul", inputs[0], graph.add("Sigmoid", inputs[0]))


def _pooling(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    if layer.ceil_mode or _pair(layer.dilation) != [1, 1]:
        raise NotImplementedError(f"a max pooling with {layer.extra_repr()}")
    return graph.add(
        "MaxPool",
        inputs[0],
        kernel_shape=_pair(layer.kernel_size),
        strides=_pair(layer.stride),
        pads=_pair(layer.padding) * 2,
    )


def _zero_padding(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    left, right, top, bottom = layer.padding
    pads = graph.weights([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return graph.add("Pad", inputs[0], pads)


def _enlargement(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    if layer.mode != "nearest" or layer.scale_factor is None:
        raise NotImplementedError(f"an enlargement with {layer.extra_repr()}")
    return graph.enlarge(inputs[0], [layer.scale_factor] * 2, bilinear=False)


def _nothing(graph: Graph, layer: Any, inputs: list[Any]) -> Any:
    return inputs[0]


def _mean(graph: Graph, layer: Any, inputs: list[Any]) -> str:
    if _pair(layer.output_size if isinstance(layer, nn.Module) else inputs[1]) != [1, 1]:
        raise NotImplementedError("a pooling by means to more than one position")
    return graph.add("GlobalAveragePool", inputs[0])


def _flatten(graph: Graph, options: Any, inputs: list[Any]) -> str:
    if inputs[1:] != [1] or options:
        raise NotImplementedError(f"torch.flatten with {inputs[1:]}, {options}")
    return graph.add("Flatten", inputs[0], axis=1)


def _add(graph: Graph, options: Any, inputs: list[Any]) -> str:
    return graph.add("Add", *inputs)


def _concatenation(graph: Graph, options: Any, inputs: list[Any]) -> str:
    parts, *axis = inputs
    return graph.concatenate(parts, axis=axis[0] if axis else options.get("dim", 0))


def _detect(
    graph: Graph,
    head: Any,
    features: Sequence[str],
    levels: Sequence[tuple[int, int]],
    strides: Sequence[int],
) -> str:
    """ultralytics' head: a distribution of the distance to each side of a box, at each position.

    Args:
        graph: it is written to.
        head: the module.
        features: one value a level.
        levels: rows and columns of each.
        strides: pixels of the network's input from position to position, of each.
    """
    if head.end2end:
        raise NotImplementedError("a detector that needs no suppression of boxes")

    def joined(parts: Any, channels: int) -> str:
        each = (_run(graph, part, [x]) for part, x in zip(parts, features, strict=True))
        return graph.concatenate([graph.reshape(x, [0, channels, -1]) for x in each], axis=2)

    heads, bins = head.one2many, head.reg_max
    distances = joined(heads["box_head"], 4 * bins)
    shares = graph.add("Softmax", graph.reshape(distances, [0, 4, bins, -1]), axis=2)
    products = graph.add("Mul", shares, graph.weights(np.arange(bins).reshape(1, 1, bins, 1)))
    distances = graph.add("ReduceSum", products, graph.weights([2], np.int64), keepdims=0)
    before, after = graph.add_several("Split", 2, distances, axis=1)
    anchors = graph.weights(_anchors(levels)[None])
    corners = graph.concatenate(
        [graph.add("Sub", anchors, before), graph.add("Add", anchors, after)]
    )
    counts = [rows * columns for rows, columns in levels]
    pixels = graph.weights(np.repeat(strides, counts)[None, None])
    boxes = graph.add("Mul", corners, pixels)
    sure = graph.add("Sigmoid", joined(heads["cls_head"], head.nc))
    return graph.concatenate([boxes, sure])


def _anchors(levels: Sequence[tuple[int, int]]) -> npt.NDArray[np.float32]:
    """x and y of each position's middle, in positions of its level: (2, positions)."""
    grids = [np.indices((rows, columns))[::-1].reshape(2, -1) for rows, columns in levels]
    return np.concatenate(grids, axis=1).astype(np.float32) + np.float32(0.5)


LAYERS: dict[type, Translate] = {
    nn.AdaptiveAvgPool2d: _mean,
    nn.BatchNorm2d: _normalization,
    nn.Conv2d: _convolution,
    nn.Dropout: _nothing,
    nn.Identity: _nothing,
    nn.Linear: _linear,
    nn.MaxPool2d: _pooling,
    nn.ReLU: _relu,
    nn.ReLU6: _relu6,
    nn.SiLU: _silu,
    nn.Upsample: _enlargement,
    nn.ZeroPad2d: _zero_padding,
}
FUNCTIONS: dict[Any, Translate] = {
    operator.add: _add,
    operator.iadd: _add,
    nn.functional.adaptive_avg_pool2d: _mean,
    torch.cat: _concatenation,
    torch.flatten: _flatten,
}
