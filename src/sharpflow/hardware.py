"""Which hardware a job uses, what that does well, and what it is called."""

import ctypes
import importlib.util
import os
import platform
import sys
from pathlib import Path
from typing import Literal

Precision = Literal["float32", "bfloat16", "auto"]
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
KERAS_BACKEND = "KERAS_BACKEND"


def show_gpus(asked: int, *, named_otherwise: bool = False) -> None:
    """Let this process, before it loads any framework, see the GPUs that it asked for.

    None where it asked for none, though the machine may have some. What a scheduler (or the user)
    has set by CUDA_VISIBLE_DEVICES stays; else the first `asked`, or all where they were
    asked for under another name.
    """
    if not (asked or named_otherwise):
        os.environ[VISIBLE_GPUS] = ""
    elif asked:
        os.environ.setdefault(VISIBLE_GPUS, ",".join(str(number) for number in range(asked)))


def visible_gpus() -> int:
    """Number of NVIDIA GPUs that this process can use, asked of the driver.

    Loads no framework: one that sees the other's libraries may not start.
    """
    if os.environ.get(VISIBLE_GPUS) == "":
        return 0
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    return 0 if failed else count.value


def choose_keras_backend() -> None:
    """Set what Keras runs on, unless KERAS_BACKEND already says so.

    torch where the job sees a GPU, for TensorFlow's CUDA libraries and torch's clash in one
    environment, so the lock has TensorFlow for processors only; TensorFlow on a processor, where
    it takes half to three quarters of torch's time. An environment that has only TensorFlow keeps
    it. Models trained on one run on the other.
    """
    if KERAS_BACKEND in os.environ:
        return
    on_torch = visible_gpus() and importlib.util.find_spec("torch")
    os.environ[KERAS_BACKEND] = "torch" if on_torch else "tensorflow"


def uses_bfloat16(precision: Precision, device: str) -> bool:
    """Whether to multiply in bfloat16; "auto" asks the hardware.

    `device` is as torch names it. "auto" takes bfloat16 on GPUs that have it, and on processors
    with AMX or AVX-512 instructions for it; emulated, it would be slower than float32.
    """
    import torch

    if precision != "auto":
        return precision == "bfloat16"
    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_bf16") or can.get("avx512_bf16"))


def keep_tensorflow_out() -> None:
    """On another backend Keras would load TensorFlow too, seconds and memory, only to seed it."""
    if os.environ.get(KERAS_BACKEND) != "tensorflow":
        sys.modules["tensorflow"] = None  # type: ignore[assignment]  # an import fails


def keras_uses_bfloat16(precision: Precision) -> bool:
    """The same for Keras, on the backend and the device that it has."""
    import keras

    if precision != "auto":
        return precision == "bfloat16"
    if keras.backend.backend() == "torch":
        import torch

        return uses_bfloat16(precision, "cuda" if torch.cuda.is_available() else "cpu")
    # TensorFlow does not say, and gains on processors by AMX alone.
    facts = Path("/proc/cpuinfo")
    return facts.exists() and "amx_bf16" in facts.read_text()


def device_in_words(threads: int) -> str:
    """The GPU that torch would train on, or the processor and the threads it is given."""
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return _processor_in_words(threads)


def keras_in_words(threads: int) -> str:
    """What Keras runs on here: "torch 2.15.0 on NVIDIA L40S"."""
    import keras

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return f"torch {torch.__version__} on {device_in_words(threads)}"
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"tensorflow {tf.__version__} on {_processor_in_words(threads)}"
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "a GPU")
    return f"tensorflow {tf.__version__} on {name}"


def _processor_in_words(threads: int) -> str:
    return f"{_processor()}, {threads} thread{'s' * (threads != 1)}"


def _processor() -> str:
    """The processor's name as Linux tells it; elsewhere what Python knows."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
