"""A real Slurm on this machine, for tests and by hand.

Needs root and Debian's packages slurmctld, slurmd, slurm-client and munge; with accounting,
slurmdbd and mariadb-server too. Everything lies in one folder but for links in /etc/slurm, where a
job's nested srun looks; `stop` removes them again.
"""

import argparse
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template

FOLDER = Path("/tmp/sharpflow-slurm")
LINKS = Path("/etc/slurm")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
FOR_ACCOUNTING = (
    "slurmdbd",
    "mariadbd",
    "mariadb-install-db",
    "mariadb-admin",
    "sacctmgr",
    "sacct",
)
CLUSTER = "sharpflow"
GPUS = {"gpu1": FOLDER / "gpu0", "gpu2": FOLDER / "gpu1"}  # node and its device
NODES = {"cpu1": 16818, "cpu2": 16819, "gpu1": 16820, "gpu2": 16821, "spot1": 16822}  # and its port
CONFIG = {
    "gres.conf": "AutoDetect=off\n"
    + "".join(f"NodeName={node} Name=gpu Type=fake File={file}\n" for node, file in GPUS.items()),
    "cgroup.conf": "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n",  # else Slurm looks for systemd
}
ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16830
AccountingStoragePass=$folder/munge.socket
AccountingStorageTRES=gres/gpu"""
# Which devices a task sees: a line of job and device numbers.
NOTE_DEVICES = """#!/bin/sh
echo "$SLURM_JOB_ID ${CUDA_VISIBLE_DEVICES:-none}" >> %s
"""
SECONDS = 60  # for anything to start or stop


class ClusterError(Exception):
    """The cluster cannot be started, or did not do as it was told."""


def why_not(*, accounting: bool = False) -> str | None:
    """Say why no cluster can be started here; None if one can."""
    if os.geteuid() != 0:
        return "only root can start Slurm"
    wanted = PROGRAMS + (FOR_ACCOUNTING if accounting else ())
    missing = [name for name in wanted if shutil.which(name, path=_search_path()) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    conf = LINKS / "slurm.conf"
    if conf.exists() and conf.resolve() != FOLDER.resolve() / "slurm.conf":
        return f"{conf} belongs to another Slurm"
    return None


def start(*, accounting: bool = False, min_job_age: int = 7200) -> None:
    """Start the cluster, in place of what an earlier one left; returns when all nodes are idle.

    Args:
        accounting: keep jobs in a database, which sacct asks.
        min_job_age: seconds for which squeue knows an ended job.
    """
    reason = why_not(accounting=accounting)
    if reason:
        raise ClusterError(reason)
    stop()
    _write_files(accounting, min_job_age)
    _run("munged", *(f"--{key}={FOLDER}/munge{end}" for key, end in _MUNGE.items()))
    if accounting:
        _start_accounting()
    _run("slurmctld", "-c", "-i")
    for node in NODES:
        start_node(node)
    _wait_for("all nodes to be idle", lambda: _states() == dict.fromkeys(NODES, "idle"))


_MUNGE = {
    "key-file": ".key",
    "socket": ".socket",
    "pid-file": "d.pid",
    "log-file": "d.log",
    "seed-file": ".seed",
}


def stop() -> None:
    """Cancel all jobs, end what was started, by pid, and remove folder and links."""
    if running():
        _run("scancel", f"--user={os.getuid()}")
        _wait_for("the jobs to end", lambda: not _output("squeue", "-h"))
    daemons = ("slurmctld", "slurmdbd", "mariadbd", "munged")
    for name in (*(f"slurmd.{node}" for node in NODES), *daemons):
        _end(name, signal.SIGTERM)
    for name in ("slurm.conf", "slurmdbd.conf", *CONFIG):
        if (LINKS / name).is_symlink() and (LINKS / name).readlink() == FOLDER / name:
            (LINKS / name).unlink()
    shutil.rmtree(FOLDER, ignore_errors=True)


def running() -> bool:
    """Whether the controller of the cluster runs."""
    return _pid("slurmctld") is not None


def kill_node(node: str) -> None:
    """A node dies: its daemon, and all that runs on it, at once."""
    jobs = _output("squeue", "-h", "-w", node, "-o", "%A").split()
    _end(f"slurmd.{node}", signal.SIGKILL)
    for step in (pid for pid in _processes() if _is_step_of(pid, jobs)):
        for pid in [step, *_descendants(step)]:
            _signal(pid, signal.SIGKILL)


def start_node(node: str) -> None:
    """Start a node, or bring it back."""
    _run("slurmd", "-N", node)


def devices_seen() -> dict[int, set[str]]:
    """Job number and the devices that its tasks saw; "none" for a task without."""
    seen: dict[int, set[str]] = {}
    for line in (FOLDER / "devices").read_text().splitlines():
        job, devices = line.split()
        seen.setdefault(int(job), set()).add(devices)
    return seen


def preempt(node: str) -> None:
    """Somebody whose jobs come first takes a whole node of the preemptible partitions for 3 s."""
    call = (
        "sbatch",
        "--partition=owner",
        f"--nodelist={node}",
        "--exclusive",
        "--output=/dev/null",
    )
    _run(*call, "--wrap=sleep 3")


def _start_accounting() -> None:
    """MariaDB, on a socket only, behind slurmdbd, which is to know this cluster and root."""
    database, socket_file = FOLDER / "database", FOLDER / "mariadb.socket"
    here = ("--no-defaults", "--user=root", f"--datadir={database}")
    _run("mariadb-install-db", *here, "--auth-root-authentication-method=socket", "--skip-test-db")
    subprocess.Popen(
        [
            shutil.which("mariadbd", path=_search_path()) or "mariadbd",
            *here,
            f"--socket={socket_file}",
            f"--pid-file={FOLDER}/mariadbd.pid",
            f"--log-error={FOLDER}/mariadbd.log",
            "--skip-networking",
            "--innodb-flush-log-at-trx-commit=0",
        ],
        start_new_session=True,
    )
    _wait_for("MariaDB", lambda: _works("mariadb-admin", f"--socket={socket_file}", "ping"))
    _run("slurmdbd", environment={"MYSQL_UNIX_PORT": str(socket_file)})
    _wait_for("slurmdbd", lambda: _works("sacctmgr", "--noheader", "show", "cluster"))
    _run("sacctmgr", "--immediate", "add", "cluster", CLUSTER)


def _write_files(accounting: bool, min_job_age: int) -> None:
    for folder in (FOLDER, FOLDER / "state", *(FOLDER / f"spool.{node}" for node in NODES)):
        folder.mkdir(parents=True, exist_ok=True)  # it may be a mount of its own
        folder.chmod(0o755)
    for device in GPUS.values():  # another name for /dev/null: jobs see no device that is a file
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    (FOLDER / "munge.key").touch(0o600)
    (FOLDER / "munge.key").write_bytes(os.urandom(1024))
    (FOLDER / "devices").touch()
    (FOLDER / "devices").chmod(0o666)  # jobs of any user write to it
    (FOLDER / "note_devices").write_text(NOTE_DEVICES % (FOLDER / "devices"))
    (FOLDER / "note_devices").chmod(0o755)
    files = {"slurm.conf": _slurm_conf(accounting, min_job_age), **CONFIG}
    if accounting:
        files["slurmdbd.conf"] = _fill_in("slurmdbd.conf")
    for name, text in files.items():
        (FOLDER / name).touch(0o600 if name == "slurmdbd.conf" else 0o644)
        (FOLDER / name).write_text(text)
        (LINKS / name).unlink(missing_ok=True)
        (LINKS / name).symlink_to(FOLDER / name)


def _slurm_conf(accounting: bool, min_job_age: int) -> str:
    nodes = "\n".join(
        f"NodeName={node} NodeHostname={_host()} NodeAddr=127.0.0.1 Port={port}"
        + (" Gres=gpu:fake:1" if node in GPUS else "")
        for node, port in NODES.items()
    )
    storage = ACCOUNTING if accounting else "AccountingStorageType=accounting_storage/none"
    accounts = Template(storage).substitute(folder=FOLDER)
    return _fill_in("slurm.conf", nodes=nodes, accounts=accounts, min_job_age=str(min_job_age))


def _fill_in(name: str, **words: str) -> str:
    template = Template(Path(__file__).with_name(name).read_text())
    return template.substitute(words, folder=FOLDER, host=_host(), cluster=CLUSTER)


def _host() -> str:
    return socket.gethostname().partition(".")[0]


def _states() -> dict[str, str]:
    lines = _output("sinfo", "-h", "-N", "-o", "%N %t", check=False).splitlines()
    return dict(line.split() for line in lines)  # a node that is down has a * behind its state


def _wait_for(what: str, ready: "Callable[[], bool]") -> None:
    deadline = time.monotonic() + SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {SECONDS} s for {what}; logs are in {FOLDER}")
        time.sleep(0.2)


def _search_path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _run(*command: str, environment: Mapping[str, str] = {}) -> None:
    _output(*command, environment=environment)


def _works(*command: str) -> bool:
    try:
        _run(*command)
    except ClusterError:
        return False
    return True


def _output(*command: str, check: bool = True, environment: Mapping[str, str] = {}) -> str:
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env={**os.environ, **environment, "PATH": _search_path()},
    )
    if check and ended.returncode != 0:
        raise ClusterError(f"{' '.join(command)}: {ended.stdout}{ended.stderr}; logs: {FOLDER}")
    return ended.stdout


def _pid(name: str) -> int | None:
    """Pid of a daemon that was started here, while it runs."""
    try:
        pid = int((FOLDER / f"{name}.pid").read_text())
        command, state = _read_stat(pid)[:2]
    except (OSError, ValueError):
        return None
    return pid if command == name.partition(".")[0] and state != "Z" else None


def _end(name: str, number: signal.Signals) -> None:
    pid = _pid(name)
    if pid is not None:
        _signal(pid, number)
        _wait_for(f"{name} to end", lambda: _pid(name) is None)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_step_of(pid: int, jobs: list[str]) -> bool:
    """Whether a process watches over a step of one of the jobs; its name: `slurmstepd: [7.0]`."""
    try:
        name = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
    return any(name.startswith(f"slurmstepd: [{job}.") for job in jobs)


def _descendants(pid: int) -> list[int]:
    children = [child for child in _processes() if _parent(child) == pid]
    return [*children, *(found for child in children for found in _descendants(child))]


def _parent(pid: int) -> int | None:
    try:
        return int(_read_stat(pid)[2])
    except OSError:
        return None


def _read_stat(pid: int) -> list[str]:
    """A process's name, its state (Z: it has ended, and nobody asked how), its parent, and more."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return [name.partition("(")[2], *rest.split()]


NODE_ACTIONS = {"kill-node": kill_node, "start-node": start_node, "preempt": preempt}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("start", "stop", *NODE_ACTIONS))
    parser.add_argument("node", nargs="?", choices=tuple(NODES))
    parser.add_argument("--accounting", action="store_true", help="with slurmdbd, for sacct")
    parser.add_argument("--min-job-age", type=int, default=7200, help="seconds (MinJobAge)")
    arguments = parser.parse_args()
    try:
        if arguments.action in NODE_ACTIONS:
            if arguments.node is None:
                parser.error(f"{arguments.action} wants a node")
            NODE_ACTIONS[arguments.action](arguments.node)
        else:
            stop()
            if arguments.action == "start":
                start(accounting=arguments.accounting, min_job_age=arguments.min_job_age)
    except ClusterError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
