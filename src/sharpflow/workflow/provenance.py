"""The record of a run: settings, code, packages, data, seed and hardware."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from sharpflow.files import atomic_write

PACKAGES = (
    "snakemake",
    "numpy",
    "pandas",
    "opencv-python-headless",
    "scikit-image",
    "scikit-learn",
    "numba",
    "pydicom",
    "imagecodecs",
    "keras",
    "tensorflow-cpu",
    "torch",
    "torchvision",
    "ultralytics-opencv-headless",
    "matplotlib",
    "seaborn",
)


def write_record(results: str | Path, settings: Mapping[str, Any], code: str | Path) -> None:
    """Write run.json, the record of a run, into the folder of its results.

    Args:
        results: the folder. The digests of the cohort's tables are in the record once the tables
            are in the folder.
        settings: of the study, as JSON takes them.
        code: the folder of the workflow, a git clone or not.
    """
    results = Path(results)
    record = {
        "settings": dict(settings),
        "code": _code_version(Path(code)),
        "packages": {name: _version(name) for name in PACKAGES},
        "data": {
            str(table.relative_to(results)): hashlib.sha256(table.read_bytes()).hexdigest()
            for table in sorted(results.glob("cohort/**/*.csv"))
        },
        "hardware": {
            "machine": platform.machine(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "gpus": _gpus(),
        },
    }
    with atomic_write(results / "run.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def _code_version(folder: Path) -> dict[str, Any]:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "modified": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "modified": None}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _gpus() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return listed.strip().splitlines()
