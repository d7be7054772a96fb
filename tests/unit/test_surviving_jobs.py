"""Jobs that a killed Snakemake left with Slurm, and runs side by side, by what squeue says."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sharpflow.errors import UserError
from sharpflow.workflow.after_crash import State, go_on, look, refuse_beside_others
from sharpflow.workflow.locks import keep_locks_of_others
from sharpflow.workflow.runs import (
    LOCKS,
    RECORDS,
    SLURM_PLUGIN,
    Run,
    SlurmContext,
    name_of_slurm_jobs,
    note_run,
    read_runs,
)
from sharpflow.workflow.surviving_jobs import find_strays, parse_queue, read_queue

NAME, OTHER = (
    "sharpflow_6241ee3f-a6f2-4f97-ac37-31e9a362a956",
    "0f0f0f0f-1111-2222-3333-444444444444",
)
OURS, THEIRS = "results/ours", "results/theirs"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in the place of Slurm's; squeue lists what stands in the file `queue`."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "queue").touch()
    for name, line in {
        "squeue": f"cat {folder}/queue",
        "scancel": f'echo "$@" >> {folder}/cancelled; : > {folder}/queue',
        "scontrol": "echo 'PrivateData = none'",
    }.items():
        write_program(folder / name, line)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.setattr("sharpflow.workflow.after_crash.PAUSE", 0)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """In which runs work."""
    (tmp_path / "study").mkdir()
    return tmp_path / "study"


def write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def queue(programs: Path, *lines: str) -> None:
    (programs / "queue").write_text("".join(f"{line}|\n" for line in lines))


def after_sleep(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """While `wait` sleeps, something happens."""
    asleep = SimpleNamespace(sleep=lambda seconds: happens())
    monkeypatch.setattr("sharpflow.workflow.after_crash.time", asleep)


def job(number: str, name: str, log: str = "/elsewhere/7.log", restarts: int = 0) -> str:
    return f"{number}|{number}|RUNNING|bob|{restarts}|{name}|rule_train_unet|{log}"


def note(folder: Path, results: str, *, lives: bool = True, host: str = "", **more: object) -> Run:
    """A run that is noted in a folder: this process, or one that has ended, or of another host.

    That of THEIRS is the process that started this one.
    """
    run = note_run(folder, results, **more)  # type: ignore[arg-type]
    (folder / RECORDS / run.record).unlink()
    process = replace(
        run.process,
        host=host or run.process.host,
        started=run.process.started if lives else 1,
        pid=run.process.pid if results == OURS else os.getppid(),
    )
    if lives and results != OURS:
        process = replace(process, started=None)
    said = json.loads(json.dumps(vars(run) | {"process": vars(process)}))
    run = replace(run, process=process, record=f"{Path(results).name}.json")
    (folder / RECORDS / run.record).write_text(json.dumps(said))
    return run


def test_a_process_is_told_from_a_later_one(folder: Path) -> None:
    run = note(folder, OURS)
    assert run.process.lives() is True
    assert replace(run.process, started=1).lives() is False  # its number was used again
    assert replace(run.process, boot="earlier").lives() is False
    assert replace(run.process, host="login2").lives() is None
    assert replace(run.process, namespace="pid:[1]").lives() is None  # another container


def test_another_users_process_lives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    run = note(folder, OURS)
    monkeypatch.setattr("os.kill", refuse)
    assert run.process.lives() is True


def test_jobs_refuse_only_a_run_with_the_same_results(programs: Path, folder: Path) -> None:
    note(folder, OURS, lives=False, jobs=NAME)
    queue(programs, job("7", NAME), job("8", "notebook"))
    with pytest.raises(UserError, match="7 RUNNING rule_train_unet"):
        refuse_beside_others(folder, OURS, True, [])
    refuse_beside_others(folder, THEIRS, True, [])
    queue(programs)
    refuse_beside_others(folder, OURS, True, [])
    assert read_runs(folder) == []  # a record that tells of nothing any more is removed


def test_a_job_that_no_record_knows_counts_by_its_log(folder: Path) -> None:
    link = folder.with_name("link")
    link.symlink_to(folder)
    logs = ".snakemake/slurm_logs/rule_train_unet"
    lines = [
        job("7", OTHER, f"{link}/{logs}/a|b/%j.log|"),
        job("8", "notebook", f"{folder}/{logs}/%j.log|"),
        job("9", OTHER, f"/no/such/{logs}/%j.log|"),
        job("10", NAME, f"{folder}/{logs}/%j.log|"),
    ]
    run = note(folder, THEIRS, jobs=NAME)
    jobs = parse_queue("\n".join(lines))
    assert jobs[0].log.endswith("/a|b/%j.log")
    assert [stray.number for stray in find_strays(folder, [run], jobs)] == ["7"]


def test_what_others_call_their_jobs_does_no_harm(programs: Path, folder: Path) -> None:
    note(folder, OURS, lives=False, jobs=NAME)
    odd = ["a|b|c", "two\nlines|x", "K\udcf6ln", "\u2028"]
    lines = [*(job(f"{number}", name) for number, name in enumerate(odd)), job("7", NAME)]
    text = "".join(f"{line}|\n" for line in lines)
    (programs / "queue").write_bytes(text.encode(errors="surrogateescape"))
    assert [job.number for job in look(folder, OURS).surviving] == ["7"]


def test_what_a_user_filters_is_asked_for_all_the_same(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(programs / "squeue", f"env > {programs}/environment")
    for name in ("SQUEUE_USERS", "SQUEUE_STATES", "SLURM_TIME_FORMAT", "SLURM_CLUSTERS"):
        monkeypatch.setenv(name, "mine")
    assert read_queue() == []
    seen = (programs / "environment").read_text().splitlines()
    assert sorted(line for line in seen if line.startswith(("SLURM_", "SQUEUE_"))) == [
        "SLURM_CLUSTERS=mine",  # where sbatch too sends its jobs
        "SLURM_TIME_FORMAT=standard",
    ]


def test_cancel_leaves_jobs_alone_whose_run_nobody_knows(programs: Path, folder: Path) -> None:
    logs = folder / ".snakemake" / "slurm_logs"
    logs.mkdir(parents=True)
    queue(programs, job("7", OTHER, f"{logs}/7.log"))
    with pytest.raises(UserError, match="scancel 7"):
        go_on("cancel", folder, OURS)
    assert not (programs / "cancelled").exists()


def test_cancel_ends_the_jobs_of_killed_runs_only(
    programs: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = note(folder, THEIRS, jobs=OTHER)
    note(folder, OURS, lives=False, jobs=NAME)
    queue(programs, job("7", NAME), job("8", OTHER))
    go_on("cancel", folder, OURS)
    assert (programs / "cancelled").read_text() == "7\n"
    assert "Job 7 is bob's" in capsys.readouterr().out
    assert read_runs(folder) == [theirs]


def test_what_scancel_refuses_is_told(programs: Path, folder: Path) -> None:
    note(folder, OURS, lives=False, jobs=NAME)
    queue(programs, job("7", NAME))
    write_program(programs / "scancel", "echo 'Access/permission denied' >&2; exit 1")
    with pytest.raises(UserError, match="permission denied"):
        go_on("cancel", folder, OURS)


def test_a_run_that_lives_is_left_alone(programs: Path, folder: Path) -> None:
    note(folder, OURS, jobs=NAME)
    queue(programs, job("7", NAME))
    for what in ("wait", "cancel"):
        with pytest.raises(UserError, match="a run that lives"):
            go_on(what, folder, OURS)
    assert not (programs / "cancelled").exists()
    go_on("list", folder, OURS)


def test_another_host_cannot_be_seen(programs: Path, folder: Path) -> None:
    note(folder, OURS, host="login2", jobs=NAME)
    with pytest.raises(UserError, match=r"Snakemake on login2 .*Only login2 can tell"):
        go_on("wait", folder, OURS)
    with pytest.raises(UserError, match="--gone login2"):
        refuse_beside_others(folder, OURS, True, [])
    go_on("wait", folder, OURS, gone=["login2"])
    assert read_runs(folder) == []


def test_nobody_calls_gone_what_lives_here(programs: Path, folder: Path) -> None:
    note(folder, OURS)
    with pytest.raises(UserError, match="a run that lives"):
        go_on("wait", folder, OURS, gone=[socket.gethostname()])


@pytest.mark.parametrize(
    ("restarts", "state"), [(0, State.LIVES), (1, State.ENDED), (None, State.ENDED)]
)
def test_a_run_in_a_slurm_job_lives_as_long_as_that(
    restarts: int | None, state: State, programs: Path, folder: Path
) -> None:
    """Not after Slurm started the job again."""
    run = note(folder, OURS, host="node7", within=SlurmContext("70"))
    queue(programs, *([job("70", "study", restarts=restarts)] if restarts is not None else []))
    assert look(folder, OURS).states == {run: state}


def test_a_slurm_that_does_not_answer_is_no_all_clear(programs: Path, folder: Path) -> None:
    note(folder, OURS, lives=False, jobs=NAME)
    write_program(programs / "squeue", "echo 'slurm_load_jobs error: timed out' >&2; exit 1")
    with pytest.raises(UserError, match=r"did not answer .*timed out"):
        refuse_beside_others(folder, OURS, False, [])


def test_waiting_survives_a_slurm_that_is_silent_for_a_while(
    programs: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    note(folder, OURS, lives=False, jobs=NAME)
    queue(programs, job("7", NAME))
    happens = iter(["exit 1", "exit 1", f"cat {programs}/queue", f"cat {programs}/queue", "true"])
    after_sleep(monkeypatch, lambda: write_program(programs / "squeue", next(happens)))
    go_on("wait", folder, OURS)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "waiting for 1 job(s)",
        "waiting for 1 job(s); Slurm does not answer, and is asked again",
        "waiting for 1 job(s)",
    ]


def test_locks_of_a_run_that_began_while_this_one_waited_stay(
    programs: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = folder / LOCKS / "0.output.lock"
    lock.parent.mkdir(parents=True)
    note(folder, OURS, lives=False, jobs=NAME)
    queue(programs, job("7", NAME))

    def begin() -> None:
        queue(programs)
        lock.touch()
        note(folder, OURS, locks=[lock])

    after_sleep(monkeypatch, begin)
    with pytest.raises(UserError, match="a run that lives"):
        go_on("wait", folder, OURS)
    assert lock.exists()


def test_a_list_says_where_it_looked(
    programs: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on("list", folder, OURS)
    said = capsys.readouterr().out
    assert f"{OURS} in {folder}:\nNo jobs are left.\n" in said
    assert "`--directory`" in said


def test_only_slurm_s_executor_has_slurm_jobs() -> None:
    slurm, lsf = (
        type("Executor", (), {"__module__": module, "run_uuid": NAME})()
        for module in (SLURM_PLUGIN, "snakemake_executor_plugin_lsf")
    )
    assert name_of_slurm_jobs(slurm) == NAME
    assert name_of_slurm_jobs(lsf) is None
    assert name_of_slurm_jobs(object()) is None


def test_a_machine_without_slurm_cannot_see_jobs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    refuse_beside_others(folder, OURS, True, [])
    note(folder, OURS, lives=False, jobs=NAME)
    with pytest.raises(UserError, match="no `squeue`"):
        refuse_beside_others(folder, OURS, False, [])


def test_a_copied_folder_takes_no_runs_with_it(folder: Path, tmp_path: Path) -> None:
    note(folder, OURS)
    assert read_runs(shutil.copytree(folder, tmp_path / "copy")) == []
    assert len(read_runs(folder.rename(tmp_path / "moved"))) == 1


def test_a_broken_record_is_no_all_clear(folder: Path) -> None:
    (folder / RECORDS).mkdir(parents=True)
    (folder / RECORDS / "a.json").write_text("{")
    with pytest.raises(UserError, match=r"a\.json: this record of a run cannot be read"):
        read_runs(folder)


class Persistence:
    """What Snakemake's class of this name has."""

    def __init__(self, *held: Path) -> None:
        self._lockfile = {path.name: str(path) for path in held}
        self.locked = bool(held)


