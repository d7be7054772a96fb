"""A rehearsal as a process of its own, ended before it takes more memory than there is.

Without that the kernel, or a scheduler, would end whatever it chooses.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError
from sharpflow.memory import family_of, free_memory, memory_of

ANSWER = "answer.json"
LOOKS, COUNTS = 0.02, 1.0  # seconds between two looks at its memory, and at its processes
# Of the free memory; the rest is for what a process takes between two looks, and for the system.
SHARE = 0.95
GIGA = 1e9


@dataclass(frozen=True)
class Rehearsed:
    """What a rehearsal found.

    Attributes:
        measured: what it measured (see `measured.Measured`), and host_bytes and gpu_bytes, its
            peaks (None: not known); empty where it did not fit.
        too_large: why it did not fit; empty where it did.
        gpu: the name of the GPU that it computed on; empty where there was none, or it was ended.
    """

    measured: dict[str, Any]
    too_large: str = ""
    gpu: str = ""


def memory_limit(asked: float | None = None) -> float | None:
    """Bytes that a rehearsal may take: most of what is free, or what its job asked for.

    Args:
        asked: what a scheduler gives the job, in bytes; None: there is no scheduler.

    Returns:
        None where the system does not say what is free, and nothing was asked for.
    """
    free = free_memory()
    return min(
        [*([] if free is None else [SHARE * free]), *([asked] if asked else [])], default=None
    )


def rehearse_alone(
    rule: str,
    arguments: Mapping[str, Any],
    *,
    phantom: Path,
    folder: Path,
    limit: float | None,
    seconds: float | None = None,
) -> Rehearsed:
    """Rehearse a rule in another process.

    Args:
        rule: one of `rehearsals.REHEARSALS`.
        arguments: of its function; plain values.
        phantom: the folder that `phantom.make_phantom` wrote.
        folder: for all that it writes; made here, and removed.
        limit: bytes after which it is ended, with all that it started; None: no limit.
        seconds: after which it is ended likewise; None: no limit.

    Raises:
        UserError: it failed otherwise than for lack of memory or time.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        asked = {"rule": rule, "phantom": str(phantom.resolve()), "arguments": arguments}
        code, too_large, most = _run(json.dumps(asked), folder, limit, seconds)
        return Rehearsed({}, too_large) if too_large else _answered(code, rule, folder, most)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(
    asked: str, folder: Path, limit: float | None, seconds: float | None
) -> tuple[int, str, int]:
    """Start the process and wait for it: its exit code, and what `_watched` tells."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sharpflow.rehearsal", str(folder.resolve())],
        stdin=subprocess.PIPE,  # its end ends the process, if this one is killed
        cwd=Path(__file__).parents[2],  # from where Python finds the package
        text=True,
        process_group=0,
    )
    try:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already, and says why
            process.stdin.write(f"{asked}\n")
            process.stdin.flush()
        too_large, most = _watched(process, limit, seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return code, too_large, most


def _watched(
    process: subprocess.Popen[str], limit: float | None, seconds: float | None
) -> tuple[str, int]:
    """Wait until a process ends: why it could not go on, if so, and the bytes it had at most."""
    began = seen = time.monotonic()
    family, most = [process.pid], 0
    while process.poll() is None:
        now = time.monotonic()
        if now - seen > COUNTS:
            family, seen = family_of(process.pid), now
        taken = sum(map(memory_of, family))
        most = max(most, taken)
        if limit is not None and taken > limit:
            return f"needs more than the {limit / GIGA:.1f} GB of memory that it may take", most
        if seconds is not None and now - began > seconds:
            return f"was not done in {seconds / 60:.0f} minutes", most
        time.sleep(LOOKS)
    killed = process.returncode == -signal.SIGKILL
    return "was killed, as the kernel does where memory is too small" if killed else "", most


def _answered(code: int, rule: str, folder: Path, most: int) -> Rehearsed:
    """What a process that ended by itself left."""
    answer = folder / ANSWER
    told: dict[str, Any] = json.loads(answer.read_text()) if answer.is_file() else {}
    if code or not told:
        raise UserError(
            f"The rehearsal of {rule} failed: "
            + told.get("error", "its traceback is above, in the rule's log.")
        )
    measured: dict[str, Any] = told.get("measured", {})
    if measured:  # devices that share a batch have processes of their own, which it does not count
        measured["host_bytes"] = max(measured["host_bytes"], most)
    return Rehearsed(measured, told.get("too_large", ""), told["gpu"])
