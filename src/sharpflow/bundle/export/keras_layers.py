"""Keras networks as ONNX: the layers that this project's networks are made of."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sharpflow.bundle.export.graph import Graph

Translate = Callable[[Graph, Any, list[str]], str]


def export_keras(model: Any) -> bytes:
    """A Keras model with one input and one output, each layer used once, as ONNX.

    Images go in and come out as in Keras, (n, height, width, channels); in between, channels are
    first.

    Raises:
        NotImplementedError: the model has a layer, or a layer has an option, that is not
            translated.
    """
    (given,), (output,) = model.inputs, model.outputs
    graph = Graph()
    is_image = len(given.shape) == 4
    last = graph.add("Transpose", "input", perm=[0, 3, 1, 2]) if is_image else "input"
    names = {id(given): last}
    # The layers of a sequential model have other tensors, left from its building.
    in_order = type(model).__name__ == "Sequential"
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        if kind not in LAYERS:
            raise NotImplementedError(f"{layer.name}: no translation of the layer {kind} to ONNX")
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = [last] if in_order else [names[id(tensor)] for tensor in tensors]
        last = names[id(layer.output)] = LAYERS[kind](graph, layer, inputs)
    if not in_order:
        last = names[id(output)]
    if len(output.shape) == 4:
        last = graph.add("Transpose", last, perm=[0, 2, 3, 1])
    return graph.model(given.shape[1:], last, output.shape[1:])


def _convolution(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, strides=(1, 1), dilation_rate=(1, 1), groups=1, data_format="channels_last")
    kernel, *bias = layer.get_weights()  # kernel (height, width, in, out)
    around = [0, 0, 0, 0]
    if layer.padding == "same":
        before = [(side - 1) // 2 for side in kernel.shape[:2]]
        after = [side - 1 - left for side, left in zip(kernel.shape[:2], before, strict=True)]
        around = before + after
    x = graph.convolve(
        inputs[0], kernel.transpose(3, 2, 0, 1), bias[0] if bias else None, pads=around
    )
    return _activate(graph, layer, x)


def _dense(graph: Graph, layer: Any, inputs: list[str]) -> str:
    kernel, *bias = layer.get_weights()
    zeros = np.zeros(kernel.shape[1], np.float32)
    return _activate(graph, layer, graph.multiply(inputs[0], kernel, bias[0] if bias else zeros))


def _normalization(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, scale=True, center=True)
    rank = len(layer.input.shape)
    if layer.axis not in (-1, rank - 1):
        raise NotImplementedError(f"{layer.name}: normalises axis {layer.axis}, not the last")
    return graph.normalize(inputs[0], layer.get_weights(), layer.epsilon)


def _pooling(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, padding="valid", data_format="channels_last")
    sides, strides = list(layer.pool_size), list(layer.strides)
    return graph.add("MaxPool", inputs[0], kernel_shape=sides, strides=strides)


def _mean(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, keepdims=False, data_format="channels_last")
    return graph.mean(inputs[0])


def _enlargement(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, data_format="channels_last")
    if layer.interpolation not in ("bilinear", "nearest"):
        raise NotImplementedError(f"{layer.name}: interpolation {layer.interpolation}")
    return graph.enlarge(inputs[0], layer.size, bilinear=layer.interpolation == "bilinear")


def _concatenation(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, axis=-1)
    return graph.concatenate(inputs)


def _relu(graph: Graph, layer: Any, inputs: list[str]) -> str:
    _expect(layer, max_value=None, negative_slope=0, threshold=0)
    return graph.add("Relu", inputs[0])


def _activation(graph: Graph, layer: Any, inputs: list[str]) -> str:
    return _activate(graph, layer, inputs[0])


def _nothing(graph: Graph, layer: Any, inputs: list[str]) -> str:
    return inputs[0]


def _activate(graph: Graph, layer: Any, x: str) -> str:
    name = layer.activation.__name__
    if name not in ACTIVATIONS:
        raise NotImplementedError(f"{layer.name}: no translation of the activation {name} to ONNX")
    operation = ACTIVATIONS[name]
    return graph.add(operation, x) if operation else x


def _expect(layer: Any, **options: Any) -> None:
    for name, expected in options.items():
        found = getattr(layer, name)
        if found != expected:
            raise NotImplementedError(f"{layer.name}: {name} is {found}, translated is {expected}")


ACTIVATIONS = {"linear": None, "relu": "Relu", "sigmoid": "Sigmoid"}
LAYERS: dict[str, Translate] = {
    "Activation": _activation,
    "BatchNormalization": _normalization,
    "Concatenate": _concatenation,
    "Conv2D": _convolution,
    "Dense": _dense,
    "Dropout": _nothing,
    "GlobalAveragePooling2D": _mean,
    "MaxPooling2D": _pooling,
    "ReLU": _relu,
    "UpSampling2D": _enlargement,
}
