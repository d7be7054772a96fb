"""What goes wrong on a cluster, done to one training each; all end as an undisturbed run does."""

import re
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.workflow.projects import Project, kill

from . import cluster
from .runs import LIMIT, Job, for_cluster, jobs_of, most_at_once, states, wait_until

EXPERIMENT = "total-mobilenetv2-mse-batch4"
MODEL, TABLE = (
    f"results/images/whole_image/{EXPERIMENT}/model.pt",
    "results/images/tables/whole_regression.csv",
)
RULE = "rule_train_network"
EPOCHS = 40  # 6 s on a fast processor, so that a fault comes in the midst of them
Fault = Callable[[Project], None]


def exits_once(project: Project) -> None:
    script = project.folder / "workflow" / "scripts" / "whole_image" / "train_network.py"
    fails_once = (
        "from pathlib import Path\n\n"
        'marker = Path("failed_once")\n'
        "if not marker.exists():\n"
        "    marker.touch()\n"
        "    raise SystemExit(1)\n"
    )
    script.write_text(fails_once + script.read_text())
    project = for_cluster(project)
    project.run(TABLE)
    first, second = _both_jobs(project)
    assert (first.state, second.state) == ("FAILED", "COMPLETED")


def is_cancelled(project: Project) -> None:
    with _training(project := for_cluster(project)) as (process, job):
        _order("scancel", str(job.number))
        _finish(project, process, job, "CANCELLED")


def reaches_its_time_limit(project: Project) -> None:
    with _training(project := for_cluster(project)) as (process, job):
        _order("scancel", "--signal=STOP", str(job.number))  # it hangs; Slurm looks each 30 s only
        _end_in(1, job)
        _finish(project, process, job, "TIMEOUT")


def sees_its_time_end(project: Project) -> None:
    """It asks Slurm how long it has, when 12 seconds of its minute are left."""
    on_cpus = {"slurm_partition": "cpu", "gpu": 0, "runtime": "1 if attempt == 1 else 10"}
    project = for_cluster(project, {"train_network": on_cpus})
    log = _log(project)
    with _until_the_end(project.start(TABLE)) as process:
        job = _running(project, process)
        wait_until(log.exists, "the script begins", process)
        _order("scancel", "--signal=STOP", str(job.number))
        then = datetime.fromisoformat(job.began) + timedelta(seconds=48)
        wait_until(lambda: datetime.now() > then, "most of a minute is over", process)
        _order("scancel", "--signal=CONT", str(job.number))
        wait_until(lambda: "does not fit" in log.read_text(), "it stops by itself", process)
        _end_in(300, job)  # Slurm leaves it the time to
        _finish(project, process, job, "FAILED")


def loses_its_node(project: Project) -> None:
    with _training(project := for_cluster(project)) as (process, job):
        cluster.kill_node(job.node)
        try:
            wait_until(lambda: "NODE_FAIL" in states(project, RULE), "the loss is seen", process)
        finally:
            cluster.start_node(job.node)
        _finish(project, process, job, "NODE_FAIL")


def is_preempted(project: Project) -> None:
    """It has two seconds to end, and uses up no attempt."""
    on_spot = {"slurm_partition": "spot", "gpu": 0}
    project = for_cluster(project, {"train_network": on_spot})
    with _training(project) as (process, job):
        # It waits where it is, for it may take Slurm half a minute, which then wakes it.
        _order("scancel", "--signal=STOP", str(job.number))
        cluster.preempt(job.node)
        _finish(project, process, job, "FAILED", "TIMEOUT", "PREEMPTED")
    assert "preemption" in project.output.read_text()


def takes_too_much_memory(project: Project) -> None:
    memory = "600 if attempt == 1 else 6000"
    project = for_cluster(project, {"train_network": {"mem_mb": memory}})
    project.run(TABLE)
    first, second = _both_jobs(project)
    assert (first.state, second.state) == ("FAILED", "COMPLETED")
    assert "exceeded memory limit" in first.output.read_text()


