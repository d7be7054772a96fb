"""Names that users choose, and variables that other programs set, change nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sharpflow.errors import UserError
from sharpflow.hardware import choose_keras_backend
from sharpflow.workflow.clone_folder import (
    QuotedInCommands,
    prepare_clone_folder,
    refuse_on_cluster,
)
from sharpflow.workflow.told_at_end import findings_in_short, problems_in_short
from sharpflow.workflow.user_paths import UserPath, as_they_stand, keep_user_paths


def test_a_path_of_the_users_has_no_patterns() -> None:
    class Pathvars:
        def apply(self, path: str) -> str:
            if "<y>" in path:
                raise KeyError(path)
            return path.replace("<results>", "results/x")

    io = ModuleType("io")
    io.apply_wildcards = lambda pattern, wildcards: pattern.format(**wildcards)
    for _ in range(2):  # as where a process reads the Snakefile twice
        keep_user_paths(io, Pathvars, KeyError)
    assert io.apply_wildcards("{a}.csv", {"a": "b"}) == "b.csv"
    assert Pathvars().apply("<results>/a") == "results/x/a"
    (path,) = as_they_stand(["<y>/{draft}"])
    assert io.apply_wildcards(path, {}) == Pathvars().apply(path) == "<y>/{draft}"
    assert isinstance(as_they_stand("a"), UserPath)


def test_what_is_corrected_is_there_in_snakemake() -> None:
    from snakemake import io
    from snakemake.pathvars import Pathvars

    assert callable(io.apply_wildcards)
    assert callable(Pathvars.apply)


@pytest.mark.parametrize("name", ["my study", "it's (new) [2] & more", "Übung"])
def test_a_folder_with_blanks_and_brackets(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    prepare_clone_folder(str(tmp_path / name))
    for command in (f"{sys.executable} -c 'print(1)'", f"{sys.executable} -c 'print(1)'"):
        said = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
        assert said.stdout == "1\n"
    assert shutil.which(sys.executable)
    prepare_clone_folder(str(tmp_path / name))
    if name == "Übung":
        assert not isinstance(sys.executable, QuotedInCommands)
        refuse_on_cluster(str(tmp_path / name))
    else:
        with pytest.raises(UserError, match="Move the folder"):
            refuse_on_cluster(str(tmp_path / name))


@pytest.mark.parametrize("name", ["a:b", "{study}", "<study>"])
def test_a_folder_in_which_no_job_could_run(name: str) -> None:
    with pytest.raises(UserError, match=r"Move the folder"):
        prepare_clone_folder(f"/home/me/{name}")


@pytest.mark.parametrize(("told", "used"), [("jax", "tensorflow"), ("torch", "torch")])
def test_a_backend_that_keras_has_and_we_have_not(
    told: str, used: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", told)
    choose_keras_backend(0)
    assert os.environ["KERAS_BACKEND"] == used
    assert ("KERAS_BACKEND=jax" in caplog.text) == (told != used)


SCRIPT = """
import sys
from sharpflow.workflow.job import job
with job(sys.argv[1]):
    import matplotlib.pyplot as plt
    from sharpflow.reporting.style import new_figure, save
    plt.figure()
    new_figure(2, 1, note="Data: my $x cohort ü").savefig(sys.argv[1] + ".png")
"""


def test_variables_of_other_programs_do_no_harm(tmp_path: Path) -> None:
    variables = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "KERAS_BACKEND": "jax",
        "TMPDIR": str(tmp_path / "gone"),
        "DISPLAY": ":99",
        "LC_ALL": "C",
        "LC_NUMERIC": "de_DE.UTF-8",
        "OMP_NUM_THREADS": "many",
        "SLURM_JOB_END_TIME": "1",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
    }
    log = tmp_path / "log.txt"
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(log)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, log.read_text()


def test_the_last_that_a_refused_run_says(tmp_path: Path) -> None:
    head = "file,where,found,expected,remedy,set_aside\n"
    bad, good = tmp_path / "problems.csv", tmp_path / "other.csv"
    bad.write_text(head + "a,,x,y,z,\nb,,x,y,z,\nc,,x,y,z,patient c\n")
    good.write_text(head + "c,,x,y,z,patient c\n")
    told = problems_in_short([bad, good, tmp_path / "none.csv"])
    assert told.startswith("2 problems with the input")
    assert str(bad) in told
    assert str(good) not in told
    assert problems_in_short([good]) == ""
    bad.write_text(head + "a,,x,y,z,\n")
    told = problems_in_short([bad])
    assert told.startswith("1 problem with the input stopped this run; it is listed above, and in")


def test_the_end_of_a_run_says_what_was_set_aside_and_warned_of(tmp_path: Path) -> None:
    problems, warnings = tmp_path / "problems.csv", tmp_path / "warnings.csv"
    none = tmp_path / "none.csv"
    head = "file,where,found,expected,remedy,set_aside\n"
    problems.write_text(head + "a,,x,y,z,\nb,,x,y,z,patient b\n")
    warnings.write_text('file,warning\na,"upside\ndown"\nb,black\n')
    assert list(findings_in_short([problems, none], [warnings, none])) == [
        f"1 problem was set aside: {problems} lists what was left out.",
        f"2 warnings: see {warnings} and {tmp_path / 'warnings.png'}",
    ]
    problems.write_text(head + "a,,x,y,z,\n")
    warnings.write_text("file,warning\n")
    assert list(findings_in_short([problems], [warnings])) == []
