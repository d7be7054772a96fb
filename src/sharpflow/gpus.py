"""Which NVIDIA GPUs there are, and which of them are a job's own.

CUDA reads CUDA_VISIBLE_DEVICES once, when it starts in a process. So the driver is asked in another
process until a job's GPUs are chosen, and no framework may be loaded before.
"""

import ctypes
import fcntl
import logging
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)

VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
DRIVER = "libcuda.so.1"
_in_use: list[int] = []  # open and locked until this process ends: they mark its GPUs


def list_gpus() -> dict[str, str]:
    """The GPUs that a new process could use: the name of each in CUDA_VISIBLE_DEVICES, its UUID.

    Where that variable is set (by a scheduler or the user) it bounds them, and its names stay as
    they are written: numbers, UUIDs, MIG instances. Else they are "0", "1", and so on.
    """
    told = os.environ.get(VISIBLE_GPUS)
    if told == "":
        return {}
    uuids = _ask_driver()
    if told is None:
        return {str(number): name for number, name in enumerate(uuids)}
    names = [name.strip() for name in told.split(",")]
    if uuids and all(name.startswith("MIG-") for name in names):
        return {name: name for name in names}  # CUDA shows a process one of them at most
    return dict(zip(names, uuids, strict=False))  # CUDA stops at the first name that is wrong


def visible_gpus() -> int:
    """Number of NVIDIA GPUs that a new process could use."""
    return len(list_gpus())


def show_gpus(asked: int, *, named_otherwise: bool = False) -> int:
    """Let this process see the GPUs that it asked for, and return how many it sees.

    Sets CUDA_VISIBLE_DEVICES, so call it before any framework is loaded. A job that asked for none
    sees none. One that asked for some gets `asked` of those in `list_gpus`, or as many as there
    are: such as no other job of this user on this machine has, as long as there are any, then
    those that the fewest have, with a warning. They are its own until its process ends. A job that
    asked under another name (`named_otherwise`) sees what its scheduler shows.
    """
    if not (asked or named_otherwise):
        os.environ[VISIBLE_GPUS] = ""
        return 0
    gpus = list_gpus()
    if not (asked and gpus):
        return len(gpus)
    names = _take(gpus, asked)
    os.environ[VISIBLE_GPUS] = ",".join(names)
    log.info("%s=%s", VISIBLE_GPUS, os.environ[VISIBLE_GPUS])
    return len(names)


def _take(gpus: Mapping[str, str], wanted: int) -> list[str]:
    """Mark the `wanted` GPUs with the fewest users as used by this process.

    A use is a locked file. The kernel unlocks it when the process ends, however it ends.
    """
    folder = Path(tempfile.gettempdir()) / f"sharpflow-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "choosing").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        users = {name: _count_users(folder, gpus[name]) for name in gpus}
        chosen = sorted(gpus, key=users.__getitem__)[:wanted]
        for name in chosen:
            use, _ = tempfile.mkstemp(dir=folder, prefix=f"{gpus[name]}.")
            fcntl.flock(use, fcntl.LOCK_EX)
            _in_use.append(use)
    for name in chosen:
        if users[name]:
            log.warning(
                "no GPU is free: this job shares GPU %s with %d other(s), and both may run out of "
                "its memory",
                name,
                users[name],
            )
    return [name for name in gpus if name in chosen]


def _count_users(folder: Path, gpu: str) -> int:
    """Jobs that use a GPU; removes what ended ones have left."""
    users = 0
    for path in folder.glob(f"{gpu}.*"):
        with path.open() as use:
            try:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                users += 1
            else:
                path.unlink()
    return users


def driver_in_words() -> str:
    """Whether NVIDIA's driver loads, and what it says to a new process."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError as error:
        return f"NVIDIA's driver does not load: {error}"
    return f"NVIDIA's driver loads: {_query_driver().stderr.strip()}"


def _ask_driver() -> list[str]:
    """UUIDs of the GPUs that the driver shows to a new process; none without a driver."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return []
    asked = _query_driver()
    if asked.returncode:
        log.warning("NVIDIA's driver does not say which GPUs there are:\n%s", asked.stderr.strip())
        return []
    return asked.stdout.split()


def _query_driver() -> subprocess.CompletedProcess[str]:
    """The GPUs' UUIDs as another process's output, and what the driver says of itself as errors."""
    # From this package's parent folder, so that Python finds the package.
    return subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )


def _print_uuids() -> None:
    driver = ctypes.CDLL(DRIVER)
    number, device, identity = ctypes.c_int(0), ctypes.c_int(0), (ctypes.c_ubyte * 16)()
    driver.cuDriverGetVersion(ctypes.byref(number))
    version = f"for CUDA {number.value // 1000}.{number.value % 1000 // 10} and older"
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number))
    if failed:
        name = ctypes.c_char_p()
        driver.cuGetErrorName(failed, ctypes.byref(name))
        print(f"{version}; {(name.value or b'').decode()} (error {failed})", file=sys.stderr)
        return
    print(f"{version}; it shows {number.value} GPU(s)", file=sys.stderr)
    for place in range(number.value):
        driver.cuDeviceGet(ctypes.byref(device), place)
        driver.cuDeviceGetUuid_v2(identity, device)  # of an instance, where the GPU is split (MIG)
        print(uuid.UUID(bytes=bytes(identity)))


if __name__ == "__main__":
    _print_uuids()