def misses_its_gpu(project: Project) -> None:
    """It was granted one that no driver shows, on two nodes; then the study uses processors."""
    project = for_cluster(project)
    refused = project.attempt(TABLE, "--precommand", "true", "--retries", "1")
    assert refused.returncode == 1
    first, job = _both_jobs(project)
    assert {(one.state, one.gpus) for one in (first, job)} == {("FAILED", True)}
    assert {first.node, job.node} == {"gpu1", "gpu2"}
    said = _log(project).read_text()
    assert f"job {job.number} sees none on node {job.node}" in said
    assert "CUDA_VISIBLE_DEVICES is '0'" in said
    on_cpus = ("train_network:gpu=0", "train_network:slurm_partition=cpu")
    project.run(TABLE, "--precommand", "true", "--set-resources", *on_cpus)
    assert [job.gpus for job in jobs_of(project, RULE)] == [True, True, False]


def loses_snakemake(project: Project) -> None:
    with _training(project := for_cluster(project)) as (process, job):
        kill(process)
    assert states(project, RULE) == ["RUNNING"]
    with _after_crash(project, "cancel") as again:
        _finish(project, again, job, "CANCELLED")
    assert most_at_once(jobs_of(project, RULE)) == 1


def outlives_snakemake(project: Project) -> None:
    with _training(project := for_cluster(project)) as (process, job):
        _order("scancel", "--signal=STOP", str(job.number))
        kill(process)
    project.run("--unlock")
    refused = project.attempt(TABLE)
    assert refused.returncode == 1
    assert f"{job.number} STOPPED {RULE}" in refused.stdout + refused.stderr
    _order("scancel", "--signal=CONT", str(job.number))
    with _after_crash(project, "wait") as again:
        assert again.wait(LIMIT) == 0, project.output.read_text()[-6000:]
    assert states(project, RULE) == ["COMPLETED"]  # and not trained again
    assert not project.planned(TABLE)
    # The job noted its settings itself, so that another one is noticed.
    changed = project.planned(TABLE, "--config", f"whole_image={{epochs: {EPOCHS + 1}}}")
    assert changed["train_network"] == 1


def stands_beside_an_impossible_request(project: Project) -> None:
    statistics = project.results / "packed" / "bone_age" / "statistics.json"
    statistics.unlink()
    runtime = "15000 if wildcards.images == 'bone_age' else 10"  # the partition gives 10080
    project = for_cluster(project, {"measure_images": {"runtime": runtime}})
    ended = project.attempt(str(statistics.relative_to(project.folder)), TABLE)
    assert ended.returncode == 1
    said = ended.stdout + ended.stderr
    assert "sbatch failed" in said
    assert "Requested time limit is invalid" in said
    assert "bone_age/statistics.json" in said
    assert not statistics.exists()


