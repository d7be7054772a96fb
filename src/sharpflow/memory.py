"""How much memory a process takes, and how much this machine, or this job's group, has left."""

import resource
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
KILO = 1024
# Names of a control group's limit and use, by the version of control groups.
VERSION_2 = ("memory.max", "memory.current")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def free_memory() -> int | None:
    """Bytes that a new process could take; None where the system does not say.

    What Linux calls available or, where that is less, what the limits of this process's control
    groups leave: a scheduler or a container sets them.
    """
    available = _field(PROC / "meminfo", "MemAvailable")
    left = [] if available is None else [available]
    return min([*left, *_left_in_groups()], default=None)


def peak_memory() -> int:
    """Bytes that this process had in memory at its peak, since its program started."""
    # The usual ru_maxrss begins with what the process had that started this one.
    peak = _field(PROC / "self" / "status", "VmHWM")
    if peak is not None:
        return peak
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else KILO * most


def memory_of(process: int) -> int:
    """Bytes that a process has in memory; 0 where the system does not say, or it has ended."""
    return _field(PROC / str(process) / "status", "VmRSS") or 0


def family_of(process: int) -> list[int]:
    """A process, and those that it started, and so on; alone where the system does not say."""
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        # "123 (name) S 45 ...": 45 is the parent; a name may have blanks and brackets.
        facts = _text(path).rpartition(")")[2].split()
        if facts:
            children.setdefault(int(facts[1]), []).append(int(path.parent.name))
    family, waiting = [], [process]
    while waiting:
        family.append(waiting.pop())
        waiting += children.get(family[-1], [])
    return family


def _field(path: Path, name: str) -> int | None:
    """A line "Name:   123 kB", in bytes."""
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return KILO * int(value.split()[0])
    return None


def _left_in_groups() -> Iterator[int]:
    """What each limit leaves of the control groups that this process is in."""
    for line in _text(PROC / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", maxsplit=2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, names = (GROUPS / "memory", VERSION_1) if controllers else (GROUPS, VERSION_2)
        own = PurePosixPath(path.lstrip("/"))
        for folder in {root / group for group in (own, *own.parents)}:
            limit, used = (_text(folder / name).strip() for name in names)
            if limit.isdigit() and used.isdigit():
                # Pages of files count as used, and are given up when others need the memory.
                files = dict(line.split() for line in _text(folder / "memory.stat").splitlines())
                yield int(limit) - int(used) + int(files.get("inactive_file", 0))


def _text(path: Path) -> str:
    """What a file says; nothing where it is not there, or its process has just ended."""
    try:
        return path.read_text()
    except OSError:
        return ""
