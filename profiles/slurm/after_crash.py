"""Go on after Snakemake itself was killed: its jobs live on, and it would not know them again.

    python profiles/slurm/after_crash.py wait --profile slurm --configfile mine.yaml

waits for the jobs that an earlier run left in this folder (`cancel` ends them), unlocks the folder
and starts `snakemake` with all that stands behind.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
from sharpflow.errors import UserError
from sharpflow.orphans import find_orphans

PAUSE = 10  # seconds between two looks
SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("list", "wait", "cancel"))
    parser.add_argument("run", nargs=argparse.REMAINDER, help="what was typed behind `snakemake`")
    arguments = parser.parse_args()
    folder = Path.cwd()
    try:
        refuse_beside_snakemake(folder)
        for job in find_orphans(folder):
            print(job)
        if arguments.what == "list":
            return
        if arguments.what == "cancel":
            cancel(folder)
        wait(folder)
    except UserError as error:
        sys.exit(str(error))
    subprocess.run([*SNAKEMAKE, *arguments.run, "--unlock"], check=True)
    os.execv(SNAKEMAKE[0], [*SNAKEMAKE, *arguments.run])


def cancel(folder: Path) -> None:
    """Tell Slurm to end the jobs; trainings keep their last whole epoch."""
    numbers = [job.number for job in find_orphans(folder)]
    if numbers:
        subprocess.run(["scancel", *numbers], check=True)


def wait(folder: Path) -> None:
    """Return when Slurm has ended all jobs."""
    while left := len(find_orphans(folder)):
        print(f"waiting for {left} job(s)", flush=True)
        time.sleep(PAUSE)


def refuse_beside_snakemake(folder: Path) -> None:
    """Raise UserError if a Snakemake, or a local job of one, runs on this machine in the folder."""
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    alive = [pid for pid in running if is_snakemake(pid, folder)]
    if alive:
        raise UserError(
            f"Snakemake runs in {folder} (process {', '.join(map(str, alive))}), or a short job "
            "that it left on this machine. Wait for its end, or end it; then try again."
        )


def is_snakemake(pid: int, folder: Path) -> bool:
    """Whether a process is Python running Snakemake in a folder."""
    process = Path("/proc", str(pid))
    try:
        words = (process / "cmdline").read_text(errors="replace").split("\0")
        here = (process / "cwd").samefile(folder)
    except OSError:  # gone, or another user's
        return False
    programs = {Path(word).name for word in words[:3]}
    return here and "snakemake" in programs


if __name__ == "__main__":
    main()
