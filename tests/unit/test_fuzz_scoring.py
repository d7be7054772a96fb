"""Damaged images, DICOMs and bundles put to the scoring: scored, or refused in words.

No crash, no hang, no memory without bounds, and no file outside the folder of results. About 500 in
each run; `pytest -m slow tests/unit/test_fuzz_scoring.py` puts 10,000.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARES = {"images": 0.4, "dicoms": 0.3, "bundles": 0.3}
MEGABYTES = 1500
SECONDS = 3600  # a call that hangs ends long before, by itself


def fuzzed(kind: str, folder: Path, times: int) -> dict[str, int]:
    """What came of so many files, in a process of its own in an empty folder."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.unit.fuzz_scoring", kind, folder, str(times)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"at {folder}: {ended.stdout[-500:]}{ended.stderr[-4000:]}"
    told: dict[str, int] = json.loads(ended.stdout.splitlines()[-1])
    assert told["megabytes"] < MEGABYTES, told
    return told


@pytest.mark.parametrize("kind", SHARES)
def test_damaged_files_are_scored_or_refused(kind: str, tmp_path: Path) -> None:
    told = fuzzed(kind, tmp_path, round(500 * SHARES[kind]))
    assert told["scored"] >= 5  # else all were refused before anything was tried
    assert told["refused_calls" if kind == "bundles" else "refused"] > 10


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHARES)
def test_ten_thousand_damaged_files_are_scored_or_refused(kind: str, tmp_path: Path) -> None:
    fuzzed(kind, tmp_path, round(10_000 * SHARES[kind]))
