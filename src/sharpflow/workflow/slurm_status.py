"""How Slurm's jobs fare, asked so that the end of each is seen.

`see_every_end` puts this in the place of what Snakemake's executor for Slurm (2.8.0) does itself.
That waits for ever for a job that was preempted, for one that sacct calls "CANCELLED by 1001", and
for one that squeue has forgotten between two looks. Here squeue is asked first, at least three
times in the span for which it knows an ended job (MinJobAge); sacct, where Slurm keeps accounts,
for what squeue no longer knows.
"""

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sharpflow.workflow.missing_gpus import missed_its_gpu
from sharpflow.workflow.slurm_commands import ask_slurm

# What the executor is asked for; without one of these it is left as it is.
METHODS = ("check_active_jobs", "report_job_success", "report_job_error", "_submit_job")
FIELDS = ("JobArrayID", "State", "PreemptTime", "StartTime", "NodeList")
# Not REVOKED: in a federation such a job runs on another cluster.
FAILED = (
    "BOOT_FAIL",
    "CANCELLED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
)
SHORTEST, LONGEST = 5, 180  # seconds between two looks
LOOKS = 3  # that find no trace of a job, before it counts as failed


@dataclass(frozen=True)
class JobState:
    """What Slurm says of a job."""

    state: str  # PENDING, RUNNING, COMPLETED, FAILED, ...
    preempted: bool = False  # it was told to make room, whatever it ended with
    nodes: str = ""


