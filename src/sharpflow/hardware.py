"""What a processor or a GPU does well, and what it is called."""

import platform
from pathlib import Path
from typing import Literal

Precision = Literal["float32", "bfloat16", "auto"]


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


def device_in_words(threads: int) -> str:
    """The GPU that torch would train on, or the processor and the threads it is given."""
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"{_processor()}, {threads} thread{'s' * (threads != 1)}"


def _processor() -> str:
    """The processor's name as Linux tells it; elsewhere what Python knows."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
