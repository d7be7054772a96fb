"""An ONNX graph in the making.

Keras and torch networks are written by the same few operations. The frameworks' own exporters were
tried: they need further packages and take a hundred times as long (seconds a network), or are
deprecated; and what they write differs from version to version, while a bundle's reader
(`onnx_check`) allows only what stands here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from sharpflow.bundle.onnx_check import OPSET

Weights = npt.NDArray[Any]
IR_VERSION = 8  # of 2022, as the operations: all that runs ONNX today reads them


class Graph:
    """Nodes and weights of a network. Values go by name; images have their channels first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; gives the output's name."""
        return self.add_several(operation, 1, *inputs, **attributes)[0]

    def add_several(
        self, operation: str, outputs: int, *inputs: str, **attributes: Any
    ) -> list[str]:
        """Add a node; gives the names of its outputs."""
        number = len(self._nodes)
        names = [f"{operation}_{number}_{output}" for output in range(outputs)]
        node = helper.make_node(operation, list(inputs), names, f"node_{number}", **attributes)
        self._nodes.append(node)
        return names

    def weights(self, values: npt.ArrayLike, dtype: type = np.float32) -> str:
        """Add numbers that are part of the network; gives their name."""
        name = f"weights_{len(self._weights)}"
        array: Weights = np.asarray(values, dtype)
        self._weights.append(numpy_helper.from_array(array, name))
        return name

    def convolve(
        self,
        x: str,
        kernel: Weights,
        bias: Weights | None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
    ) -> str:
        """A convolution.

        `kernel` is (out, in / groups, height, width), `pads` top, left, bottom and right.
        """
        inputs = [x, self.weights(kernel), *([] if bias is None else [self.weights(bias)])]
        return self.add(
            "Conv",
            *inputs,
            kernel_shape=list(kernel.shape[2:]),
            strides=list(strides),
            pads=list(pads),
            dilations=list(dilations),
            group=groups,
        )

    def multiply(self, x: str, kernel: Weights, bias: Weights) -> str:
        """A dense layer; `kernel` (in, out)."""
        return self.add("Gemm", x, self.weights(kernel), self.weights(bias))

    def normalize(self, x: str, statistics: Iterable[Weights], epsilon: float) -> str:
        """Batch normalisation by `statistics`: scale, shift, mean and variance of each channel."""
        names = [self.weights(values) for values in statistics]
        return self.add("BatchNormalization", x, *names, epsilon=epsilon)

    def clip(self, x: str, low: float, high: float) -> str:
        """Values cut off at both ends."""
        return self.add("Clip", x, self.weights(low), self.weights(high))

    def mean(self, x: str) -> str:
        """The mean of each channel over all positions: (n, channels)."""
        return self.add("Flatten", self.add("GlobalAveragePool", x), axis=1)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """Another shape; 0 keeps a side, -1 takes what is left."""
        return self.add("Reshape", x, self.weights(shape, np.int64))

    def enlarge(self, x: str, factors: Sequence[float], *, bilinear: bool) -> str:
        """Height and width times whole factors, bilinearly or by repeating pixels."""
        scales = self.weights([1, 1, *factors])
        if bilinear:
            how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        else:
            how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
            how |= {"nearest_mode": "floor"}
        return self.add("Resize", x, "", scales, **how)

    def concatenate(self, parts: Sequence[str], axis: int = 1) -> str:
        """Parts one after the other, by default their channels."""
        return self.add("Concat", *parts, axis=axis)

    def model(self, given: Sequence[int], output: str, gives: Sequence[int]) -> bytes:
        """The finished network, the same bytes for the same network.

        Args:
            given: sides of its input "input" but the first, the number of images.
            output: the value that becomes its output "output".
            gives: likewise, of the output.
        """
        self._nodes.append(helper.make_node("Identity", [output], ["output"], "end"))
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *given])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", *gives])],
            self._weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="sharpflow",
        )
        return bytes(model.SerializeToString(deterministic=True))
