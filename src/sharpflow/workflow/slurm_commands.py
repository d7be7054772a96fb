"""Slurm's commands, run so that they answer alike for everybody.

What people set in their start-up files (SQUEUE_USERS, SQUEUE_STATES, SINFO_PARTITION) would hide
jobs and nodes, and SLURM_TIME_FORMAT changes the dates. What others call their jobs may be no text.
"""

import os
import subprocess

SECONDS = 60  # for Slurm to answer
FILTERS = ("SQUEUE_", "SACCT_", "SINFO_", "SCANCEL_")


def run_slurm(
    *command: str, seconds: float | None = SECONDS, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run one of Slurm's commands, as `subprocess.run` does, and raise what that raises."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FILTERS)}
    return subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=seconds,
        check=check,
        env=kept | {"SLURM_TIME_FORMAT": "standard"},
    )


def ask_slurm(*command: str, seconds: float = SECONDS) -> str | None:
    """What one of Slurm's commands prints; None if it fails, or is too slow."""
    try:
        return run_slurm(*command, seconds=seconds).stdout
    except (OSError, subprocess.SubprocessError):
        return None
