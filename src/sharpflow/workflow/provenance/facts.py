"""What a job runs on: the code's version, the packages, the processor and the GPUs."""

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from sharpflow.hardware import processor_name

ROOT = Path(__file__).resolve().parents[4]  # of the workflow, with uv.lock
# Libraries choose their code by these, so sums are rounded differently with each.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
PACKAGES = (
    "snakemake",
    "numpy",
    "pandas",
    "opencv-python-headless",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "numba",
    "pydicom",
    "imagecodecs",
    "keras",
    "tensorflow-cpu",
    "torch",
    "torchvision",
    "lightning",
    "captum",
    "ultralytics-opencv-headless",
    "onnx",
    "onnxruntime",
    "matplotlib",
    "seaborn",
)


@cache
def code_version(folder: Path = ROOT) -> dict[str, str | None]:
    """The version of the code in a git clone.

    Returns:
        `commit`, and `uncommitted`: the digest of tracked files that differ from it, None where
        none do. Both are None where the folder is no clone, or git is missing.
    """
    try:
        if Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip()) != folder.resolve():
            return {"commit": None, "uncommitted": None}  # a copy inside a clone of something else
        commit = _git(folder, "rev-parse", "HEAD").decode().strip()
        changed = _git(folder, "diff", "--name-only", "--no-renames", "-z", "HEAD").split(b"\0")
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "uncommitted": None}
    paths = sorted(os.fsdecode(name) for name in changed if name)
    return {"commit": commit, "uncommitted": _digest_of_files(folder, paths) if paths else None}


@cache
def environment(folder: Path = ROOT) -> dict[str, Any]:
    """Python, the lock's digest, installed packages, system and processor of this process."""
    return {
        "python": platform.python_version(),
        "lock": lock_digest(folder),
        "packages": {name: _version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": _processor(),
    }


def lock_digest(folder: Path = ROOT) -> str | None:
    """SHA-256 of uv.lock; None where there is none."""
    lock = folder / "uv.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def gpu_names(visible: str | None = None) -> list[str]:
    """The GPUs' names as NVIDIA's driver lists them.

    `visible` names some, as CUDA_VISIBLE_DEVICES does; "" none; None: all of this machine.
    """
    if visible == "":
        return []
    chosen = ["-i", visible] if visible else []
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader", *chosen]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return listed.strip().splitlines()


def _processor() -> str:
    """The processor's name, and those of its instructions by which results differ."""
    listed = Path("/proc/cpuinfo")
    words = set(listed.read_text().split()) if listed.is_file() else set()
    return ", ".join([processor_name(), *(name for name in INSTRUCTIONS if name in words)])


def _git(folder: Path, *arguments: str) -> bytes:
    # Clones that belong to another user count too: nothing of them is run.
    command = ["git", "-c", f"safe.directory={folder}", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _digest_of_files(folder: Path, names: list[str]) -> str:
    total = hashlib.sha256()
    for name in names:
        path = folder / name
        content = path.read_bytes() if path.is_file() else b"removed"
        total.update(os.fsencode(name) + b"\0" + hashlib.sha256(content).digest())
    return total.hexdigest()[:16]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
