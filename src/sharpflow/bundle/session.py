"""Networks that onnxruntime runs on the processor."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from sharpflow.bundle.read import AGAIN
from sharpflow.errors import UserError, in_short

Floats = npt.NDArray[np.float32]


class Network:
    """One network, loaded once."""

    def __init__(self, model: bytes, threads: int, name: str = "network") -> None:
        """Load an ONNX file with the input "input" and the output "output".

        Args:
            model: the file; from bundles, one that `onnx_check` has let through.
            threads: of the processor.
            name: for messages.

        Raises:
            ValueError: onnxruntime does not take it.
        """
        # Any: its types leave out what it exports.
        onnxruntime: Any = import_module("onnxruntime")
        self._name = name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised
        # Threads of a network that waits for its turn would keep cores busy.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # whatever onnxruntime raises
            raise ValueError(in_short(error)) from None

    def __call__(self, inputs: Floats, batch: int = 32) -> Floats:
        """Outputs (n, ...) of inputs (n, ...), computed `batch` at a time.

        Raises:
            UserError: the network cannot be run, or does not give an output for each input.
        """
        return np.concatenate(list(self._in_batches(inputs, batch)))

    def _in_batches(self, inputs: Floats, batch: int) -> Iterator[Floats]:
        for start in range(0, max(len(inputs), 1), batch):
            part = np.ascontiguousarray(inputs[start : start + batch])
            yield self._run(part)

    def _run(self, inputs: Floats) -> Floats:
        try:
            outputs = np.asarray(self._session.run(["output"], {"input": inputs})[0], np.float32)
        except Exception as error:  # whatever onnxruntime raises
            found = in_short(error)
        else:
            if len(outputs) == len(inputs):
                return outputs
            found = f"{len(outputs)} outputs of {len(inputs)} inputs"
        raise UserError(
            f"the network {self._name} of the bundle cannot be run: found {found}; expected an "
            f"output for each input. {AGAIN}"
        )
