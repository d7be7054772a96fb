"""Which hardware a job uses, what that does well, and what it is called."""

import importlib.util
import logging
import os
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from sharpflow.errors import UserError

log = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16", "auto"]
KERAS_BACKEND = "KERAS_BACKEND"
KERAS_BACKENDS = ("tensorflow", "torch")
WITHOUT_GPU = (
    "docs/reference/hardware.md lists the GPUs and drivers that work. To compute on the processor, "
    "set CUDA_VISIBLE_DEVICES to nothing; on a cluster, give the rule `gpu: 0` in the profile."
)


def refuse_unusable_gpus() -> None:
    """Raise UserError, with what to do, if the framework cannot use a GPU that this process sees.

    Call it where a driver shows a GPU, with Keras's backend chosen; it loads torch or, where that
    is not installed, the TensorFlow that Keras runs on.
    """
    if importlib.util.find_spec("torch"):
        _refuse_unusable_by_torch()
    elif os.environ.get(KERAS_BACKEND) == "tensorflow":
        _refuse_unusable_by_tensorflow()


def _refuse_unusable_by_tensorflow() -> None:
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        cuda = "for CUDA" if tf.test.is_built_with_cuda() else "for processors only"
        raise UserError(
            f"NVIDIA's driver shows a GPU that tensorflow {tf.__version__}, built {cuda}, does not "
            f"see; CUDA's libraries come with `tensorflow[and-cuda]`. {WITHOUT_GPU}"
        )


def _refuse_unusable_by_torch() -> None:
    import torch

    if torch.version.cuda is None:
        raise UserError(
            f"NVIDIA's driver shows a GPU, but torch {torch.__version__} is built for processors "
            "only (torch.version.cuda is None). Install a torch built for CUDA: `uv sync` installs "
            f"the locked one. {WITHOUT_GPU}"
        )
    built = f"torch {torch.__version__} (CUDA {torch.version.cuda})"
    if not torch.cuda.is_available():
        raise UserError(
            f"NVIDIA's driver shows a GPU that {built} cannot use; most often the driver is too "
            f"old for that CUDA. {WITHOUT_GPU}"
        )
    kernels = torch.cuda.get_arch_list()
    for number in range(torch.cuda.device_count()):
        capability = torch.cuda.get_device_capability(number)
        if not has_kernels(kernels, capability):
            major, minor = capability
            raise UserError(
                f"{torch.cuda.get_device_name(number)} has compute capability {major}.{minor}, for "
                f"which {built} has no kernels; it has {', '.join(kernels)}. {WITHOUT_GPU}"
            )


def has_kernels(kernels: Iterable[str], capability: tuple[int, int]) -> bool:
    """Whether kernels as torch lists them ("sm_86", "compute_90") run on a compute capability.

    Machine code (sm) runs where the major version is the same and the minor no less, portable code
    (compute) on all later ones; "sm_90a" on 9.0 alone.
    """
    for kernel in kernels:
        found = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", kernel)
        if found is None:
            continue
        made_for = int(found[2]), int(found[3])
        portable = found[1] == "compute" or made_for[0] == capability[0]
        later = portable and found[4] != "a" and made_for < capability
        if made_for == capability or later:
            return True
    return False


def choose_keras_backend(gpus: int) -> None:
    """Set what Keras runs on, unless KERAS_BACKEND already says so.

    `gpus` is the number that this process sees. torch where there are any, for TensorFlow's CUDA
    libraries and torch's clash in one environment, so the lock has TensorFlow for processors only;
    TensorFlow on a processor, where it takes half to three quarters of torch's time. An environment
    that has only TensorFlow keeps it. Models trained on one run on the other.
    """
    told = os.environ.get(KERAS_BACKEND)
    if told in KERAS_BACKENDS:
        return
    if told:
        log.warning(
            "%s=%s is not used: expected %s", KERAS_BACKEND, told, " or ".join(KERAS_BACKENDS)
        )
    on_torch = gpus and importlib.util.find_spec("torch")
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


def precision_in_words(*, bfloat16: bool) -> str:
    """The precision of a training's products, for its model's card."""
    return "bfloat16" if bfloat16 else "float32"


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
    return processor_in_words(threads)


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
        return f"tensorflow {tf.__version__} on {processor_in_words(threads)}"
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "a GPU")
    return f"tensorflow {tf.__version__} on {name}"


def processor_in_words(threads: int) -> str:
    """The processor and the threads that a job is given."""
    return f"{processor_name()}, {threads} thread{'s' * (threads != 1)}"


def processor_name() -> str:
    """The processor's name as Linux tells it; elsewhere what Python knows."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
