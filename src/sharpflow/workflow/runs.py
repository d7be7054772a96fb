"""The runs of the workflow: a record of each, and whether its Snakemake lives.

A run writes its record into its own folder before it submits any job, and removes it at its end. A
record that stays behind tells of a Snakemake that was killed, and what its Slurm jobs are called.
"""

import hashlib
import json
import os
import pwd
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError
from sharpflow.files import atomic_write

RECORDS = Path(".snakemake/sharpflow/runs")
LOCKS = Path(".snakemake/locks")
SLURM_PLUGIN = "snakemake_executor_plugin_slurm"


@dataclass(frozen=True)
class Process:
    """A process, told apart from a later one of the same number."""

    host: str
    boot: str  # of the host; another one: it was started again since
    namespace: str  # of process numbers: a container has its own
    pid: int
    started: int | None  # ticks after the boot; None where the system does not say

    def lives(self) -> bool | None:
        """Whether it lives; None if that cannot be seen from here."""
        if self.host != socket.gethostname():
            return None
        if self.boot != _boot():
            return False
        if self.namespace != _namespace():
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # another user's
            pass
        status = _status(self.pid)
        if status is None:  # hidden, or no Linux
            return True
        state, started = status
        return state not in ("Z", "X") and self.started in (started, None)


@dataclass(frozen=True)
class Run:
    """A Snakemake that makes one study's results, for its record."""

    record: str  # the name of the file
    process: Process
    user: str
    began: str  # ISO, with the time zone
    folder: str  # in which it works (`--directory`); absolute
    inode: int  # of the folder of records: another mount of the same folder has it too
    results: str  # relative to `folder`, or absolute
    jobs: str | None = None  # the name of its Slurm jobs; None if it submits none
    slurm_job: str | None = None  # in which it runs itself
    slurm_restarts: int = 0  # how often Slurm had started that job again
    # Snakemake's lock files, by name, and their digests.
    locks: dict[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        """Whose run it is, for sentences."""
        began = datetime.fromisoformat(self.began)
        return f"{self.user}'s Snakemake on {self.where}, begun on {began:%Y-%m-%d at %H:%M}"

    @property
    def where(self) -> str:
        """Host and process, and the Slurm job."""
        job = f", Slurm job {self.slurm_job}" if self.slurm_job else ""
        return f"{self.process.host} (process {self.process.pid}{job})"


@dataclass(frozen=True)
class SlurmContext:
    """The Slurm job in which this process runs, if in any."""

    job: str | None = None
    restarts: int = 0


def read_slurm_context(environment: Mapping[str, str]) -> SlurmContext:
    """Read it from the environment, before the executor removes it there.

    `salloc` gives these variables to a shell on the login node too, which outlives its job: only on
    a node of the job, where SLURMD_NODENAME is set, do they count.
    """
    if "SLURM_JOB_ID" not in environment or "SLURMD_NODENAME" not in environment:
        return SlurmContext()
    restarts = environment.get("SLURM_RESTART_COUNT", "0")
    return SlurmContext(environment["SLURM_JOB_ID"], int(restarts))


def name_of_slurm_jobs(executor: Any) -> str | None:
    """The name of the jobs that Snakemake's executor submits; None if that is not Slurm's.

    Others, as that of LSF, keep a number of the run too.
    """
    plugin = type(executor).__module__.partition(".")[0]
    name: str | None = executor.run_uuid if plugin == SLURM_PLUGIN else None
    return name


def note_run(
    folder: str | Path,
    results: str,
    jobs: str | None = None,
    within: SlurmContext | None = None,
    locks: Iterable[str | Path] = (),
) -> Run:
    """Write the record of the run that is this process.

    Args:
        folder: in which it works.
        results: the folder of its results, relative to `folder` or absolute.
        jobs: the name that its Slurm jobs will have.
        within: the Slurm job in which it runs.
        locks: the lock files that Snakemake holds for it.
    """
    records = Path(folder) / RECORDS
    records.mkdir(parents=True, exist_ok=True)
    within = within or SlurmContext()
    now, process = datetime.now().astimezone(), this_process()
    run = Run(
        record=f"{now:%Y%m%dT%H%M%S}-{process.host}-{process.pid}.json",
        process=process,
        user=user_name(),
        began=now.isoformat(timespec="seconds"),
        folder=str(Path(folder).resolve()),
        inode=records.stat().st_ino,
        results=results,
        jobs=jobs,
        slurm_job=within.job,
        slurm_restarts=within.restarts,
        locks={Path(path).name: digest_of_lock(path) for path in locks},
    )
    with atomic_write(records / run.record) as temporary:
        temporary.write_text(json.dumps(asdict(run), indent=2) + "\n")
    return run


def read_runs(folder: str | Path, results: str | None = None) -> list[Run]:
    """Runs that are noted in a folder, oldest first; of one folder of results, if it is given.

    Records that came here in a copy of another folder do not count.
    Raises UserError if a record cannot be read.
    """
    folder = Path(folder)
    paths = sorted(path for path in (folder / RECORDS).glob("*.json") if path.name[0] != ".")
    runs = [run for path in paths if (run := _read(path)) and _is_of(run, folder)]
    if results is None:
        return runs
    return [run for run in runs if _same(folder / run.results, folder / results)]


def forget_run(folder: str | Path, run: Run) -> None:
    """Remove a record; one that another user wrote may have to stay."""
    with suppress(PermissionError):
        (Path(folder) / RECORDS / run.record).unlink(missing_ok=True)


def this_process() -> Process:
    """This process."""
    status = _status(os.getpid())
    return Process(socket.gethostname(), _boot(), _namespace(), os.getpid(), status and status[1])


def user_name() -> str:
    """Who runs this process, as Slurm calls them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def digest_of_lock(path: str | Path) -> str:
    """Digest of a lock file, by which it is told from a later one of the same name."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return "none"


def _read(path: Path) -> Run | None:
    try:
        said: dict[str, Any] = json.loads(path.read_text())
        known = {key.name: said[key.name] for key in fields(Run) if key.name in said}
        return Run(**{**known, "record": path.name, "process": Process(**said["process"])})
    except FileNotFoundError:  # its run has ended just now
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}: this record of a run cannot be read ({error}). If no Snakemake runs in this "
            "folder and `squeue` lists no job of it, remove the file."
        ) from None


def _is_of(run: Run, folder: Path) -> bool:
    return run.folder == str(folder.resolve()) or run.inode == (folder / RECORDS).stat().st_ino


def _same(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _status(pid: int) -> tuple[str, int] | None:
    """A process's state (Z: it has ended) and when it was started; None if that is hidden."""
    try:
        _, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return None
    words = rest.split()
    return words[0], int(words[19])
