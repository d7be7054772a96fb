"""Snakemake's locks, of which studies in one folder have one each.

Snakemake (9.27) removes the locks of all when any run in the folder ends, or is told `--unlock`:
studies side by side would go on without. Here a run removes its own, and `--unlock` those of the
study that it is told for. A dry run beside another run says what its plan means; Snakemake says
"Error", and plans all the same.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sharpflow.workflow.runs import LOCKS, Run, digest_of_lock, read_runs


def keep_locks_of_others(
    persistence_class: type[Any], results: str, warn: Callable[[str], None]
) -> None:
    """Correct a class of Snakemake's that holds locks as files.

    Args:
        persistence_class: `snakemake.persistence.file.FilePersistence`.
        results: the folder of the study's results.
        warn: told of another run that holds the locks, in a dry run.
    """

    def unlock(persistence: Any) -> None:
        for path in persistence._lockfile.values():
            Path(path).unlink(missing_ok=True)
        persistence._lockfile.clear()

    def cleanup_locks(persistence: Any) -> None:
        remove_locks(Path.cwd(), results)

    @contextmanager
    def lock_warn_only(persistence: Any) -> Iterator[None]:
        if persistence.locked:
            runs = read_runs(Path.cwd(), results)
            holders = [f"{run}," for run in runs if run.process.lives() is not False]
            who = " ".join(holders) or "a Snakemake that runs, or was killed,"
            warn(
                f"The files of {results} are locked: {who} makes them. The plan shows what is not "
                "finished yet, also what is being made."
            )
        yield

    persistence_class.lock_warn_only = lock_warn_only
    persistence_class.unlock = unlock
    persistence_class.cleanup_locks = cleanup_locks


def remove_locks(folder: str | Path, results: str) -> None:
    """Remove the locks in a folder but those of runs that make other results."""
    folder = Path(folder)
    ours = read_runs(folder, results)
    others = [run for run in read_runs(folder) if run not in ours]
    for path in sorted((folder / LOCKS).glob("*.lock")):
        holders = [run for run in others if _holds(run, path)]
        if holders:
            print(f"The lock of {holders[0].results} stays: {holders[0]}.", flush=True)
        else:
            path.unlink(missing_ok=True)


def is_locked(folder: str | Path, run: Run, own: Collection[str | Path] = ()) -> bool:
    """Whether all locks of a run stand, so that Snakemake minds what it writes.

    `own`: the lock files of this run. One that has the name of the other's stands in its place.
    """
    if not run.locks or {Path(path).name for path in own}.intersection(run.locks):
        return False
    return all(_holds(run, Path(folder) / LOCKS / name) for name in run.locks)


def _holds(run: Run, path: Path) -> bool:
    return run.locks.get(path.name) == digest_of_lock(path)
