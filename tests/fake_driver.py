"""A driver for machines without a GPU: so many GPUs, which can be counted and not used."""

import shutil
import subprocess
from pathlib import Path

import pytest


def fake_gpus(folder: Path, count: int) -> dict[str, str]:
    """Environment variables under which a new process is shown `count` GPUs; skips without cc."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to build a driver with")
    source, library = Path(__file__).with_suffix(".c"), folder / "libcuda.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return {"LD_LIBRARY_PATH": str(folder), "FAKE_GPUS": str(count)}