FAULTS = (
    exits_once,
    is_cancelled,
    reaches_its_time_limit,
    loses_its_node,
    is_preempted,
    takes_too_much_memory,
    misses_its_gpu,
    loses_snakemake,
    outlives_snakemake,
    stands_beside_an_impossible_request,
    pytest.param(sees_its_time_end, marks=pytest.mark.slow),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_training_that(
    fault: Fault, projects: dict[Fault, Future[Project]], undisturbed: Project
) -> None:
    project = projects[fault].result(2 * LIMIT)
    for name in (MODEL, TABLE):
        ours, theirs = (study.folder / name for study in (project, undisturbed))
        assert ours.read_bytes() == theirs.read_bytes()


@pytest.fixture(scope="module")
def victim(finished_whole_image: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The whole-image study before its only training, which is long enough to be disturbed."""
    project = _copy(finished_whole_image, tmp_path_factory.mktemp("faults") / "victim")
    shutil.rmtree(project.results / "tables")
    own = project.folder / "own.yaml"
    own.write_text(
        own.read_text() + f"whole_image: {{experiments: [{EXPERIMENT}], epochs: {EPOCHS}}}\n"
    )
    return project


@pytest.fixture(scope="module")
def undisturbed(victim: Project) -> Project:
    """The same, run to its end on this machine."""
    project = _copy(victim, victim.folder.with_name("undisturbed"))
    project.run(TABLE)
    return project


@pytest.fixture(scope="module")
def projects(
    request: pytest.FixtureRequest, victim: Project, undisturbed: Project
) -> Iterator[dict[Fault, Future[Project]]]:
    """The study after each fault that was asked for; all go on at the same time."""
    callspecs = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [spec.params["fault"] for spec in callspecs if spec and "fault" in spec.params]

    def disturb(fault: Fault) -> Project:
        project = _copy(victim, victim.folder.with_name(fault.__name__))
        fault(project)
        return project

    with ThreadPoolExecutor(len(FAULTS)) as pool:
        yield {fault: pool.submit(disturb, fault) for fault in asked}


def _copy(project: Project, folder: Path) -> Project:
    shutil.copytree(project.folder, folder, symlinks=True)
    return replace(project, folder=folder)


@contextmanager
def _training(project: Project) -> Iterator[tuple[subprocess.Popen[bytes], Job]]:
    """Start the run, and go on when its training is in the third epoch."""
    log = _log(project)
    with _until_the_end(project.start(TABLE)) as process:
        wait_until(lambda: log.exists() and "epoch 2," in log.read_text(), "epoch 3", process)
        yield process, _running(project, process)


@contextmanager
def _after_crash(project: Project, what: str) -> Iterator[subprocess.Popen[bytes]]:
    """Do what docs/how-to/cluster.md says to do after a crash of Snakemake."""
    python, _, _, *snakemake = project.command(TABLE)
    command = [python, "profiles/slurm/after_crash.py", what, *snakemake]
    with project.output.open("w") as output:
        process = subprocess.Popen(
            command, cwd=project.folder, stdout=output, stderr=output, start_new_session=True
        )
    with _until_the_end(process):
        yield process


@contextmanager
def _until_the_end(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Leave no Snakemake behind when a test fails."""
    try:
        yield process
    finally:
        if process.poll() is None:
            kill(process)


def _running(project: Project, process: subprocess.Popen[bytes]) -> Job:
    def found() -> list[Job]:
        return [job for job in jobs_of(project, RULE) if job.state == "RUNNING"]

    job: Job = wait_until(found, "the training runs", process)[0]
    return job


def _both_jobs(project: Project) -> tuple[Job, Job]:
    """The training's first job and its last; one between, which Slurm itself lost, is told of."""
    first, *between, last = jobs_of(project, RULE)
    for job in between:
        printed = job.output.read_text()[-3000:] if job.output.exists() else "no output"
        warnings.warn(f"a job more than expected, {job}:\n{printed}", stacklevel=2)
    assert len(between) < 2
    return first, last


def _finish(
    project: Project, process: subprocess.Popen[bytes], disturbed: Job, *states: str
) -> None:
    """Wait for the end of the run; its second job must have gone on where the first was."""
    assert process.wait(LIMIT) == 0, project.output.read_text()[-6000:]
    first, second = _both_jobs(project)
    assert first.number == disturbed.number
    assert first.state in states
    assert second.state == "COMPLETED"
    log = _log(project).read_text()
    done = re.search(r"resumed after epoch (\d+)", log)
    assert done is not None
    left = [str(epoch) for epoch in range(int(done[1]) + 1, EPOCHS + 1)]
    assert re.findall(r"epoch (\d+),", log) == left


def _log(project: Project) -> Path:
    return project.results / "logs" / "train_network" / f"{EXPERIMENT}.log"


def _end_in(seconds: int, job: Job) -> None:
    """Have Slurm think that a job's time will be over."""
    _order("scontrol", "update", f"JobId={job.number}", f"EndTime=now+{seconds}")


def _order(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
