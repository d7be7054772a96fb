"""A GPU that a scheduler was asked for and that the job does not see.

On a processor such a job would work for hours and reach its time limit, so it ends at once and says
what was seen. Elsewhere a GPU is optional.
"""

import importlib.util
import logging
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.gpus import VISIBLE_GPUS, driver_in_words
from sharpflow.hardware import KERAS_BACKEND
from sharpflow.training.time_limit import OTHER_JOBS, SLURM_JOB

log = logging.getLogger(__name__)

# Set by the user: GPU rules compute on processors where their jobs see no GPU.
GPU_OPTIONAL = "SHARPFLOW_GPU_OPTIONAL"
# Set by workflow/rules/gpus.smk in a job that an executor submitted, with all that its rule asks.
SUBMITTED = "SHARPFLOW_SUBMITTED"
# What Slurm sets in a job or step that was granted some, however Snakemake was started there: their
# numbers, and how many.
GRANTED = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE")
REFUSAL = "The scheduler was asked for a GPU, and "
KERNEL_MODULE = Path("/proc/driver/nvidia/version")


def refuse_missing_gpus() -> None:
    """Raise UserError, with what is seen, if a scheduler was asked for a GPU.

    For a job whose rule asks for a GPU and that sees none; before Keras's backend is chosen. Where
    no scheduler was asked, or the user set SHARPFLOW_GPU_OPTIONAL, the log says what computes.
    """
    optional = os.environ.get(GPU_OPTIONAL, "") not in ("", "0")
    if optional or not _scheduler_was_asked():
        log.info("the rule asks for a GPU and none is seen: the processor computes")
        return
    seen = (_visible_in_words(), driver_in_words(), _kernel_module_in_words(), *_frameworks())
    lines = "\n".join(f"  - {fact}" for fact in seen)
    node = os.environ.get("SLURMD_NODENAME") or platform.node()
    raise UserError(
        f"{REFUSAL}{_job_in_words()} sees none on node {node}:\n"
        f"{lines}\n"
        "A retry helps on another node only, which it gets on Slurm. Look at what a job there is "
        'shown (`srun --partition=… --gpus=1 nvidia-smi`); docs/how-to/cluster.md, "When something '
        'goes wrong", says what to do then. To compute on processors, give the rule `gpu: 0` and a '
        "partition without GPUs in the profile (set-resources), or set "
        f"{GPU_OPTIONAL}=1 where you start Snakemake."
    )


def missed_its_gpu(log: str | Path) -> bool:
    """Whether a scheduler's log of a job holds what `refuse_missing_gpus` says."""
    try:
        return REFUSAL in Path(log).read_text(errors="replace")
    except OSError:
        return False


def _scheduler_was_asked() -> bool:
    *numbers, count = (os.environ.get(name, "") for name in GRANTED)
    return bool(os.environ.get(SUBMITTED) or any(numbers) or count not in ("", "0"))


def torch_in_words() -> str:
    """What torch was built for, and whether it can use a GPU; it warns why not."""
    import torch

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        usable = torch.cuda.is_available()
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "for processors only"
    facts = f"torch {torch.__version__} is built {built}; torch.cuda.is_available() is {usable}"
    return " ".join([facts, *(f"({warning.message})" for warning in said)])


def tensorflow_in_words() -> str:
    """The same of TensorFlow."""
    import tensorflow as tf

    built = "for CUDA" if tf.test.is_built_with_cuda() else "for processors only"
    found = len(tf.config.list_physical_devices("GPU"))
    return f"Keras runs on tensorflow {tf.__version__}, built {built}, which sees {found} GPUs"


def _frameworks() -> list[str]:
    """What torch and Keras's backend see, where they are installed."""
    has_torch = importlib.util.find_spec("torch") is not None
    backend = os.environ.get(KERAS_BACKEND) or ("torch" if has_torch else "tensorflow")
    facts = [_ask(torch_in_words)] if has_torch else ["torch is not installed"]
    if backend == "tensorflow":
        facts.append(_ask(tensorflow_in_words))
    else:
        facts.append(f"Keras runs on {backend} where there is a GPU")
    return facts


def _ask(words: Callable[[], str]) -> str:
    """Its answer from a process of its own: the two frameworks do not share one."""
    code = f"from {__name__} import {words.__name__} as words; print(words())"
    asked = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        return f"{words.__name__.partition('_')[0]} does not load: {asked.stderr.strip()}"
    return asked.stdout.strip()


def _visible_in_words() -> str:
    shown = os.environ.get(VISIBLE_GPUS)
    return f"{VISIBLE_GPUS} is not set" if shown is None else f"{VISIBLE_GPUS} is {shown!r}"


def _kernel_module_in_words() -> str:
    if not KERNEL_MODULE.exists():
        return "the kernel has no NVIDIA module loaded"
    return f"the kernel has NVIDIA's module: {KERNEL_MODULE.read_text().splitlines()[0]}"


def _job_in_words() -> str:
    numbers = [os.environ[name] for name in (SLURM_JOB, *OTHER_JOBS) if os.environ.get(name)]
    return f"job {numbers[0]}" if numbers else "this job"
