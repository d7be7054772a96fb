"""The process of one rehearsal: `python -m sharpflow.rehearsal FOLDER`, told what by a line."""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError
from sharpflow.hardware import keep_tensorflow_out
from sharpflow.memory import PROC, peak_memory
from sharpflow.rehearsal.alone import ANSWER, GIGA
from sharpflow.rehearsal.rehearsals import REHEARSALS

# Classes of errors that frameworks raise for lack of memory, and what else they say of it.
OUT_OF_MEMORY = {"MemoryError", "_ArrayMemoryError", "OutOfMemoryError", "ResourceExhaustedError"}
SAID = ("can't allocate memory", "out of memory", "Insufficient memory")


def main() -> None:
    """Rehearse, and write what was measured to the folder."""
    folder = Path(sys.argv[1])
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError):  # the kernel, where it runs out of memory, ends this first
        (PROC / "self" / "oom_score_adj").write_text("1000")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    keep_tensorflow_out()
    told: dict[str, Any] = {}
    try:
        measured = REHEARSALS[asked["rule"]](folder, Path(asked["phantom"]), **asked["arguments"])
    except UserError as error:
        told["error"] = str(error)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        logging.exception("does not fit")
        told["too_large"] = f"needs more memory than {_what_it_had()}"
    else:
        peaks = {"host_bytes": peak_memory(), "gpu_bytes": peak_gpu_memory()}
        told["measured"] = asdict(measured) | peaks
    told["gpu"] = gpu_name()
    (folder / ANSWER).write_text(json.dumps(told))
    sys.stderr.flush()
    os._exit("error" in told)  # at once: frameworks may hang when they end without memory


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that memory was too small."""
    cause = error.__cause__ or error.__context__
    return (
        type(error).__name__ in OUT_OF_MEMORY
        or any(text in str(error) for text in SAID)
        or (cause is not None and is_out_of_memory(cause))
    )


def peak_gpu_memory() -> int | None:
    """Bytes of the GPU's memory at this process's peak, CUDA's own included; None without one.

    What torch reserved at most, and what is taken beside that in the end, by other processes too.
    TensorFlow tells what its tensors took.
    """
    if torch := sys.modules.get("torch"):
        if not torch.cuda.is_available():
            return None
        free, total = torch.cuda.mem_get_info()
        beside = total - free - torch.cuda.memory_reserved()
        return int(torch.cuda.max_memory_reserved() + max(beside, 0))
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not tensorflow.config.list_physical_devices("GPU"):
        return None
    return int(tensorflow.config.experimental.get_memory_info("GPU:0")["peak"])


def gpu_name() -> str:
    """The GPU that torch or TensorFlow computed on; empty without one."""
    if torch := sys.modules.get("torch"):
        return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else ""
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is None or not (gpus := tensorflow.config.list_physical_devices("GPU")):
        return ""
    details = tensorflow.config.experimental.get_device_details(gpus[0])
    return str(details.get("device_name", "a GPU"))


def _what_it_had() -> str:
    """Whose memory was too small: most likely the GPU's, where there is one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return "there is"
    return f"the GPU's {torch.cuda.get_device_properties(0).total_memory / GIGA:.1f} GB"


def _end_with_parent() -> None:
    """End when the process that started this one has ended, however that did."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)  # with what this one started


if __name__ == "__main__":
    main()
