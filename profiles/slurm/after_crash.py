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
from sharpflow.workflow.surviving_jobs import SlurmJob, find_surviving_jobs

PAUSE = 10  # seconds between two looks
SLURM_JOB = "SLURM_JOB_ID="
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
        surviving = find_surviving_jobs(folder)
        refuse_beside_snakemake(folder, surviving)
        print(*(surviving or ["No jobs are left."]), sep="\n", flush=True)
        if arguments.what == "list":
            return
        if arguments.what == "cancel" and surviving:
            # Trainings keep their last whole epoch.
            subprocess.run(["scancel", *(job.number for job in surviving)], check=True)
        wait(folder)
    except UserError as error:
        sys.exit(str(error))
    subprocess.run([*SNAKEMAKE, *arguments.run, "--unlock"], check=True)
    os.execv(SNAKEMAKE[0], [*SNAKEMAKE, *arguments.run])


def wait(folder: Path) -> None:
    """Return when Slurm has ended all jobs."""
    while left := len(find_surviving_jobs(folder)):
        print(f"waiting for {left} job(s)", flush=True)
        time.sleep(PAUSE)


def refuse_beside_snakemake(folder: Path, surviving: list[SlurmJob]) -> None:
    """Raise UserError if a Snakemake, or a local job of one, runs on this machine in the folder."""
    numbers = {job.number for job in surviving}
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    alive = [pid for pid in running if is_snakemake(pid, folder, numbers)]
    if alive:
        raise UserError(
            f"Snakemake runs in {folder} (process {', '.join(map(str, alive))}), or a short job "
            "that it left on this machine. Wait for its end, or end it; then try again."
        )


def is_snakemake(pid: int, folder: Path, surviving: set[str]) -> bool:
    """Whether a process is a Snakemake in a folder, and no part of those Slurm jobs."""
    process = Path("/proc", str(pid))
    try:
        words = (process / "cmdline").read_text(errors="replace").split("\0")
        settings = (process / "environ").read_text(errors="replace").split("\0")
        here = (process / "cwd").samefile(folder)
    except OSError:  # gone, or another user's
        return False
    named = "snakemake" in {Path(word).name for word in words[:3]}
    return here and named and not surviving & {word.removeprefix(SLURM_JOB) for word in settings}


if __name__ == "__main__":
    main()