@dataclass(frozen=True)
class Memory:
    """For how long this cluster remembers an ended job."""

    seconds: int | None  # squeue (MinJobAge); None: for ever
    accounts: bool  # sacct knows it after that

    @property
    def longest_pause(self) -> int:
        """Seconds between two looks, such that squeue is asked thrice before it forgets."""
        if self.seconds is None:
            return LONGEST
        return max(SHORTEST, min(LONGEST, self.seconds // LOOKS))

    @property
    def shortcoming(self) -> str | None:
        """What will not work here, in a sentence; None if all will."""
        if self.accounts or self.seconds is None or self.seconds >= LOOKS * SHORTEST:
            return None
        return (
            f"Slurm forgets an ended job after {self.seconds} s (MinJobAge) and keeps no accounts: "
            "a job whose end is missed counts as failed and is done again. Ask for a MinJobAge of "
            f"{LOOKS * SHORTEST} or more."
        )


class JobWatch:
    """Looks at the jobs of one run, until each has ended."""

    def __init__(self, executor: Any) -> None:
        """`executor`: of the run."""
        self.executor = executor
        self.memory = read_memory(ask_slurm("scontrol", "show", "config"))
        self.first_pause = executor.workflow.executor_settings.init_seconds_before_status_checks
        self.pause = self.first_pause
        self.unseen: Counter[str] = Counter()  # looks in a row that found nothing of a job
        self.silent = False
        if self.memory.shortcoming:
            executor.logger.warning(self.memory.shortcoming)

    def look(self, jobs: Collection[Any]) -> list[Any]:
        """Report the jobs that have ended; returns those that have not."""
        states = self.ask({job.external_jobid for job in jobs}) if jobs else {}
        going = jobs if states is None else [job for job in jobs if not self._ended(job, states)]
        # Often while jobs end, more and more seldom while none does.
        self.pause = self.pause + 10 if len(going) == len(jobs) > 0 else self.first_pause
        self.pause = min(self.pause, self.memory.longest_pause)
        return list(going)

    def ask(self, numbers: Collection[str]) -> dict[str, JobState] | None:
        """States of the jobs of this run by number; None if Slurm does not answer."""
        run, clusters = self.executor.run_uuid, sorted(self.executor._submitted_job_clusters)
        answer = ask_slurm(*squeue(run))
        if answer is not None and clusters:  # besides the usual one
            elsewhere = ask_slurm(*squeue(run, clusters))
            answer = None if elsewhere is None else answer + elsewhere
        if (answer is None) != self.silent:
            self.silent = not self.silent
            said = "does not answer squeue; it is asked again" if self.silent else "answers again"
            self.executor.logger.warning(f"Slurm {said}.")
        if answer is None:
            return None
        states = parse_squeue(answer)
        forgotten = [number for number in numbers if number not in states]
        if forgotten and self.memory.accounts:
            states |= parse_sacct(ask_slurm(*sacct(run, forgotten, clusters)) or "")
        return states

    def _ended(self, job: Any, states: dict[str, JobState]) -> bool:
        """Whether a job has ended; if so, it has been reported."""
        number = job.external_jobid
        found = states.get(number)
        if found is None:
            return self._is_lost(job)
        del self.unseen[number]
        if found.state == "COMPLETED":
            self._remove_log(job)
            self.executor.report_job_success(job)
        elif found.state not in FAILED:
            return False
        elif found.preempted or found.state == "PREEMPTED":
            self._submit_again(job)
        else:
            why = f"Slurm says of job {number}: {found.state}. "
            self._report_error(job, why + self._avoid_nodes(job, found))
        return True

    def _avoid_nodes(self, job: Any, found: JobState) -> str:
        """Keep later jobs away from a node that failed, or lacks its GPU; says so in the latter.

        Not from the last node that there is: sbatch would refuse all later jobs at once.
        """
        blind = missed_its_gpu(job.aux["slurm_logfile"])
        if not found.nodes or not (blind or found.state == "NODE_FAIL"):
            return ""
        partition = job.job.resources.get("slurm_partition")
        avoided = {*self.executor._failed_nodes, found.nodes}
        if nodes_besides(avoided, partition, with_gpus=blind):
            self.executor._failed_nodes.add(found.nodes)
            where = "later jobs of this run go elsewhere"
        else:
            where = "there is no other node with GPUs for later jobs"
        return f"It saw no GPU on {found.nodes}: {where}. " if blind else ""

    def _is_lost(self, job: Any) -> bool:
        number = job.external_jobid
        self.unseen[number] += 1
        if self.unseen[number] < LOOKS:
            return False
        self._report_error(
            job, f"Slurm knows nothing of job {number} any more; how it ended was not seen. "
        )
        return True

    def _submit_again(self, job: Any) -> None:
        """A preemption is no failure: it uses up no attempt, and asks for no more than before."""
        self.executor.logger.warning(
            f"Slurm took job {job.external_jobid} ({job.job.name}) off its node for another one "
            "(preemption). It is submitted again, and goes on where it was if it keeps its epochs."
        )
        try:
            self.executor._submit_job(job.job)
        except RuntimeError:  # this run is ending, and submits nothing more
            self._report_error(job, "It was preempted. ")

    def _report_error(self, job: Any, why: str) -> None:
        self.executor.report_job_error(job, msg=why, aux_logs=[str(job.aux["slurm_logfile"])])

    def _remove_log(self, job: Any) -> None:
        if not self.executor.workflow.executor_settings.keep_successful_logs:
            with suppress(OSError):  # network file systems refuse at times
                job.aux["slurm_logfile"].unlink()


def see_every_end(plugin: Any) -> bool:
    """Have the executor plugin for Slurm ask for its jobs as it is done here.

    Args:
        plugin: the module `snakemake_executor_plugin_slurm`.

    Returns:
        Whether that was possible; a plugin of another make is left as it is.
    """
    executor_class = plugin.Executor
    if not all(hasattr(executor_class, name) for name in METHODS):
        return False

    async def check_active_jobs(executor: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        watch = vars(executor).setdefault("_watch", None) or JobWatch(executor)
        executor._watch = watch
        for job in watch.look(active_jobs):
            yield job
        executor.next_seconds_between_status_checks = watch.pause

    executor_class.check_active_jobs = check_active_jobs
    # It removes empty folders of logs at a run's end, also those in which Slurm is to write the log
    # of another run's job that waits: that job would fail at its start.
    plugin.delete_empty_dirs = lambda folder: None
    # It advises between squeue and sacct, of which both are asked here.
    plugin.validate_status_command_settings = lambda settings, logger: None
    return True


def squeue(run: str, clusters: Collection[str] = ()) -> list[str]:
    """The question for all jobs of a run, ended ones and those in hidden partitions too."""
    fields = ",".join(f"{field}:|" for field in FIELDS)
    question = ["squeue", "--noheader", "--all", "--array", "--states=all", f"--name={run}"]
    return [*question, f"--Format={fields}", *_on(clusters)]


def sacct(run: str, numbers: Iterable[str], clusters: Collection[str] = ()) -> list[str]:
    """The question for some jobs of a run, however long ago they ended.

    By name too, since other clusters give the same numbers to jobs of their own.
    """
    asked = [f"--jobs={','.join(numbers)}", f"--name={run}"]
    question = ["sacct", "--noheader", "--allocations", "--parsable2", *asked]
    return [*question, "--format=JobID,State", *_on(["all"] if clusters else [])]


def nodes_besides(avoided: Collection[str], partition: str | None, *, with_gpus: bool) -> set[str]:
    """The nodes of a partition, or of several with commas, but for some; of all, if it is None.

    A node that is named if Slurm does not answer stands for those that there may be.
    """
    where = [f"--partition={partition}"] if partition else []
    asked = ("sinfo", "--noheader", "--all", "--Node", *where, "--Format=NodeHost:|,Gres:|")
    answer = ask_slurm(*asked)
    if answer is None:
        return {"unknown"}
    lines = (line.split("|") for line in answer.splitlines() if line.count("|") > 1)
    nodes = {name.strip() for name, gres, *_ in lines if not with_gpus or "gpu" in gres}
    return nodes - set(avoided)


def _on(clusters: Collection[str]) -> list[str]:
    return [f"--clusters={','.join(clusters)}"] if clusters else []


def parse_squeue(answer: str) -> dict[str, JobState]:
    """States by number, from the lines that answer `squeue`."""
    states = {}
    for line in answer.splitlines():
        if line.count("|") < len(FIELDS):  # the name of a cluster
            continue
        number, state, preempted, began, nodes, *_ = (word.strip() for word in line.split("|"))
        # A job that was queued again and has begun since keeps the time of the earlier preemption.
        told_to_go = preempted != "N/A" and preempted >= began
        states[number] = JobState(state, told_to_go, nodes)
    return states


def parse_sacct(answer: str) -> dict[str, JobState]:
    """States by number, from the lines that answer `sacct`, of jobs that have ended.

    Others are left out: what is on no queue does not run, though accounts may lag behind.
    """
    states = {}
    for line in answer.splitlines():
        number, _, words = line.partition("|")
        state = words.split(" ", maxsplit=1)[0]  # "CANCELLED by 1001" is CANCELLED
        if state == "COMPLETED" or state in FAILED:
            states[number] = JobState(state)
    return states


def read_memory(config: str | None) -> Memory:
    """What `scontrol show config` says; the worst that is common where it says nothing."""
    said = dict(re.findall(r"^(\w+)\s*=\s*(\S+)", config or "", flags=re.MULTILINE))
    age = said.get("MinJobAge", "30")
    keeps_accounts = said.get("AccountingStorageType", "").endswith("slurmdbd")
    return Memory(
        seconds=int(age) or None,  # 0: for ever
        accounts=keeps_accounts and shutil.which("sacct") is not None,
    )
