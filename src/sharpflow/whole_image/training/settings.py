"""The settings of one training; standard library only, so that the Snakefile can read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained. Defaults are the paper's (Bo et al., 2.8), where it says.

    Attributes:
        epochs: the paper's baselines: 100, for bone age 50.
        optimizer: the paper's SGD, or AdamW (ours).
        learning_rate: the first one (the paper names no schedule).
        schedule: "constant", or "cosine": up to the learning rate over a tenth of the steps, then
            down to near 0.
        rotations: degrees by which training images are turned, all as likely.
        jitter: largest change of training images' size, angle and place (see
            `augmentation.jittered`); 0 (the paper's): none.
        momentum: of SGD, and the first of AdamW's two.
        weight_decay: of the optimizer.
        precision: of training steps; validation is in float32. "float32", "bfloat16" (mixed:
            weights stay float32), or "auto": bfloat16 where the hardware has it.
        channels_last: memory format; "auto": yes.
        compile: through torch.compile; "auto": on a GPU only, unless with activation_checkpointing.
        activation_checkpointing: keep what goes into each block and compute the rest twice, for
            batches that do not fit into memory; the same steps (see
            `networks.activation_checkpointing`). Not compiled.
        devices: GPUs (or processes on a CPU) that share each batch; "auto": the GPUs that the
            process sees, as many as can share a batch evenly; one on a CPU. More than one start
            new processes that import the calling script again: guard its body by __name__. Batch
            norms take the whole batch on GPUs, each process its share on a CPU.
    """

    epochs: int
    optimizer: Literal["SGD", "AdamW"] = "SGD"
    learning_rate: float = 0.001
    schedule: Literal["constant", "cosine"] = "constant"
    rotations: Sequence[int] = (0, 90, 180, 270)
    jitter: float = 0.0
    momentum: float = 0.9
    weight_decay: float = 0.001
    precision: Literal["float32", "bfloat16", "auto"] = "auto"
    channels_last: bool | Literal["auto"] = "auto"
    compile: bool | Literal["auto"] = "auto"
    activation_checkpointing: bool = False
    devices: int | Literal["auto"] = "auto"
