"""The frame around each script: what it says lands in its log, and it leaves a record of itself."""

import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sharpflow.errors import UserError
from sharpflow.gpus import show_gpus
from sharpflow.hardware import choose_keras_backend, keep_tensorflow_out, refuse_unusable_gpus
from sharpflow.training.time_limit import Stopped, obey_sigterm, seconds_left
from sharpflow.workflow.missing_gpus import refuse_missing_gpus
from sharpflow.workflow.provenance.records import Script, recorded

# Read by the libraries when they are loaded, so set before.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTRAOP_THREADS",
)
# Slurm's generic resources that are GPUs, or shares of them: "gpu:a100:1", "gres/shard:4".
GPU_IN_GRES = re.compile(r"(?:^|[,/])(?:gpu|shard|mps)\b")


@dataclass(frozen=True)
class Job:
    """What a script may ask of its job."""

    runtime: float | None  # minutes that the rule asks for
    began: float  # time.monotonic()
    terminal: TextIO | None  # for progress bars: where Snakemake was started, if that is a terminal
    stderr: int  # descriptor of Snakemake's stderr, terminal or not

    def seconds_left(self) -> float | None:
        """Seconds that the job may still run; None without a limit (see `time_limit`)."""
        return seconds_left(self.runtime, self.began)

    def say(self, text: str) -> None:
        """Say a line to the log, and beside Snakemake's own lines."""
        print(text, file=sys.stderr)
        os.write(self.stderr, f"{text}\n".encode())


@contextmanager
def recorded_job(script: Script, threads: int | None = None) -> Iterator[Job]:
    """The frame of a rule's script: `job`, and the record of what made its outputs.

    Args:
        script: the object `snakemake` of the script.
        threads: of this process, where it shares the rule's out to others of its own.

    Yields:
        What the script may ask of its job.
    """
    own = script.threads if threads is None else threads
    with job(script.log[0], own, script.resources) as this, recorded(script):
        yield this


@contextmanager
def job(
    log: str | Path, threads: int = 1, resources: Mapping[str, Any] | None = None
) -> Iterator[Job]:
    """Send all that a script says to its log, and hold it to its threads and GPUs.

    Logging, stdout and stderr go there, of libraries in C too. Import what computes inside the
    block, so that it sees threads, GPUs and backend.

    Args:
        log: the file.
        threads: the rule's.
        resources: the rule's. The job sees GPUs only where these ask for some (`gpu`, or `gres`),
            its own as long as any are free, and Keras takes its backend by that.

    Yields:
        What the script may ask of its job.

    Raises:
        SystemExit: with status 1. A UserError, as of a GPU that torch cannot use, or that a
            scheduler was asked for and the job does not see, ends the job with its message alone,
            which is also said to the terminal, and so does SIGTERM, within moments; anything else
            ends it with a traceback.
    """
    resources = resources or {}
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    # Notebooks name a backend of theirs, which is not installed here.
    os.environ["MPLBACKEND"] = "Agg"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # On by itself only where TensorFlow knows the processor for it; without AVX-512 a training step
    # of VGG16 takes three times as long without.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else its sums vary by the run
    # GPUs would round the factors of float32 products to 10 bits; trainings that may be less exact
    # ask for bfloat16.
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
    terminal = os.dup(sys.stderr.fileno())
    _send_output_to(Path(log))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    obey_sigterm()
    try:
        _choose_what_computes(resources)
        shown = os.fdopen(terminal, "w", closefd=False) if os.isatty(terminal) else None
        yield Job(resources.get("runtime"), time.monotonic(), shown, terminal)
    except (UserError, Stopped) as error:
        print(error, file=sys.stderr)
        os.write(terminal, f"{error}\n".encode(errors="backslashreplace"))
        raise SystemExit(1) from None
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None


def _choose_what_computes(resources: Mapping[str, Any]) -> None:
    """Show this process its GPUs, and have Keras take its backend by them."""
    asked, elsewhere = (
        resources.get("gpu") or 0,
        bool(GPU_IN_GRES.search(resources.get("gres", ""))),
    )
    gpus = show_gpus(asked, named_otherwise=elsewhere)
    if (asked or elsewhere) and not gpus:
        refuse_missing_gpus()
    elif gpus < asked:
        logging.warning("the rule asks for %d GPUs and sees %d", asked, gpus)
    choose_keras_backend(gpus)
    keep_tensorflow_out()
    if gpus:
        refuse_unusable_gpus()


def _send_output_to(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("w") as stream:
        os.dup2(stream.fileno(), sys.stdout.fileno())
        os.dup2(stream.fileno(), sys.stderr.fileno())
