"""The frame around each script: everything it says, a traceback too, lands in its log."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sharpflow.errors import UserError

# Read by the libraries when they are loaded, so set before.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTRAOP_THREADS",
)


@contextmanager
def job(log: str | Path, threads: int = 1) -> Iterator[None]:
    """Send logging, stdout and stderr (of libraries in C too) to `log`; hold to `threads`.

    A UserError ends the job with its message alone, which is also said to the terminal; anything
    else with a traceback; both exit 1. Import what computes inside the block, so that it sees the
    number of threads.
    """
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    terminal = os.dup(sys.stderr.fileno())
    _send_output_to(Path(log))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        yield
    except UserError as error:
        print(error, file=sys.stderr)
        os.write(terminal, f"{error}\n".encode())
        raise SystemExit(1) from None
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None


def _send_output_to(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("w") as stream:
        os.dup2(stream.fileno(), sys.stdout.fileno())
        os.dup2(stream.fileno(), sys.stderr.fileno())
