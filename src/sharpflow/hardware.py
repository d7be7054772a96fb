"""What a processor or a GPU does well: which precision to multiply in."""

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