def test_locks_of_other_studies_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    ours, theirs, unknown = (folder / LOCKS / f"{number}.output.lock" for number in range(3))
    ours.parent.mkdir(parents=True)
    for path in (ours, theirs, unknown):
        path.write_text(path.name)
    note(folder, THEIRS, locks=[theirs])
    note(folder, OURS, locks=[ours])
    keep_locks_of_others(Persistence, OURS, print)
    Persistence(unknown).unlock()  # type: ignore[attr-defined]
    assert sorted(ours.parent.iterdir()) == [ours, theirs]
    refuse_beside_others(folder, OURS, False, [])  # Snakemake minds what they share
    Persistence().cleanup_locks()  # type: ignore[attr-defined]
    assert list(ours.parent.iterdir()) == [theirs]
    with pytest.raises(UserError, match="a run that lives"):
        refuse_beside_others(folder, OURS, False, [])


def test_a_dry_run_says_which_run_holds_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    said: list[str] = []
    keep_locks_of_others(Persistence, OURS, said.append)
    with Persistence().lock_warn_only():  # type: ignore[attr-defined]
        assert said == []
    run = note(folder, OURS)
    with Persistence(folder / "0.output.lock").lock_warn_only():  # type: ignore[attr-defined]
        (line,) = said
    assert f"{OURS} are locked: {run}, makes them" in line
